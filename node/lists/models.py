"""Tables of lists."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class List(Base):
    """A list of one of ours. `replies_policy` says which replies to others it shows: "followed", "list" or "none".

    What the members of an `exclusive` list write stays out of the owner's home.
    """

    __tablename__ = "lists"
    __table_args__ = (
        Index("ix_lists_account", "account_id", "id"),
        # Nearly nobody has one, and every page of a home asks.
        Index(
            "ix_lists_exclusive",
            "account_id",
            sqlite_where=text("exclusive"),
            postgresql_where=text("exclusive"),
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(256))
    replies_policy: Mapped[str] = mapped_column(String(16), default="list")
    exclusive: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ListMember(Base):
    """`account` is on a list, by the follow (or request) that ends with it; only the owner is there without one."""

    __tablename__ = "list_members"
    __table_args__ = (
        UniqueConstraint("list_id", "account_id"),
        Index("ix_list_members_account", "account_id", "list_id"),
        Index("ix_list_members_follow", "follow_id"),
    )

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lists.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    follow_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("follows.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
