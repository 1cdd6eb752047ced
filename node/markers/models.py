"""Tables of markers."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt


class Marker(Base):
    """How far `account` has read `timeline`. `version` grows with each change."""

    __tablename__ = "markers"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    timeline: Mapped[str] = mapped_column(String(16), primary_key=True)
    last_read_id: Mapped[BigInt]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
