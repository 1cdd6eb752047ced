"""Tables of moments."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Moment(Base):
    """Posts under a title. The instance actor's are made out of trends: `topic` is then the hashtag that leads.

    Only its curator sees one that is not published. `hidden_at`: a moderator took it down.
    """

    __tablename__ = "moments"
    __table_args__ = (
        Index("ix_moments_account", "account_id", "id"),
        Index(
            "ix_moments_published",
            "id",
            sqlite_where=text("published_at IS NOT NULL AND hidden_at IS NULL"),
            postgresql_where=text("published_at IS NOT NULL AND hidden_at IS NULL"),
        ),
        Index(
            "ix_moments_topic", "topic", "id", sqlite_where=text("topic != ''"), postgresql_where=text("topic != ''")
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(Text, default="")
    topic: Mapped[str] = mapped_column(String(300), default="")
    cover_post_id: Mapped[int | None] = mapped_column(BigInteger)
    """The post in it whose first picture is its cover; without one, the first that has any."""
    published_at: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class MomentPost(Base):
    """A post in a moment, or one whose author took it out (`left_at`): then it cannot be put in again."""

    __tablename__ = "moment_posts"
    __table_args__ = (UniqueConstraint("moment_id", "post_id"), Index("ix_moment_posts_post", "post_id", "moment_id"))

    id: Mapped[Id]
    moment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("moments.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    position: Mapped[int]
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
