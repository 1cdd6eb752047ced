"""Tables of link previews."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class LinkCard(Base):
    """What is known of one address, whoever posted it: a row of work until it was fetched, then the card.

    `state` is "waiting" (never fetched yet), "ready", "none" (nothing to show there) or "failed" (could not be had).
    `due_at` is when it may be fetched next; a card that nobody posts any more is not fetched again.
    """

    __tablename__ = "link_cards"
    __table_args__ = (
        Index("ix_link_cards_due", "wanted", "due_at", "id"),
        Index("ix_link_cards_host", "host", "asked_at"),
        Index("ix_link_cards_page", "page_url"),
    )

    id: Mapped[Id]
    url: Mapped[str] = mapped_column(String(2048), unique=True)
    """As it was posted."""
    host: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    wanted: Mapped[bool] = mapped_column(default=True)
    """A post waits for it, or for a fresh look at it."""
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(String(300), default="")
    """Why it could not be had, for the operator."""
    page_url: Mapped[str] = mapped_column(String(2048), default="")
    """Where it led in the end."""
    title: Mapped[str] = mapped_column(Text, default="")
    description: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    author_name: Mapped[str] = mapped_column(Text, default="")
    author_url: Mapped[str] = mapped_column(String(2048), default="")
    author_id: Mapped[int | None] = mapped_column(BigInteger)
    """The account that wrote it, if page and account name each other (attack row 46)."""
    provider_name: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None]
    image_key: Mapped[str] = mapped_column(String(300), default="")
    image_width: Mapped[int] = mapped_column(default=0)
    image_height: Mapped[int] = mapped_column(default=0)
    image_description: Mapped[str] = mapped_column(Text, default="")
    blurhash: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]


class PostLink(Base):
    """A post's first link. Its card is shown with the post once it is ready (`posts.card_id`)."""

    __tablename__ = "post_links"
    __table_args__ = (Index("ix_post_links_card", "card_id", "post_id"),)

    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    card_id: Mapped[BigInt] = mapped_column(ForeignKey("link_cards.id", ondelete="CASCADE"))
