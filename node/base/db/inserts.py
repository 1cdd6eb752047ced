"""Insert a row unless a unique constraint says it is there: one statement, right under concurrency.

Both databases know ON CONFLICT DO NOTHING, each in its own dialect of SQLAlchemy. Services use the answer to
change counters and record events only when the row is really new (attack row 115).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.base import Base
from node.base.db.unit_of_work import UnitOfWork


async def insert_if_absent(uow: UnitOfWork, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert `values`, or do nothing if any unique key of `table` is taken; return whether a row was inserted."""
    if uow.dialect == "postgresql":
        return await uow.write(postgresql.insert(table).values(**values).on_conflict_do_nothing()) == 1
    return await uow.write(sqlite.insert(table).values(**values).on_conflict_do_nothing()) == 1
