"""Insert a row unless a unique constraint says it is there: one statement, right under concurrency.

Both databases know ON CONFLICT DO NOTHING, each in its own dialect of SQLAlchemy. Services use the answer to
change counters and record events only when the row is really new (attack row 115).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.base import Base
from node.base.db.unit_of_work import UnitOfWork


async def insert_if_absent(uow: UnitOfWork, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert `values`, or do nothing if any unique key of `table` is taken; return whether a row was inserted."""
    await uow.flush()  # what it may refer to; a statement past the ORM does not flush by itself
    return await uow.write(_statement(uow.dialect, table), dict(values)) == 1


async def insert_new(uow: UnitOfWork, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Insert those of `rows` of which no unique key is taken, in one statement; return the `id`s of these."""
    return {row[0] for row in await uow.rows(_new_statement(uow.dialect, table), [dict(row) for row in rows])}


async def insert_where_absent(uow: UnitOfWork, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those of `rows` of which no unique key is taken."""
    await uow.execute(_statement(uow.dialect, table), [dict(row) for row in rows])


@lru_cache(maxsize=256)
def _new_statement(dialect: str, table: type[Base]) -> Executable:
    rows = table.metadata.tables[table.__tablename__]
    if dialect == "postgresql":
        return postgresql.insert(rows).on_conflict_do_nothing().returning(rows.c.id)
    return sqlite.insert(rows).on_conflict_do_nothing().returning(rows.c.id)


@lru_cache(maxsize=256)
def _statement(dialect: str, table: type[Base]) -> Executable:
    """Built once: to build it anew for each row costs as much as to run it."""
    rows = table.metadata.tables[table.__tablename__]
    if dialect == "postgresql":
        return postgresql.insert(rows).on_conflict_do_nothing()
    return sqlite.insert(rows).on_conflict_do_nothing()
