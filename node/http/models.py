"""The one table of the doors: calls that were sent with an `Idempotency-Key` (`repeats.py`)."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base


class KeyedCall(Base):
    """A call under way or answered. `id` is a digest of who called what with which key, `asked` one of what was sent.

    `status` is 0 until there is an answer; `claimed_by` names the process that works on it.
    """

    __tablename__ = "keyed_calls"
    __table_args__ = (
        Index("ix_keyed_calls_claimed", "claimed_at"),
        Index("ix_keyed_calls_account", "account_id", "claimed_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    asked: Mapped[str] = mapped_column(String(64))
    claimed_by: Mapped[str] = mapped_column(String(120))
    claimed_at: Mapped[datetime]
    status: Mapped[int] = mapped_column(default=0)
    content_type: Mapped[str] = mapped_column(String(100), default="")
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
