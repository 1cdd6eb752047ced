"""Tables of mail."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class OutgoingMail(Base):
    """A mail that was asked for and not sent yet. `kind` names the letter, see `node/mail/letters.py`.

    `addressee` is what the letter's composer starts from: an address, or what a visitor typed as one.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (Index("ix_outgoing_mails_due", "parked_at", "due_at", "id"),)

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    addressee: Mapped[str] = mapped_column(String(320), default="")
    account_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    parked_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
