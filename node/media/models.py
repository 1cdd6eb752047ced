"""Tables of media."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id

READY: Final = "ready"
PROCESSING: Final = "processing"
FAILED: Final = "failed"


class Media(Base):
    """A picture, video or sound of a post. `storage_key` names our file, `remote_url` the origin's.

    An upload has no `post_id` until it is attached, and only its owner may attach it (attack row 87). A film or sound
    is PROCESSING until it is converted and comes due for that at `due_at`; FAILED says `problem`.
    """

    __tablename__ = "media"
    __table_args__ = (
        Index("ix_media_post", "post_id", "position"),
        Index("ix_media_account", "account_id", "id"),
        Index("ix_media_account_post", "account_id", "post_id"),
        Index(
            "ix_media_scheduled",
            "scheduled_id",
            sqlite_where=text("scheduled_id IS NOT NULL"),
            postgresql_where=text("scheduled_id IS NOT NULL"),
        ),
        Index(
            "ix_media_draft",
            "draft_id",
            sqlite_where=text("draft_id IS NOT NULL"),
            postgresql_where=text("draft_id IS NOT NULL"),
        ),
        Index(
            "ix_media_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    scheduled_id: Mapped[int | None] = mapped_column(BigInteger)
    """The scheduled post that will attach it: until then it is nobody else's, and it is not pruned."""
    draft_id: Mapped[int | None] = mapped_column(BigInteger)
    """The kept draft that holds it: it is not pruned."""
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16), default="image")
    media_type: Mapped[str] = mapped_column(String(100), default="")
    storage_key: Mapped[str] = mapped_column(String(300), default="")
    preview_key: Mapped[str] = mapped_column(String(300), default="")
    remote_url: Mapped[str] = mapped_column(String(2048), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    blurhash: Mapped[str] = mapped_column(String(100), default="")
    focus_x: Mapped[float] = mapped_column(default=0.0)
    focus_y: Mapped[float] = mapped_column(default=0.0)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    bytes_: Mapped[int] = mapped_column("bytes", default=0)
    state: Mapped[str] = mapped_column(String(16), default=READY)
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
