"""Tables of conversations."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class Conversation(Base):
    """What `account` (one of ours) writes privately with the others of `participant_ids` in one thread.

    `circle` is a digest of the participants, since a list cannot be unique. `last_post_id` is what rows are ordered
    and paged by. Put away (`hidden`), a row stays as it is until somebody writes something new.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("account_id", "thread_id", "circle"),
        Index("ix_conversations_account", "account_id", "last_post_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    thread_id: Mapped[BigInt]
    circle: Mapped[str] = mapped_column(String(64))
    participant_ids: Mapped[list[Any]] = mapped_column(default=list)
    last_post_id: Mapped[BigInt]
    unread: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class ConversationPost(Base):
    """A post of a conversation: with it gone, the one before it is the last."""

    __tablename__ = "conversation_posts"
    __table_args__ = (Index("ix_conversation_posts_post", "post_id"),)

    conversation_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    post_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )


class ConversationFill(Base):
    """The direct posts that `account` had before there were rows have been filed."""

    __tablename__ = "conversation_fills"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    filled_at: Mapped[datetime]
