"""Tables of announcements."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Announcement(Base):
    """What everybody here is told, in Markdown. `starts_at` and `ends_at` say when that is which it is about; when it
    is over it is not shown any more. `all_day`: only their days count."""

    __tablename__ = "announcements"

    id: Mapped[Id]
    text: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    all_day: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When open streams were told that it is over."""
    written_by: Mapped[int | None] = mapped_column(BigInteger)


class AnnouncementRead(Base):
    """`account` has put an announcement away."""

    __tablename__ = "announcement_reads"
    __table_args__ = (Index("ix_announcement_reads_announcement", "announcement_id"),)

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    announcement_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    created_at: Mapped[datetime]


class AnnouncementReaction(Base):
    """`account` reacts to an announcement with an emoji: `name` is one of Unicode, or, with `emoji_id`, a shortcode of
    ours."""

    __tablename__ = "announcement_reactions"
    __table_args__ = (
        UniqueConstraint("announcement_id", "name", "account_id"),
        Index("ix_announcement_reactions_account", "account_id"),
    )

    id: Mapped[Id]
    announcement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    emoji_id: Mapped[BigInt] = mapped_column(default=0)
    created_at: Mapped[datetime]
