"""The node's log of what open streams are told: one row an event, written in the transaction that ends it.

An entry names what happened and to which row, never words: whoever is shown something is asked for at that moment.
One log and not one per person, because then a post costs one row however many people follow its author; the web
processes know who is connected to them and look up which of those it concerns.

Since the relay writes an entry in the same transaction that forgets the event, each is there once, whoever is killed
when; and since ids grow in the order of commits (appending waits for whoever appends before, so it comes last in a
transaction), "everything behind this id" is exact: a client that comes back with the id of its last event has missed
nothing and is told nothing twice. Entries are kept for a day and then pruned (`admin/pruning.py`); who was away for
longer is told from the posts and notifications themselves (`node/stream/past.py`).

The words of an event's id ("1700000000000-12") are a moment and a number within it: one entry's id, in two parts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from sqlalchemy import String, bindparam, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from node.base.db.base import Base, BigInt, Id
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.ids import SHIFT, new_id

Kind = Literal[
    "update",
    "status.update",
    "delete",
    "notification",
    "notifications_merged",
    "conversation",
    "filters_changed",
    "announcement",
    "announcement.reaction",
    "announcement.delete",
    "access",
    "mark",
]
"""As apps know them; and `access`: somebody's tokens or sessions changed; `mark`: the log begins."""

KEPT: Final = timedelta(days=1)
READ_AT_ONCE: Final = 200
WORD: Final = 100
"""Characters of an event's word."""

_NUMBER: Final = (1 << SHIFT) - 1
_ID: Final = re.compile(r"[0-9]{1,13}-[0-9]{1,7}")
_LOCK: Final = 7_310_462_201
"""PostgreSQL's name for "somebody appends"."""


class StreamEntry(Base):
    """Something that open streams may have to be told."""

    __tablename__ = "stream_entries"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[BigInt] = mapped_column(default=0)
    account_id: Mapped[BigInt] = mapped_column(default=0)
    word: Mapped[str] = mapped_column(String(WORD), default="")


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What happened, and to which row: a post, a notification, an announcement ...

    `account_id` is whom it is for; 0 for posts (whoever may see them) and for what everybody is told. `word` is what
    an id cannot say, such as the emoji of a reaction.
    """

    kind: Kind
    subject: int = 0
    account_id: int = 0
    word: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its id, such as "1700000000000-0"; or with its subject's for one told from the rows themselves."""

    id: str
    event: StreamEvent


def is_event_id(text_: str) -> bool:
    """Whether `text_` is the id of an event."""
    return _ID.fullmatch(text_) is not None


def place(id_: str) -> int:
    """Return what event ids are ordered by: the entry's id."""
    milliseconds, _, number = id_.partition("-")
    return (int(milliseconds) << SHIFT) | int(number)


def event_id(entry_id: int) -> str:
    """Return how an entry's id is told."""
    return f"{entry_id >> SHIFT}-{entry_id & _NUMBER}"


_NEWEST: Final = Prepared(select(func.max(StreamEntry.id)))
_OLDEST: Final = Prepared(select(func.min(StreamEntry.id)))
_AFTER: Final = Prepared(
    select(StreamEntry.id, StreamEntry.kind, StreamEntry.subject, StreamEntry.account_id, StreamEntry.word)
    .where(StreamEntry.id > bindparam("after"))
    .order_by(StreamEntry.id)
    .limit(READ_AT_ONCE)
)
_ABOUT: Final = Prepared(
    select(StreamEntry.id)
    .where(
        StreamEntry.id >= bindparam("since"),
        StreamEntry.subject == bindparam("since"),
        StreamEntry.kind.in_(("update", "notification")),
    )
    .order_by(StreamEntry.id)
    .limit(1)
)
_INSERT: Final = Prepared(insert(StreamEntry.metadata.tables["stream_entries"]))


async def append(uow: UnitOfWork, events: Sequence[StreamEvent]) -> None:
    """Add to the log, as the last thing that a transaction does; `node.base.streams.wake` comes after the commit."""
    if not events:
        return
    if uow.dialect == "postgresql":  # SQLite has one writer anyway
        await uow.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
    last = (await uow.rows(_NEWEST))[0][0]
    if last is None:  # the beginning, which lets a reader see that nothing before it is lost
        last = 0
        await uow.write(_INSERT, _row(0, StreamEvent("mark")))
    first = max(new_id(), last + 1)
    for number, event in enumerate(events):
        await uow.write(_INSERT, _row(first + number, event))


def _row(id_: int, event: StreamEvent) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": event.kind,
        "subject": event.subject,
        "account_id": event.account_id,
        "word": event.word[:WORD],
    }


async def newest(reader: Reader) -> str:
    """Return the id of the last event; of the beginning when nothing happened yet."""
    return event_id((await reader.rows(_NEWEST))[0][0] or 0)


async def reaches_back(reader: Reader, to: str) -> bool:
    """Whether the log still holds everything behind the event `to`."""
    oldest = (await reader.rows(_OLDEST))[0][0]
    return place(to) == 0 if oldest is None else bool(oldest <= place(to))


async def read_after(reader: Reader, after: str) -> list[Logged]:
    """Return the next events behind `after`, at most `READ_AT_ONCE`."""
    rows = await reader.rows(_AFTER, {"after": place(after)})
    return [
        Logged(event_id(id_), StreamEvent(kind, subject, account_id, word))
        for id_, kind, subject, account_id, word in rows
    ]


async def find_entry_about(reader: Reader, subject: int) -> str | None:
    """Return the event by which a new post or notification was told; None when that is not in the log."""
    rows = await reader.rows(_ABOUT, {"since": subject})
    return event_id(rows[0][0]) if rows else None
