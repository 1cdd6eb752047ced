"""Engines for SQLite and PostgreSQL behind one small value.

On SQLite a process has one connection that writes and a few that read. The pool of one *is* the process's
queue of writers. Readers see the last commit (WAL) and never wait for writers; the statements of the hot paths have a
connection of their own (`prepared.py`). On PostgreSQL both share one pool; the reader's statements stand for
themselves, without the round trips of a transaction, which at READ COMMITTED sees no less and no more.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from node.base.db.failures import connect_to_postgres
from node.base.db.pool import FairPool
from node.base.db.prepared import DirectReader
from node.base.db.prepared_postgres import PostgresReader
from node.base.db.sqlite import ReadingConnection, WritingConnection, adopt
from node.base.db.write_lock import QueueingConnection

CONNECTIONS: Final = 16
"""Connections of a process to PostgreSQL at most; five processes fit into the hundred that it takes as it comes."""
READERS: Final = 4
"""Connections of a process that read a file, beside that of prepared statements."""
KEPT_STATEMENTS: Final = 400
"""Statements that a connection to PostgreSQL keeps as prepared; to prepare one takes longer than to run most."""
TRUSTED_SECONDS: Final = 60.0
"""A connection unused for longer may have been dropped by what lies between: it is asked first."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where writes go and where reads go. `dialect` is "sqlite" or "postgresql"."""

    writer: AsyncEngine
    reader: AsyncEngine
    dialect: str
    direct: DirectReader | PostgresReader
    """What runs the hot paths' prepared SELECTs outside a transaction."""

    async def close(self) -> None:
        """Close every connection."""
        await self.direct.close()
        await self.writer.dispose()
        await self.reader.dispose()


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


_COMMON: Final[dict[str, Any]] = {
    "json_serializer": _dumps,
    "json_deserializer": orjson.loads,
    "hide_parameters": True,  # errors are logged, and the values are people's words and secrets (row 113)
}


def open_postgres(url: str) -> AsyncEngine:
    """Return an engine for a PostgreSQL server, primary or replica. Nothing is connected before the first use."""
    engine = create_async_engine(
        url,
        # None beyond the pool's own: those would be closed after each use, and come without a prepared statement. The
        # last used is the next, so that few do all the work while there is little.
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=30,
        connect_args={
            # Compiling plans costs short statements, and the driver's own look-up of types, more than it ever saves.
            "server_settings": {"jit": "off", "application_name": "rookery"},
            "prepared_statement_cache_size": KEPT_STATEMENTS,
        },
        **_COMMON,
    )
    event.listen(engine.sync_engine, "do_connect", connect_to_postgres)
    event.listen(engine.sync_engine, "checkout", _refuse_lost)
    event.listen(engine.sync_engine, "checkin", _note_use)
    return engine


def _refuse_lost(adapter: Any, record: Any, _pooled: Any) -> None:
    """Have the pool connect anew where the server has closed a connection; one long unused is asked first.

    To ask each time, as the pool itself would, takes three round trips; the driver knows of an end by itself.
    """
    try:
        if adapter._connection.is_closed():
            raise DisconnectionError
        if time.monotonic() - record.info.get("used", 0.0) > TRUSTED_SECONDS and "used" in record.info:
            adapter.ping()
    except adapter.dbapi.Error as error:
        raise DisconnectionError from error


def _note_use(_adapter: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Return the same engine for those who only read: each statement stands for itself."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def open_database(url: str, stands_back: Callable[[], bool] | None = None) -> Database:
    """Return engines for `url`. Nothing is connected before the first use.

    `stands_back`: whether somebody in another process is to write first, asked on SQLite while its lock is waited for.
    """
    if not url.startswith("sqlite"):
        engine = open_postgres(url)
        reader = reading(engine)
        return Database(engine, reader, "postgresql", PostgresReader(reader))
    common = {**_COMMON, "poolclass": FairPool}
    common["connect_args"] = {"check_same_thread": False}  # used by one thread at a time, but not always the same
    in_line = common | {"connect_args": common["connect_args"] | {"factory": QueueingConnection}}
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, **in_line)
    reader = create_async_engine(url, pool_size=READERS, max_overflow=0, pool_timeout=30, **common)
    event.listen(writer.sync_engine, "connect", lambda connection, _: adopt(connection, WritingConnection, stands_back))
    event.listen(reader.sync_engine, "connect", lambda connection, _: adopt(connection, ReadingConnection))
    return Database(writer, reader, "sqlite", DirectReader(reader.sync_engine))
