"""Prepared statements straight on PostgreSQL's driver: one round trip each, past what SQLAlchemy does around them.

Outside a write transaction a statement stands for itself: no BEGIN before it, no ROLLBACK after it, and it sees the
last commit, as every statement of a READ COMMITTED transaction does. Connections are the pool's; a few are kept at
hand between statements. Inside a transaction statements run on its connection. Used by the two session types for what
`prepared.py` describes; failures are raised as SQLAlchemy raises them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

from node.base.db.prepared import Prepared

KEPT: Final = 4
"""Connections that are kept at hand; more are given back to the pool."""
TRIES: Final = 2
"""A connection may have been lost unnoticed: what only reads is asked once more, on another."""
_CHANGED: Final = re.compile(r"(?:SELECT|UPDATE|DELETE|INSERT \d+) (\d+)")


class PostgresConnection:
    """Runs prepared statements on one connection: `adapter` is SQLAlchemy's, which has the driver's."""

    def __init__(self, engine: Engine, adapter: Any) -> None:
        self._engine = engine
        self._adapter = adapter

    async def begin(self) -> None:
        """Begin the transaction, unless SQLAlchemy has; it ends as any of SQLAlchemy's."""
        if self._adapter._transaction is None:
            try:
                await self._adapter._start_transaction()
            except Exception as error:
                raise self._failure(error, "BEGIN", ()) from error

    @property
    def is_closed(self) -> bool:
        """Whether the connection is known to be lost."""
        return bool(self._adapter._connection.is_closed())

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> list[Any] | None:
        """Return all rows; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
        form = prepared.form(self._engine.dialect, given)
        if form is None:
            return None
        _, codes, found = await self._run(form.text, form.values(given))
        return form.rows(found, codes)

    async def change(self, prepared: Prepared, given: Mapping[str, Any]) -> int | None:
        """Return how many rows were changed; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
        form = prepared.form(self._engine.dialect, given)
        if form is None:
            return None
        statement, _, _ = await self._run(form.text, form.values(given))
        said = _CHANGED.match(statement.get_statusmsg() or "")
        return int(said[1]) if said else -1

    async def _run(self, text: str, values: Sequence[Any]) -> tuple[Any, list[int], list[Any]]:
        for listener in self._engine.dispatch.before_cursor_execute:
            listener(None, None, text, tuple(values), None, False)
        adapter = self._adapter
        try:
            async with adapter._execute_mutex:
                known_since = self._engine.dialect._invalidate_schema_cache_asof  # type: ignore[attr-defined]
                statement, columns = await adapter._prepare(text, known_since)
                return statement, [column.type.oid for column in columns], await statement.fetch(*values)
        except Exception as error:
            raise self._failure(error, text, values) from error

    def _failure(self, error: Exception, text: str, values: Sequence[Any]) -> Exception:
        """Return what SQLAlchemy would raise."""
        dialect: Any = self._engine.dialect
        dbapi = dialect.loaded_dbapi
        try:
            self._adapter._handle_exception(error)
        except dbapi.Error as translated:
            error = translated
        except OSError as lost:
            error = dbapi.OperationalError(f"{type(lost).__name__}: {lost}")
        except Exception as other:
            return other
        if isinstance(error, (dbapi.InvalidCachedStatementError, dbapi.InternalServerError)):
            dialect._invalidate_schema_cache()  # tables have changed: what was prepared for them is prepared anew
        if self.is_closed:  # and so may be the others, with nobody told yet: the pool connects anew for each
            self._engine.pool._invalidate(None, error, _checkin=False)  # type: ignore[arg-type]
        return DBAPIError.instance(
            text,
            values,
            error,
            dbapi.Error,
            hide_parameters=True,
            connection_invalidated=self.is_closed,
            dialect=dialect,
        )


class PostgresReader:
    """Runs prepared SELECTs, each on whichever connection is free."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: list[tuple[Any, PostgresConnection]] = []

    async def rows(self, prepared: Prepared, given: Mapping[str, Any]) -> Sequence[Any] | None:
        """Return all rows; None when SQLAlchemy has to be asked. Raises DBAPIError as it would."""
        for left in reversed(range(TRIES)):
            pooled, connection = await self._take()
            try:
                return await connection.rows(prepared, given)
            except DBAPIError as error:
                if not (error.connection_invalidated and left):
                    raise
                await self.close()  # whatever ended this one may have ended those
            finally:
                await self._leave(pooled, connection)
        raise AssertionError

    async def close(self) -> None:
        """Give the connections at hand back to the pool; the next statement takes one again."""
        while self._kept:
            pooled, _ = self._kept.pop()
            await greenlet_spawn(pooled.close)

    async def _take(self) -> tuple[Any, PostgresConnection]:
        while self._kept:
            pooled, connection = self._kept.pop()
            if not connection.is_closed:
                return pooled, connection
            await greenlet_spawn(pooled.invalidate)
        dbapi: Any = self._engine.dialect.loaded_dbapi
        try:
            pooled = await self._engine.raw_connection()
        except dbapi.Error as error:
            raise DBAPIError.instance(None, None, error, dbapi.Error, hide_parameters=True) from error
        return pooled, PostgresConnection(self._engine.sync_engine, pooled.dbapi_connection)

    async def _leave(self, pooled: Any, connection: PostgresConnection) -> None:
        if connection.is_closed:
            await greenlet_spawn(pooled.invalidate)
        elif len(self._kept) < KEPT:
            self._kept.append((pooled, connection))
        else:
            await greenlet_spawn(pooled.close)


def connection_under(connection: Connection) -> PostgresConnection:
    """Return what runs prepared statements in the transaction of one of SQLAlchemy's connections."""
    return PostgresConnection(connection.engine, connection.connection.dbapi_connection)
