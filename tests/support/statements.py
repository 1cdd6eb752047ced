"""Compiled SQL that every node of a test process shares. `open_node` calls `share_compiled`.

SQLAlchemy keeps compiled statements by engine and by dialect object, and each test node has engines of its own: a
test would compile again what the test before it compiled. All nodes open their engines alike (`open_database`), so
two dialects of one class compile alike. What is run, and on which database, is as before.
"""

from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util import LRUCache

from node.base.db.engine import Database

_compiled: LRUCache[Any, Any] = LRUCache(10_000)


def _same_class(dialect: object, other: object) -> bool:
    return type(dialect) is type(other)


def _hash_of_class(dialect: object) -> int:
    return hash(type(dialect))


def share_compiled(database: Database) -> None:
    """Let the engines use what others compiled."""
    for engine in (database.writer, database.reader):
        engine.sync_engine._compiled_cache = _compiled


for _dialect in (PGDialect_asyncpg, SQLiteDialect_aiosqlite):
    _dialect.__eq__ = _same_class  # type: ignore[method-assign,assignment]
    _dialect.__hash__ = _hash_of_class  # type: ignore[method-assign,assignment]
