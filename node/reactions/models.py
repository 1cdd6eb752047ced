"""Tables of reactions."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Reaction(Base):
    """`account` reacted to a post with an emoji; with several, if they like. `uri` is the activity's id (ACV-6).

    `name` is the emoji of Unicode, or the shortcode of the custom one that `emoji_id` names (0 without).
    """

    __tablename__ = "reactions"
    __table_args__ = (
        UniqueConstraint("account_id", "post_id", "name", "emoji_id"),
        Index("ix_reactions_post", "post_id", "id"),
        Index("ix_reactions_uri", "uri"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    emoji_id: Mapped[BigInt] = mapped_column(default=0)
    uri: Mapped[str] = mapped_column(String(2048), default="")
    created_at: Mapped[datetime]
