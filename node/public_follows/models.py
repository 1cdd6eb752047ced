"""The table of public follows between accounts of other servers."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class PublicFollow(Base):
    """`follower`, a remote account somebody here follows, lists `followee_uri` among those it follows.

    `followee_id` is that actor's account, once it is known here.
    """

    __tablename__ = "public_follows"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_uri"),
        Index("ix_public_follows_uri", "followee_uri", "followee_id"),
        Index("ix_public_follows_followee", "followee_id", "follower_id"),
        Index("ix_public_follows_follower", "follower_id", "followee_id"),
    )

    id: Mapped[Id]
    follower_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    followee_uri: Mapped[str] = mapped_column(String(2048))
    followee_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    failed_at: Mapped[datetime | None]
    """When that actor could not be fetched; it is not asked for again before the next reading."""
    created_at: Mapped[datetime]
