"""Tables of what is to be sent and of how other hosts are doing."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id


class OutgoingActivity(Base):
    """An activity of one of our actors, serialised once; every delivery of it sends these bytes (DLV-2).

    Its id is that of the event it answers, so ids order activities as their causes were committed (DLV-6).
    """

    __tablename__ = "outgoing_activities"

    id: Mapped[Id]
    uri: Mapped[str] = mapped_column(String(2048), unique=True)
    account_id: Mapped[BigInt]
    kind: Mapped[str] = mapped_column(String(64))
    object_key: Mapped[str] = mapped_column(String(2048))
    to_followers: Mapped[bool] = mapped_column(default=False)
    """Whether it is addressed to its author's followers: such deliveries carry their digest (COL-9)."""
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Delivery(Base):
    """One activity to one inbox. `due_at` is its lease while a worker has it and its back-off after a failure; it has
    none while it rests, because its host is paused (`resting.py`).

    `holder` is the round of a drain that has it in hand: while one round has rows of a host, no other claims any of
    that host, so that the limit of requests a host holds for all workers together (DLV-7).

    `object_key` names what the activity is about: of one actor, host and object only the oldest delivery goes out,
    the others wait for it (DLV-6).
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("activity_id", "inbox_url"),
        Index("ix_deliveries_due", "slow", "urgent", "due_at", "id"),
        Index("ix_deliveries_order", "host", "account_id", "object_key", "activity_id"),
        Index(
            "ix_deliveries_held",
            "host",
            sqlite_where=text("holder IS NOT NULL"),
            postgresql_where=text("holder IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_resting",
            "host",
            "activity_id",
            "id",
            sqlite_where=text("due_at IS NULL"),
            postgresql_where=text("due_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    activity_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("outgoing_activities.id", ondelete="CASCADE"))
    account_id: Mapped[BigInt]
    inbox_url: Mapped[str] = mapped_column(String(2048))
    host: Mapped[str] = mapped_column(String(300))
    object_key: Mapped[str] = mapped_column(String(2048))
    urgent: Mapped[bool] = mapped_column(default=False)
    slow: Mapped[bool] = mapped_column(default=False)
    """Whether it waits in the lane of failing hosts."""
    holder: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")


class Peer(Base):
    """What we remember of another host: its health (DLV-5) and which signature scheme it proved (SIG-13)."""

    __tablename__ = "peers"
    __table_args__ = (
        Index(
            "ix_peers_resting",
            "paused_until",
            sqlite_where=text("has_resting IS 1"),
            postgresql_where=text("has_resting IS true"),
        ),
    )

    host: Mapped[str] = mapped_column(String(300), primary_key=True)
    consecutive_failures: Mapped[int] = mapped_column(default=0)
    first_failure_at: Mapped[datetime | None]
    failure_days: Mapped[int] = mapped_column(default=0)
    last_failure_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    """When the next probe is due."""
    has_resting: Mapped[bool] = mapped_column(default=False)
    """Whether deliveries to it may be at rest (`resting.py`)."""
    unavailable_since: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    signature_scheme: Mapped[str] = mapped_column(String(16), default="")
    scheme_proven_at: Mapped[datetime | None]
    software: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[datetime]
