"""Tables of web push."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class PushKey(Base):
    """The key pair by which push services know this node (RFC 8292), made once: `id` is always 1.

    Subscriptions are bound to its public half, so it is kept as long as the node lives.
    """

    __tablename__ = "push_keys"

    id: Mapped[Id]
    private: Mapped[bytes] = mapped_column(LargeBinary)
    """The 32 bytes of the scalar."""
    created_at: Mapped[datetime]


class PushSubscription(Base):
    """Where one token's app wants to be rung. `alerts` says for which types, `policy` on whose account.

    `token` is the bearer token itself, sealed: apps with several accounts tell by it whom a push is for. The row goes
    with the token. Ids are small numbers at random: apps read them into 32 bits.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (UniqueConstraint("token_id"), Index("ix_push_subscriptions_account", "account_id"))

    id: Mapped[Id]
    token_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("oauth_tokens.id", ondelete="CASCADE"))
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"))
    endpoint: Mapped[str] = mapped_column(Text)
    p256dh: Mapped[str] = mapped_column(String(128))
    auth: Mapped[str] = mapped_column(String(64))
    standard: Mapped[bool] = mapped_column(default=False)
    alerts: Mapped[dict[str, Any]]
    policy: Mapped[str] = mapped_column(String(16), default="all")
    token: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class PushMessage(Base):
    """One ring that is still to be handed to a push service. `started_at`: it is being handed over; found so after its
    lease, nobody knows whether it arrived, and it is dropped rather than rung twice."""

    __tablename__ = "push_messages"
    __table_args__ = (
        UniqueConstraint("subscription_id", "notification_id"),
        Index("ix_push_messages_due", "due_at", "id"),
        Index("ix_push_messages_subscription", "subscription_id", "id"),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("push_subscriptions.id", ondelete="CASCADE"))
    notification_id: Mapped[BigInt]
    urgency: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
