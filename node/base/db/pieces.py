"""What was done by thousands is taken away in pieces: whoever wants to write waits for each transaction.

Services take away a piece and say whether there may be more; the effects of an event come again until there is none
(`outbox/effects/departures.py`). Rows that one statement takes are counted, what takes several statements each is
looked at for a moment.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, delete, select

from node.base.db.unit_of_work import UnitOfWork

PIECE: Final = 50
"""Rows."""
BRIEF_SECONDS: Final = 0.01

T = TypeVar("T")


def briefly(rows: Iterable[T]) -> Iterator[T]:
    """Yield the first of some rows, and others for as long as the work on those before takes `BRIEF_SECONDS`."""
    until = 0.0
    for row in rows:
        if until and time.monotonic() > until:
            return
        until = until or time.monotonic() + BRIEF_SECONDS
        yield row


async def delete_piece(uow: UnitOfWork, table: Any, *conditions: ColumnElement[bool]) -> bool:
    """Delete some of the rows of a table with an `id`; return whether there may be more."""
    some = select(table.id).where(*conditions).limit(PIECE)
    return (
        await uow.write(delete(table).where(table.id.in_(some)).execution_options(synchronize_session=False)) == PIECE
    )
