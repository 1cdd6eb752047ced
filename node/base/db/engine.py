"""Engines for SQLite and PostgreSQL behind one small value.

On SQLite a process has one connection that writes and a few that read. The pool of one *is* the process's
queue of writers, and every write transaction begins with BEGIN IMMEDIATE: it holds the file's write lock from
its first statement, so it cannot fail half way with 'database is locked'. Readers see the last commit (WAL)
and never wait for writers. On PostgreSQL both names mean one pool.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_MS = 20_000


@dataclass(frozen=True, slots=True)
class Database:
    """Where writes go and where reads go. `dialect` is "sqlite" or "postgresql"."""

    writer: AsyncEngine
    reader: AsyncEngine
    dialect: str

    async def close(self) -> None:
        """Close every connection."""
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def open_database(url: str) -> Database:
    """Return engines for `url`. Nothing is connected before the first use."""
    common: dict[str, Any] = {"json_serializer": _dumps, "json_deserializer": orjson.loads}
    if not url.startswith("sqlite"):
        engine = create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True, pool_timeout=30, **common)
        return Database(engine, engine, "postgresql")
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, **common)
    reader = create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=30, **common)
    for engine in (writer, reader):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(writer.sync_engine, "begin", _begin_immediate)
    event.listen(reader.sync_engine, "begin", _begin_deferred)
    return Database(writer, reader, "sqlite")


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN would come too late (before the first write, not the first read).
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        "mmap_size=134217728",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
