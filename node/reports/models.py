"""Tables of reports."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Report(Base):
    """One report about `target`. `account_id` is the reporter when it is one of ours; of those elsewhere only
    their server is kept, in `host` (MOD-3). `post_ids` are posts of the target that stood here when it came."""

    __tablename__ = "reports"
    __table_args__ = (
        Index("ix_reports_state", "resolved_at", "id"),
        Index("ix_reports_host", "host", "created_at"),
        Index("ix_reports_account", "account_id", "created_at"),
    )

    id: Mapped[Id]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    host: Mapped[str] = mapped_column(String(300), default="")
    target_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_ids: Mapped[list[Any]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(String(16), default="other")
    rule_ids: Mapped[list[Any]] = mapped_column(default=list)
    forwarded: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[int | None] = mapped_column(BigInteger)
    assigned_id: Mapped[int | None] = mapped_column(BigInteger)
    """The moderator who looks into it."""
