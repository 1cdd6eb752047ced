"""Tables of starter packs."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class StarterPack(Base):
    """A named set of accounts. The instance actor's are the node's own. Only its maker sees one that is not public."""

    __tablename__ = "starter_packs"
    __table_args__ = (
        Index("ix_starter_packs_account", "account_id", "id"),
        Index(
            "ix_starter_packs_featured",
            "id",
            sqlite_where=text("featured"),
            postgresql_where=text("featured"),
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    published: Mapped[bool] = mapped_column(default=False)
    featured: Mapped[bool] = mapped_column(default=False)
    """Shown to new people, by the choice of the people who look after this server."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class StarterPackMember(Base):
    """`account` is in a pack, or took itself out of it (`left_at`): then it cannot be put in again."""

    __tablename__ = "starter_pack_members"
    __table_args__ = (
        UniqueConstraint("pack_id", "account_id"),
        Index("ix_starter_pack_members_account", "account_id", "pack_id"),
    )

    id: Mapped[Id]
    pack_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("starter_packs.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
