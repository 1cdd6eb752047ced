"""Tables of follows, and of what somebody keeps about others: whom they recommend, what they noted down."""

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id

_HOLDS: Final = "accepted_at IS NOT NULL"
_OURS: Final = f"{_HOLDS} AND host IS NULL"
_ELSEWHERE: Final = f"{_HOLDS} AND host IS NOT NULL"


class Follow(Base):
    """`follower` follows `followee`; a request until `accepted_at` is set (attack row 41: no post before that).

    `uri` is the Follow activity's id: ours, or the one the remote server sent ("" if it sent none).
    """

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_id"),
        Index("ix_follows_followee", "followee_id", "accepted_at", "id"),
        # Partial: a fan-out walks an author's followers here chunk by chunk, a delivery asks for those of a server, and
        # either may be few among a hundred thousand of the other kind.
        Index(
            "ix_follows_ours",
            "followee_id",
            "follower_id",
            "show_boosts",  # these two so that a post finds its readers without a look at their rows
            "languages",
            sqlite_where=text(_OURS),
            postgresql_where=text(_OURS),
        ),
        Index(
            "ix_follows_elsewhere",
            "followee_id",
            "host",
            "accepted_at",
            "id",
            sqlite_where=text(_ELSEWHERE),
            postgresql_where=text(_ELSEWHERE),
        ),
        Index("ix_follows_follower", "follower_id", "accepted_at", "id"),
        # Partial: the few who asked to be told of each post, found without reading all who follow its author.
        Index(
            "ix_follows_bells",
            "followee_id",
            "accepted_at",
            sqlite_where=text("notify IS 1"),
            postgresql_where=text("notify IS true"),
        ),
        Index("ix_follows_uri", "uri"),
        # Partial, in the order in which those that hold are listed: never sorted, however many they are.
        Index("ix_follows_followers", "followee_id", "id", sqlite_where=text(_HOLDS), postgresql_where=text(_HOLDS)),
        Index("ix_follows_following", "follower_id", "id", sqlite_where=text(_HOLDS), postgresql_where=text(_HOLDS)),
    )

    id: Mapped[Id]
    follower_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    host: Mapped[str | None] = mapped_column(String(300))
    """Of the follower's id; None where the follower is one of our people."""
    uri: Mapped[str] = mapped_column(String(2048), default="")
    show_boosts: Mapped[bool] = mapped_column(default=True)
    notify: Mapped[bool] = mapped_column(default=False)
    languages: Mapped[str] = mapped_column(String(300), default="")
    """Of which languages the follower wants to read posts, as " de en "; "" for all of them."""
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class Endorsement(Base):
    """`account` (local) recommends `target`, whom it follows, on its page."""

    __tablename__ = "endorsements"
    __table_args__ = (UniqueConstraint("account_id", "target_id"), Index("ix_endorsements_target", "target_id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class AccountNote(Base):
    """What `account` (local) wrote down about `target`; nobody else sees it."""

    __tablename__ = "account_notes"
    __table_args__ = (UniqueConstraint("account_id", "target_id"), Index("ix_account_notes_target", "target_id"))

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    target_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
