"""Tables of follows."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Follow(Base):
    """`follower` follows `followee`; a request until `accepted_at` is set (attack row 41: no post before that).

    `uri` is the Follow activity's id: ours, or the one the remote server sent ("" if it sent none).
    """

    __tablename__ = "follows"
    __table_args__ = (
        UniqueConstraint("follower_id", "followee_id"),
        Index("ix_follows_followee", "followee_id", "accepted_at", "id"),
        Index("ix_follows_follower", "follower_id", "accepted_at", "id"),
        Index("ix_follows_uri", "uri"),
    )

    id: Mapped[Id]
    follower_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    followee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    uri: Mapped[str] = mapped_column(String(2048), default="")
    show_boosts: Mapped[bool] = mapped_column(default=True)
    notify: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
