"""INSERTs past SQLAlchemy's: of whole rows, so that one statement serves every row of a table.

Under `UnitOfWork.insert` and `inserts.py`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from node.base.db.base import Base
from node.base.db.prepared import Prepared


@cache
def insert_row(kind: type[Base]) -> Prepared:
    """Return the INSERT of a table."""
    return Prepared(insert(kind.metadata.tables[kind.__tablename__]))


@cache
def insert_if_free(kind: type[Base], dialect: str, *, returning_id: bool = False) -> Prepared:
    """Return the INSERT of a table that does nothing where a unique key is taken."""
    table = kind.metadata.tables[kind.__tablename__]
    statement = (postgresql if dialect == "postgresql" else sqlite).insert(table).on_conflict_do_nothing()
    return Prepared(statement.returning(table.c.id) if returning_id else statement)


def whole(kind: type[Base], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values of a new row: those given, and the defaults of the others."""
    return {name: values[name] if name in values else _made(default) for name, default in _defaults(kind)}


@cache
def _defaults(kind: type[Base]) -> list[tuple[str, Any]]:
    """Return every column of a table by name, with what makes its default."""
    return [(column.key, column.default) for column in kind.metadata.tables[kind.__tablename__].columns]


def _made(default: Any) -> Any:
    if default is None:
        return None
    return default.arg if default.is_scalar else default.arg(None)
