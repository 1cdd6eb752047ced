"""SQLite through aiosqlite with one thread hop a statement, and transactions that begin with it.

aiosqlite runs each call on the connection's own thread. SQLAlchemy's adapter makes four such calls a statement
(cursor, execute, fetch, close) and three more for a transaction around it; each costs about as much CPU as a
small query. Here a statement is one call that does all four, BEGIN is none where the lock is free, and a rollback where
nothing was begun costs nothing.

A thread hop is not only dear: while the event loop is busy, the other thread gets the interpreter back only after
a switch interval, once per row it fetches. So what is known to be short runs in the event loop's own thread:
the hot paths' prebuilt queries (`rows()` and `short_statements`), statements inside a write transaction once the lock
is held, and COMMIT, which waits for nobody and syncs nothing (`checkpoints.py`). What may wait (BEGIN where others
write) or take long (any other query) has the connection's thread.

A connection that reads has no transaction at all: each statement sees the last commit, as on PostgreSQL's
READ COMMITTED. One that writes begins with BEGIN IMMEDIATE: it holds the file's write lock from its first
statement, so it cannot fail half way with 'database is locked'.
"""

import asyncio
import collections
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_cursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util.concurrency import await_

from node.base.db.checkpoints import LONGEST
from node.base.db.write_lock import PATIENCE_SECONDS, wanted_elsewhere

_PRAGMAS = ("synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-4000")
"""Every process has half a dozen connections, so each keeps little: what it lacks the system mostly has in its own
cache, for all of them. For the same reason nothing is mapped into memory; a map is also taken down by every commit of
another connection, and each page read after that is a fault (25 posts of a timeline: 0.27 ms instead of 0.14)."""


SWITCH_SECONDS = 0.0005
"""How long a busy event loop keeps a database thread from the interpreter: the default makes a query, and a COMMIT for
which others wait, wait 5 ms itself. For `sys.setswitchinterval` in processes that serve or work."""

INLINE: ContextVar[bool] = ContextVar("inline", default=False)
"""Whether the statement at hand is short enough to run in the event loop's thread."""


@contextmanager
def short_statements() -> Iterator[None]:
    """Say that the statements of this block answer from indexes within a millisecond."""
    token = INLINE.set(True)
    try:
        yield
    finally:
        INLINE.reset(token)


class OneHopCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that executes, fetches and closes in one call on the connection's thread."""

    __slots__ = ("_description", "_lastrowid", "_rowcount", "arraysize")

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = collections.deque()
        self._description: Any = None
        self._rowcount = -1
        self._lastrowid = 0
        self.arraysize = 1

    @property
    def description(self) -> Any:
        """What the columns are, or None for a statement without rows."""
        return self._description

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return self._rowcount

    @property
    def lastrowid(self) -> int:
        """The id SQLite gave the last row."""
        return self._lastrowid

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Run one statement and fetch all its rows."""
        self._run(lambda raw: raw.execute(operation, parameters or ()))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        """Run one statement for each set of parameters."""
        self._run(lambda raw: raw.executemany(operation, seq_of_parameters))

    def _run(self, statement: Callable[[Any], Any]) -> None:
        connection: Any = self._connection

        def statement_whole() -> tuple[Any, Sequence[Any], int, int]:
            raw = connection._conn
            cursor = statement(raw)
            rows = cursor.fetchall() if cursor.description else ()
            found = cursor.description, rows, cursor.rowcount, cursor.lastrowid
            cursor.close()
            return found

        try:
            if isinstance(self._adapt_connection, WritingConnection):
                self._adapt_connection.begin()
            if connection._conn.in_transaction or INLINE.get():
                found = statement_whole()
            else:
                found = await_(connection._execute(statement_whole))
        except Exception as error:
            self._adapt_connection._handle_exception(error)
        self._description, rows, self._rowcount, self._lastrowid = found
        self._rows = collections.deque(rows)

    async def _async_soft_close(self) -> None:
        """Nothing is left open."""

    def close(self) -> None:
        """Forget the rows."""
        self._rows.clear()


class ReadingConnection(AsyncAdapt_aiosqlite_connection):
    """A connection that reads without transactions."""

    __slots__ = ()
    _cursor_cls = OneHopCursor

    def rollback(self) -> None:
        """End a transaction, if one was begun."""
        if self._connection._connection and self._connection._connection.in_transaction:
            super().rollback()

    def commit(self) -> None:
        """Commit a transaction, if one was begun."""
        if self._connection._connection and self._connection._connection.in_transaction:
            super().commit()


class WritingConnection(ReadingConnection):
    """A connection whose first statement takes the write lock. Under it is a `QueueingConnection`."""

    __slots__ = ()

    def begin(self) -> None:
        """Begin a transaction, unless one has begun. Raises OperationalError when others keep the lock too long, and
        GaveWay as `wanted_elsewhere` says."""
        raw = self._connection._conn
        if not raw.in_transaction and not raw.begin_at_once():
            try:
                await_(
                    self._connection._execute(raw.begin, wanted_elsewhere.get())
                )  # where it may wait for other processes
            except asyncio.CancelledError:
                raw.give_up()
                raise

    def rollback(self) -> None:
        """Give the transaction up."""
        super().rollback()
        self._note_end()

    def commit(self) -> None:
        """Commit the transaction."""
        raw = self._connection._connection
        if raw is not None:
            try:
                raw.commit()
            except sqlite3.Error as error:
                self._handle_exception(error)
            raw.note_end()

    def _note_end(self) -> None:
        raw = self._connection._connection
        if raw is not None:
            raw.note_end()


def begin(connection: Connection) -> sqlite3.Connection:
    """Begin a transaction under one of SQLAlchemy's connections, unless one has begun, and return the driver's own.

    Raises DBAPIError as a statement would.
    """
    adapted: Any = connection.connection.dbapi_connection
    try:
        adapted.begin()
    except sqlite3.Error as error:
        raise DBAPIError.instance("BEGIN", None, error, sqlite3.Error) from error
    except asyncio.CancelledError:
        connection.invalidate()  # as SQLAlchemy does where a statement is cancelled
        raise
    raw: sqlite3.Connection = adapted._connection._conn
    return raw


def adopt(connection: Any, kind: type[ReadingConnection], stands_back: Callable[[], bool] | None = None) -> None:
    """Make a fresh connection of SQLAlchemy's adapter one of ours and prepare its file."""
    prepare(connection)
    if kind is WritingConnection:
        raw = connection._connection._conn
        raw.execute("PRAGMA busy_timeout=0")  # it asks again and again by itself
        if stands_back is not None:
            raw.stands_back = stands_back
        raw.execute(f"PRAGMA wal_autocheckpoint={LONGEST}")
    connection.__class__ = kind


def prepare(connection: Any, *, foreign_keys: bool = True) -> None:
    """Set a fresh connection of SQLAlchemy's adapter up: no implicit BEGIN, patience with locks, WAL."""
    # The driver's own implicit BEGIN would come too late (before the first write, not the first read).
    connection.isolation_level = None
    await_(connection._connection._execute(lambda: prepare_file(connection._connection._conn, foreign_keys)))


def prepare_file(raw: sqlite3.Connection, foreign_keys: bool) -> None:
    """Set a fresh connection of the driver up."""
    raw.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000:.0f}")
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            # The first change of a new file to WAL does not wait for others who are at it; so we do.
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    for pragma in (f"foreign_keys={'ON' if foreign_keys else 'OFF'}", *_PRAGMAS):
        raw.execute(f"PRAGMA {pragma}")
