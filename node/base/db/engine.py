"""Engines for SQLite and PostgreSQL behind one small value.

On SQLite a process has one connection that writes and a few that read. The pool of one *is* the process's
queue of writers. Readers see the last commit (WAL) and never wait for writers; the statements of the hot paths have a
connection of their own (`prepared.py`). On PostgreSQL both names mean one pool.
"""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from node.base.db.failures import connect_to_postgres
from node.base.db.prepared import DirectReader
from node.base.db.sqlite import ReadingConnection, WritingConnection, adopt
from node.base.db.write_lock import QueueingConnection


@dataclass(frozen=True, slots=True)
class Database:
    """Where writes go and where reads go. `dialect` is "sqlite" or "postgresql"."""

    writer: AsyncEngine
    reader: AsyncEngine
    dialect: str
    direct: DirectReader | None = None
    """What runs the hot paths' prepared statements; SQLAlchemy does on PostgreSQL."""

    async def close(self) -> None:
        """Close every connection."""
        if self.direct is not None:
            self.direct.close()
        await self.writer.dispose()
        if self.reader is not self.writer:
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
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        pool_timeout=30,
        # Compiling plans costs short statements, and the driver's own look-up of types, more than it ever saves.
        connect_args={"server_settings": {"jit": "off", "application_name": "rookery"}},
        **_COMMON,
    )
    event.listen(engine.sync_engine, "do_connect", connect_to_postgres)
    return engine


def open_database(url: str) -> Database:
    """Return engines for `url`. Nothing is connected before the first use."""
    if not url.startswith("sqlite"):
        engine = open_postgres(url)
        return Database(engine, engine, "postgresql")
    common = dict(_COMMON)
    common["connect_args"] = {"check_same_thread": False}  # used by one thread at a time, but not always the same
    in_line = common | {"connect_args": common["connect_args"] | {"factory": QueueingConnection}}
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=30, **in_line)
    reader = create_async_engine(url, pool_size=4, max_overflow=0, pool_timeout=30, **common)
    event.listen(writer.sync_engine, "connect", lambda connection, _: adopt(connection, WritingConnection))
    event.listen(reader.sync_engine, "connect", lambda connection, _: adopt(connection, ReadingConnection))
    return Database(writer, reader, "sqlite", DirectReader(reader.sync_engine))
