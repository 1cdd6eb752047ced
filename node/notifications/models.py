"""Tables of notifications."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Notification(Base):
    """One thing that happened to `account`. `kind` is Mastodon's word: mention, favourite, reblog, follow,
    follow_request, status, update, poll. The unique key makes a repeated event harmless; `post_id` is 0 without a
    post, and the report's id for admin.report."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("account_id", "kind", "from_account_id", "post_id"),
        Index("ix_notifications_account", "account_id", "id"),
        Index("ix_notifications_post", "post_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    from_account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[BigInt] = mapped_column(default=0)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
