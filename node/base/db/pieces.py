"""What was done by thousands is taken away in pieces: whoever wants to write waits for each transaction.

Services take away a piece and say whether there may be more; the effects of an event come again until there is none
(`outbox/effects/departures.py`).
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select

from node.base.db.unit_of_work import UnitOfWork

PIECE: Final = 50
"""Rows."""


async def delete_piece(uow: UnitOfWork, table: Any, *conditions: ColumnElement[bool]) -> bool:
    """Delete some of the rows of a table with an `id`; return whether there may be more."""
    some = select(table.id).where(*conditions).limit(PIECE)
    return (
        await uow.write(delete(table).where(table.id.in_(some)).execution_options(synchronize_session=False)) == PIECE
    )
