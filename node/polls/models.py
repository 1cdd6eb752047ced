"""Tables of polls."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Poll(Base):
    """The poll of a post; its id is the post's. Without `closes_at` it is endless until its origin closes it."""

    __tablename__ = "polls"
    __table_args__ = (
        Index(
            "ix_polls_due",
            "due_at",
            "id",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    local: Mapped[bool] = mapped_column(default=False)
    multiple: Mapped[bool] = mapped_column(default=False)
    hide_totals: Mapped[bool] = mapped_column(default=False)
    """Each option's count is shown only once the poll is over."""
    voters_count: Mapped[int | None] = mapped_column(BigInteger)
    """None while a remote poll's server does not say."""
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    changed: Mapped[bool] = mapped_column(default=False)
    """There are votes on this poll of ours that its audience has not been told of."""
    told_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    """When a remote poll's counts last came from its own server."""
    version: Mapped[BigInt] = mapped_column(default=0)
    """Grows with every change, so that documents made of it can be kept."""
    due_at: Mapped[datetime | None]
    """When there is something to tell: counts that changed, or the end."""
    attempts: Mapped[int] = mapped_column(default=0)


class PollOption(Base):
    """One answer of a poll. The count of a remote poll is what its own server says."""

    __tablename__ = "poll_options"

    poll_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("polls.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(Text)
    votes_count: Mapped[BigInt] = mapped_column(default=0)


class PollVote(Base):
    """Somebody chose an option. `slot` is 0 where one answer is allowed and the option's position where several are,
    so that one unique key holds both rules (attack row 45)."""

    __tablename__ = "poll_votes"
    __table_args__ = (
        UniqueConstraint("poll_id", "account_id", "slot"),
        Index("ix_poll_votes_account", "account_id", "id"),
    )

    id: Mapped[Id]
    poll_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("polls.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    slot: Mapped[int]
    position: Mapped[int]
    uri: Mapped[str] = mapped_column(String(2048), default="")
    created_at: Mapped[datetime]
