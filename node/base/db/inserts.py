"""Insert a row unless a unique constraint says it is there: one statement, right under concurrency.

Both databases know ON CONFLICT DO NOTHING, each in its own dialect of SQLAlchemy. Services use the answer to
change counters and record events only when the row is really new (attack row 115).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from node.base.db.base import Base
from node.base.db.unit_of_work import UnitOfWork
from node.base.db.whole_rows import insert_if_free, whole


async def insert_if_absent(uow: UnitOfWork, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert `values`, or do nothing if any unique key of `table` is taken; return whether a row was inserted."""
    await uow.flush()  # what it may refer to; a statement past the ORM does not flush by itself
    return await uow.write(insert_if_free(table, uow.dialect), whole(table, values)) == 1


async def insert_new(uow: UnitOfWork, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Insert those of `rows` of which no unique key is taken, and return the `id`s of these.

    On PostgreSQL it is one statement; on SQLite one for each, which costs less than to make one for all.
    """
    given = [whole(table, row) for row in rows]
    statement = insert_if_free(table, uow.dialect, returning_id=True)
    if uow.dialect == "sqlite":
        return {found[0] for row in given for found in await uow.rows(statement, row)}
    return {row[0] for row in await uow.rows(statement.statement, given)}


async def insert_where_absent(uow: UnitOfWork, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of `rows` of which no unique key is taken."""
    await uow.write_all(insert_if_free(table, uow.dialect), [whole(table, row) for row in rows])
