"""The transactional outbox: what happened, as rows written in the transaction in which it happened.

An event is a frozen dataclass of ids (`node/events.py`). `UnitOfWork.record` stores it; `outbox/relay.py`
claims rows, applies their effects, and deletes each in the same transaction as its SQL effects. A row whose
effects keep failing is parked (`parked_at`) with its reason after `MAX_ATTEMPTS`, where `doctor` shows it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import Index, String, Text, insert
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, Id
from node.base.db.prepared import Prepared
from node.base.ids import new_id, time_of

MAX_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event: fields are ids, numbers, booleans and strings only."""

    registry: ClassVar[dict[str, type["Event"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # dataclass(slots=True) makes a second class of the same name: the later one stays
        Event.registry[cls.__name__] = cls


class EventRow(Base):
    """An event whose effects are still to come."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_due", "parked_at", "due_at", "id"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    parked_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    stored_up_to: Mapped[str | None] = mapped_column(Text)
    """The last inbox, in the order of their URLs, for which a delivery is stored already (`outbox/ahead.py`)."""


APPEND: Final = Prepared(insert(EventRow.metadata.tables[EventRow.__tablename__]))
"""Inserts what `row_of` returns."""


def row_of(event: Event) -> dict[str, Any]:
    """Return an event's row."""
    id_ = new_id()
    return {"id": id_, "name": type(event).__name__, "payload": asdict(event), "due_at": time_of(id_), "attempts": 0}


def event_of(name: str, payload: Mapping[str, Any]) -> Event:
    """Return the event that a row holds. Fields unknown to this version are dropped. Raises KeyError for its name."""
    cls = Event.registry[name]
    known = {f.name for f in fields(cls)}
    return cls(**{key: value for key, value in payload.items() if key in known})
