"""Tables of timelines: authors who are not pushed to all, and fan-outs that go on after their first chunk.

What stands in a home is no table: it is made of posts and follows, and kept in Redis (`home_lists`).
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class AuthorTier(Base):
    """How an author's posts reach local followers, where it is (or was) not simply by pushing; `rules.tier` decides.

    `before` is how they were pushed until `changed_at`: for a moment after a change the more generous of the two
    still holds (`rules.pushed_as`). A row stays when its author is pushed again: lists from before must still have that
    author merged in. Accounts of other servers that are pulled for what their server reports, or by an operator's
    choice, stand in `node/pulls`.
    """

    __tablename__ = "author_tiers"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    tier: Mapped[str] = mapped_column(String(16))
    before: Mapped[str] = mapped_column(String(16), default="push")
    local_followers: Mapped[BigInt] = mapped_column(default=0)
    """As counted when the tier was last looked at; no further than tells the tier."""
    changed_at: Mapped[datetime]


class FanOut(Base):
    """A post whose fan-out goes on after its first chunk: whoever comes after `after_id` is still to be pushed to.

    `audience` is "followers" or "tags". A chunk may be pushed twice (the process died before `after_id` was written),
    which harms nobody.
    """

    __tablename__ = "fan_outs"
    __table_args__ = (UniqueConstraint("post_id", "audience"), Index("ix_fan_outs_due", "due_at", "id"))

    id: Mapped[Id]
    post_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("posts.id", ondelete="CASCADE"))
    audience: Mapped[str] = mapped_column(String(16))
    after_id: Mapped[BigInt] = mapped_column(default=0)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
