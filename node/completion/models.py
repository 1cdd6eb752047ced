"""The table of what is, or was, brought in on demand."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Completion(Base):
    """A run that completes an account, the list of whom it follows, or a thread; one row each, used again next time.

    `kind` is "account", "following" or "thread"; `subject_id` the account's id or the thread's. While `finished_at` is
    not set the run goes on; its id is what apps ask after (Mastodon's async refresh). `progress` is where it stands.
    """

    __tablename__ = "completions"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        Index("ix_completions_due", "finished_at", "due_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    """Turns taken in a row without an end in good order: counts workers that died of it."""
    finished_at: Mapped[datetime | None]
    result_count: Mapped[int] = mapped_column(default=0)
    """How many posts this run has brought in so far."""
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    detail: Mapped[str] = mapped_column(Text, default="")
