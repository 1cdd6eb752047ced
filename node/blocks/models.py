"""Tables of blocks and mutes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Block(Base):
    """`account` blocks `target`; either may be remote."""

    __tablename__ = "blocks"
    __table_args__ = (UniqueConstraint("account_id", "target_id"), Index("ix_blocks_target", "target_id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    uri: Mapped[str] = mapped_column(String(2048), default="")
    created_at: Mapped[datetime]


class Mute(Base):
    """`account` (local) does not want to read `target`, until `expires_at` if that is set."""

    __tablename__ = "mutes"
    __table_args__ = (UniqueConstraint("account_id", "target_id"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    hide_notifications: Mapped[bool] = mapped_column(default=True)
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class UserDomainBlock(Base):
    """`account` (local) wants nothing of a whole server. `domain` is as accounts carry it (MOD-4)."""

    __tablename__ = "user_domain_blocks"
    __table_args__ = (UniqueConstraint("account_id", "domain"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    domain: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
