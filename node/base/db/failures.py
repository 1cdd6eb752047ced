"""Which failures of the database pass by themselves: the caller may try again, and nothing was stored meanwhile.

A lock that others hold, a connection that is lost, a server that starts or stops, a disk without room or that refuses:
these pass, and nobody's statement is at fault. A table or column that is missing, a syntax error, a value of the wrong
type do not: they are errors of ours (or of a migration that was not made) and must be seen as such. SQLite says which
by its result code, PostgreSQL by its SQLSTATE; the drivers' exception types do not.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from node.base.errors import Unavailable
from node.base.full_disk import NO_ROOM, is_full

CANNOT: Final = "The database cannot do this right now. Please try again."

_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,  # a race of those who open the file
        sqlite3.SQLITE_SCHEMA,  # the tables changed just now: prepared anew, it runs
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)
"""Primary result codes; the last five are the disk's and the machine's."""

_POSTGRES: Final = frozenset({"25006", "55P03", "57014"})
"""The server takes no writes (it is a standby now), lock not available, cancelled for taking too long."""

_POSTGRES_CLASSES: Final = ("08", "40", "53", "57P", "58")
"""Lost connections; serialization failures and deadlocks; out of connections, memory or disk; a server on its way out
or in; errors of its disk."""


def is_passing(error: BaseException) -> bool:
    """Say whether trying again later may help."""
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    on_sqlite = getattr(error.orig, "sqlite_errorcode", None)
    if on_sqlite is not None:
        return on_sqlite & 0xFF in _SQLITE
    on_postgres = str(getattr(error.orig, "sqlstate", None) or "")
    if on_postgres:
        return on_postgres in _POSTGRES or on_postgres.startswith(_POSTGRES_CLASSES)
    return isinstance(error, OperationalError)  # there is no connection, so nobody to give a code


@contextmanager
def passing_as_unavailable() -> Iterator[None]:
    """Raise Unavailable, in people's words, for what passes: for the length of a session of either type."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if isinstance(error, DBAPIError) and not is_passing(error):
            raise
        raise Unavailable(NO_ROOM if is_full(error) else CANNOT) from error


def connect_to_postgres(dialect: Dialect, _entry: Any, arguments: Any, named: Any) -> Any:
    """Connect, and let every way in which that fails be an OperationalError: the driver raises OSError and others."""
    adapter: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*arguments, **named)
    except (OSError, adapter.Error, adapter.asyncpg.PostgresError, adapter.asyncpg.InterfaceError) as error:
        raise adapter.OperationalError(f"{type(error).__name__}: {error}") from error
