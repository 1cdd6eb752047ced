"""Tables of trends. What is talked about now can be worked out anew from posts; what operators decided cannot."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt


class TrendState(Base):
    """Something worked out that all processes read. `name` is a board, "tags" or "tags:de" and so on for links and
    posts, or "trust" (how far accounts are trusted), "days" (which days are counted) or "tick" (the next one)."""

    __tablename__ = "trend_states"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """When it is worked out anew."""
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)


class TrendDay(Base):
    """How much a hashtag or link was used in public on a day (UTC, as a number of days since 1970).

    Of `kind` "tags" or "links", only what two people or more used; kept for five weeks. `hours` says how many people
    used it in each of the 24 hours.
    """

    __tablename__ = "trend_days"
    __table_args__ = (Index("ix_trend_days_day", "kind", "day"),)

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    uses: Mapped[BigInt]
    accounts: Mapped[BigInt]
    hours: Mapped[list[Any]] = mapped_column(default=list)


class TrendRuling(Base):
    """What an operator decided for ever: `kind` "tag", "link", "publisher" (a host), "post" or "author", and for
    hashtags "listing" and "use" (`node/trends/review.py`). `subject` is an id, or the host of a publisher."""

    __tablename__ = "trend_rulings"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(300), primary_key=True)
    is_allowed: Mapped[bool]
    decided_at: Mapped[datetime]


class TrendPeer(Base):
    """Another server whose public trends are shown too, with its name. `body` is what it last said, made safe."""

    __tablename__ = "trend_peers"

    domain: Mapped[str] = mapped_column(String(300), primary_key=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    detail: Mapped[str] = mapped_column(Text, default="")
    """Why it could not be had, for the operator."""
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
