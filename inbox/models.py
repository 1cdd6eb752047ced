"""Tables of what arrived."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class ReceivedActivity(Base):
    """A delivery whose signature held, stored before it is answered with 202.

    Unique by (signer, activity id) for 30 days (INB-3); an activity without an id is known by its body's hash.
    The signer and not the actor, because only the signer is proven: a stranger who forwards something under
    another's name must not be able to occupy the id of the true delivery that is still to come.
    Processed rows (`done_at`) lose their body; rows that keep failing are parked with their reason.
    """

    __tablename__ = "received_activities"
    __table_args__ = (
        UniqueConstraint("signer_uri", "activity_uri"),
        Index("ix_received_due", "done_at", "parked_at", "due_at", "id"),
        Index("ix_received_object", "object_uri"),
    )

    id: Mapped[Id]
    signer_uri: Mapped[str] = mapped_column(String(2048))
    """Whose word it is proven to be: the actor's, by its own signature or a proof in the activity, else that of
    somebody who passes it on (SIG-23)."""
    actor_uri: Mapped[str] = mapped_column(String(2048))
    activity_uri: Mapped[str] = mapped_column(String(2048))
    kind: Mapped[str] = mapped_column(String(64))
    object_uri: Mapped[str] = mapped_column(String(2048), default="")
    host: Mapped[str] = mapped_column(String(300))
    """Where it came from: the host whose key signed the request."""
    inbox_owner_id: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[str] = mapped_column(Text, default="")


class Tombstone(Base):
    """An id that must not take effect any more: a deleted object, or something undone before it came (ACV-2, ACV-4).

    It counts only against the actor who said so: nobody can bury another's post before it is born.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_expires", "expires_at"),)

    uri: Mapped[str] = mapped_column(String(2048), primary_key=True)
    actor_uri: Mapped[str] = mapped_column(String(2048), primary_key=True)
    expires_at: Mapped[datetime]
