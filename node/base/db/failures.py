"""Which failures of the database pass by themselves: the caller may try again, and nothing was stored meanwhile.

SQLite knows one: the file stays locked. PostgreSQL has its own codes for a deadlock, a lost connection, a server
that starts or stops, too many connections. Used by the two session types, which raise `Unavailable` for these.
"""

from typing import Any

from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError, OperationalError

_PASSING = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03"})
"""Serialization failure, deadlock, lock not available, and the three ways in which a server is on its way out or in."""

_PASSING_CLASSES = ("08", "53")
"""Lost connections; out of connections, memory or disk."""


def is_passing(error: BaseException) -> bool:
    """Say whether trying again later may help."""
    if isinstance(error, OperationalError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or code in _PASSING or code.startswith(_PASSING_CLASSES)


def connect_to_postgres(dialect: Dialect, _entry: Any, arguments: Any, named: Any) -> Any:
    """Connect, and let every way in which that fails be an OperationalError: the driver raises OSError and others."""
    adapter: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*arguments, **named)
    except (OSError, adapter.Error, adapter.asyncpg.PostgresError, adapter.asyncpg.InterfaceError) as error:
        raise adapter.OperationalError(f"{type(error).__name__}: {error}") from error
