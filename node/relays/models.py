"""The table of relays."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id


class Relay(Base):
    """A relay that an operator wants. `style` is "public" (its inbox is followed as the public) or "actor" (its
    actor is); `state` is "pending", "accepted" or "rejected".

    `actor_uri` is who accepted: what that one brings is taken although nobody here asked for it (INB-6).
    """

    __tablename__ = "relays"

    id: Mapped[Id]
    inbox_url: Mapped[str] = mapped_column(String(2048), unique=True)
    actor_uri: Mapped[str] = mapped_column(String(2048), default="")
    style: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    follow_uri: Mapped[str] = mapped_column(String(2048))
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
