"""Tables of scheduled posts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class ScheduledPost(Base):
    """A post that its author wants published at `scheduled_at`. Deleted in the transaction that publishes it.

    `due_at` is when a worker may take it: its time, or the end of a lease or of a wait after a try that came to
    nothing. One that cannot be published stays, with its reason in `failure`, until its author does something.
    """

    __tablename__ = "scheduled_posts"
    __table_args__ = (
        Index("ix_scheduled_posts_account", "account_id", "id"),
        Index("ix_scheduled_posts_due", "failed_at", "due_at", "id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    draft: Mapped[dict[str, Any]]
    """`posts.drafts.stored_form`."""
    scheduled_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
