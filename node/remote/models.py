"""Tables of what is to be fetched."""

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class FetchTask(Base):
    """Something to fetch in the background: a missing parent, a stale actor. One row per (kind, uri)."""

    __tablename__ = "fetch_tasks"
    __table_args__ = (
        UniqueConstraint("kind", "uri"),
        Index("ix_fetch_tasks_due", "parked_at", "due_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    uri: Mapped[str] = mapped_column(String(2048))
    depth: Mapped[int] = mapped_column(default=0)
    budget_key: Mapped[str] = mapped_column(String(2048), default="")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    parked_at: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(Text, default="")
