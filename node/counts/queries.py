"""Every SELECT over notes of counters."""

from typing import Any, Final

from sqlalchemy import ColumnElement, func, select

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.counts.models import CountNote

_ANY: Final = Prepared(select(CountNote.id).limit(1))


async def has_notes(reader: Reader) -> bool:
    """Whether any counter waits to be brought up to date."""
    return bool(await reader.rows(_ANY))


async def list_noted(reader: Reader, *, limit: int) -> list[tuple[str, int]]:
    """Return rows of which counters wait: their tables and ids, those that wait longest first."""
    oldest = select(CountNote.place, CountNote.row_id).order_by(CountNote.id).limit(limit).subquery()
    return [(row[0], row[1]) for row in await reader.rows(select(oldest.c.place, oldest.c.row_id).distinct())]


def noted(place: str, row_id: Any, counter: str) -> ColumnElement[int]:
    """SQL: by how much a counter will move. Asked in one statement with the truth, it says what should stand there."""
    return (
        select(func.coalesce(func.sum(CountNote.step), 0))
        .where(CountNote.place == place, CountNote.row_id == row_id, CountNote.counter == counter)
        .scalar_subquery()
    )
