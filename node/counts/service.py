"""Counting: at once where the row is free, by a note where it is taken, and the adding up of notes.

Called by the services that insert and remove what is counted, in their transactions, and only for what was really
inserted or removed.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, insert, or_, select, update

from node.base.db.base import Base
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.lanes import COUNTS
from node.counts.models import CountNote

_NOTE = insert(CountNote)
_TAKE = (
    delete(CountNote)
    .where(CountNote.place == bindparam("place_"), CountNote.row_id == bindparam("row"))
    .returning(CountNote.counter, CountNote.step)
)


async def count(uow: UnitOfWork, table: type[Base], row_id: int, steps: Mapping[str, int]) -> None:
    """Move counters of a row by `steps`, now or within a second or so. A row that is deleted counts no more.

    A counter that is NULL stays so: nobody knows it.
    """
    await uow.flush()  # the row may be as new as this
    counters = tuple(sorted(steps))
    parameters = {"row": row_id, **{f"step_{name}": steps[name] for name in counters}}
    if await uow.write(_move(uow.dialect, table, counters), parameters) or uow.dialect == "sqlite":
        return
    uow.lanes.add(COUNTS)
    place = table.__tablename__
    await uow.execute(
        _NOTE,
        [
            {"id": new_id(), "place": place, "row_id": row_id, "counter": name, "step": steps[name]}
            for name in counters
        ],
    )  # fmt: skip


async def add_up(uow: UnitOfWork, place: str, row_id: int) -> int:
    """Add up the notes of one row and return how many there were: a transaction of its own for each row.

    One statement takes them all, so it never takes the end of something without its beginning.
    """
    steps: dict[str, int] = {}
    notes = await uow.rows(_TAKE, {"place_": place, "row": row_id})
    for counter, step in notes:
        steps[counter] = steps.get(counter, 0) + step
    if steps:
        table = Base.metadata.tables[place]
        statement = update(table).where(table.c.id == row_id, table.c.deleted_at.is_(None))
        await uow.write(statement.values({name: _moved(table.c[name], step) for name, step in steps.items()}))
    return len(notes)


@lru_cache(maxsize=64)
def _move(dialect: str, model: type[Base], counters: tuple[str, ...]) -> Prepared:
    table = Base.metadata.tables[model.__tablename__]
    steps: dict[str, Any] = {name: bindparam(f"step_{name}") for name in counters}
    mine = and_(table.c.id == bindparam("row"), table.c.deleted_at.is_(None))
    if dialect == "sqlite":
        moved = {name: _moved(table.c[name], steps[name]) for name in counters}
        return Prepared(update(table).where(mine).values(moved))
    stays = [or_(table.c[name].is_(None), table.c[name] + steps[name] >= 0) for name in counters]
    # Nobody waits for the row. No stronger lock than the UPDATE's own: what refers to the row may be inserted.
    free = select(table.c.id).where(mine, *stays).with_for_update(key_share=True, skip_locked=True).cte("free")
    return Prepared(
        update(table)
        .where(table.c.id == select(free.c.id).scalar_subquery())
        .values({name: table.c[name] + steps[name] for name in counters})
    )


def _moved(column: Any, step: Any) -> ColumnElement[int]:
    return case((column + step < 0, 0), else_=column + step)
