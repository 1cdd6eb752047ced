"""One write transaction (`UnitOfWork`) and one read view (`ReadSession`): two types, so that mypy refuses to
hand a reader to a writer.

A door opens the unit of work, services fill it, leaving the block commits. What must follow the commit is
either an event (`record`: a row in the same transaction, so a crash loses nothing) or a mere convenience
(`after_commit`: may be lost with the process, and everything must still come right without it).
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, CursorResult, Engine, Executable, Result, inspect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, make_transient_to_detached

from node.base.db.base import Base
from node.base.db.event_log import APPEND, Event, row_of
from node.base.db.failures import passing_as_unavailable
from node.base.db.prepared import DirectReader, Prepared, PreparedEntities, change, insert_all, run
from node.base.db.prepared_postgres import PostgresConnection, PostgresReader, connection_under
from node.base.db.sqlite import begin, short_statements
from node.base.db.whole_rows import insert_if_free, insert_row, whole
from node.base.db.write_lock import wanted_elsewhere

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], Awaitable[None]]
E = TypeVar("E")
T = TypeVar("T")


def _all_rows(connection: Connection, statement: Executable | Prepared, parameters: Any) -> Sequence[Any]:
    asked = statement.statement if isinstance(statement, Prepared) else statement
    return connection.execute(asked, parameters).all()


def _row_count(connection: Connection, statement: Prepared, parameters: Any) -> int:
    return connection.execute(statement.statement, parameters).rowcount


class Reader(Protocol):
    """What queries need: both session types have it, so a query serves inside and outside a write."""

    @property
    def dialect(self) -> str: ...

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[*tuple[Any, ...]]: ...

    async def rows(self, statement: Executable | Prepared, parameters: Any = None) -> Sequence[Any]: ...

    async def entities(self, prepared: PreparedEntities[E], parameters: Any) -> Sequence[E]: ...

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any: ...

    async def scalars(self, statement: Executable, parameters: Any = None) -> Sequence[Any]: ...


class _Session:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        engine = session.get_bind()
        assert isinstance(engine, Engine)
        self._engine = engine
        self._raw: sqlite3.Connection | None = None
        """SQLite's own connection, once the transaction has begun."""
        self._postgres: PostgresConnection | None = None

    async def rows(self, statement: Executable | Prepared, parameters: Any = None) -> Sequence[Any]:
        """Return all rows of a SELECT of columns, past the ORM: what the hot paths use.

        Cheapest when `Prepared`, else with a statement that is built once and takes `parameters`. Entities are not to
        be had this way.
        """
        if isinstance(statement, Prepared):
            if self.dialect == "sqlite":
                found = run(self._engine, await self._on_sqlite(), statement, parameters or {})
            else:
                found = await (await self._on_postgres()).rows(statement, parameters or {})
            if found is not None:
                return found
        rows: Sequence[Any] = await self._by_sqlalchemy(_all_rows, statement, parameters)
        return rows

    async def _by_sqlalchemy(self, how: Callable[..., Any], statement: Executable | Prepared, parameters: Any) -> Any:
        return await (await self._session.connection()).run_sync(how, statement, parameters)

    async def _on_sqlite(self) -> sqlite3.Connection:
        """Return the driver's connection in this transaction, begun."""
        if self._raw is None:
            self._raw = await (await self._session.connection()).run_sync(begin)
        return self._raw

    async def _on_postgres(self) -> PostgresConnection:
        """Return what runs prepared statements in this transaction, begun."""
        if self._postgres is None:
            self._postgres = await (await self._session.connection()).run_sync(connection_under)
            await self._postgres.begin()
        return self._postgres

    async def entities(self, prepared: PreparedEntities[E], parameters: Any) -> Sequence[E]:
        """Return entities of this session."""
        return (await self._session.scalars(prepared.statement, parameters)).all()

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        """Run a statement and return its result."""
        return await self._session.execute(statement, parameters)

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row, or None."""
        return await self._session.scalar(statement, parameters)

    async def scalars(self, statement: Executable, parameters: Any = None) -> Sequence[Any]:
        """Return the first column of every row."""
        return (await self._session.scalars(statement, parameters)).all()

    @property
    def dialect(self) -> str:
        """Either "sqlite" or "postgresql"."""
        return self._engine.dialect.name


def _given(row: Base) -> dict[str, Any]:
    """Return all values of a new row, and give it the defaults of those it lacks."""
    known: dict[str, Any] = inspect(row).dict
    values = whole(type(row), known)
    for name in values.keys() - known.keys():
        setattr(row, name, values[name])
    return values


class ReadSession:
    """A view of what is committed. It cannot write.

    Each statement takes a connection and gives it back: nobody holds one while they wait for what somebody else reads
    (`caches.SharedCache`), who may be waiting for a connection.
    """

    may_lag: bool = False
    """Whether it may lack what others have committed a moment ago (`replica.py`)."""

    def __init__(self, engine: AsyncEngine, direct: DirectReader | PostgresReader | None = None) -> None:
        self._engine = engine
        self._direct = direct
        self._shared: AsyncSession | None = None

    async def rows(self, statement: Executable | Prepared, parameters: Any = None) -> Sequence[Any]:
        """Return all rows of a SELECT of columns, past the ORM: what the hot paths use.

        For statements that answer from indexes within a millisecond (on SQLite they run in the event loop's own
        thread), built once and given `parameters`; cheapest when `Prepared`. Entities are not to be had this way.
        """
        if self._direct is not None and isinstance(statement, Prepared):
            found = await self._direct.rows(statement, parameters or {})
            if found is not None:
                return found
        with short_statements():
            return await self._ask(lambda session: _all_rows(session.connection(), statement, parameters))

    async def entities(self, prepared: PreparedEntities[E], parameters: Any) -> Sequence[E]:
        """Return entities that belong to no session; for statements as `rows` takes them."""
        if self._direct is not None:
            found = await self._direct.rows(prepared.columns, parameters)
            if found is not None:
                return prepared.made_of(found)
        with short_statements():
            return await self.scalars(prepared.statement, parameters)

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        """Run a SELECT and return its result."""
        found = await self._ask(lambda session: session.execute(statement, parameters).freeze())
        return found()

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row, or None."""
        return await self._ask(lambda session: session.scalar(statement, parameters))

    async def scalars(self, statement: Executable, parameters: Any = None) -> Sequence[Any]:
        """Return the first column of every row."""
        return await self._ask(lambda session: session.scalars(statement, parameters).all())

    @property
    def dialect(self) -> str:
        """Either "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    async def share_transaction(self) -> None:
        """Have all statements that follow in one transaction, on one connection that is held until the end. On
        PostgreSQL each else stands for itself, and what is set for a transaction (`SET LOCAL`) is forgotten with it."""
        self._direct = None
        self._shared = _reading(self._engine)
        if self.dialect == "postgresql":
            await self._shared.connection(execution_options={"isolation_level": "READ COMMITTED"})

    async def use_primary(self) -> None:
        """See everything that is committed, from now on."""

    async def close(self) -> None:
        """Give back what a shared transaction held."""
        if self._shared is not None:
            await self._shared.close()

    async def _ask(self, ask: Callable[[Session], T]) -> T:
        if self._shared is not None:
            return await self._shared.run_sync(ask)
        return await _reading(self._engine).run_sync(_asked_alone, ask)


def _reading(engine: AsyncEngine) -> AsyncSession:
    return AsyncSession(engine, expire_on_commit=False, autoflush=False)


def _asked_alone(session: Session, ask: Callable[[Session], T]) -> T:
    with session:
        return ask(session)


class UnitOfWork(_Session):
    """One write transaction. Committed by the door that opened it, never by a service."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(session)
        self._hooks: list[AfterCommit] = []
        self.recorded = 0
        self.lanes: set[str] = set()
        """Lanes that get work by this transaction, beside the relay."""

    def add(self, row: Base) -> None:
        """Insert a row at the next flush."""
        self._session.add(row)

    async def flush(self) -> None:
        """Send pending rows now, so that constraints speak now."""
        await self._session.flush()

    async def insert(self, row: Base, *, if_absent: bool = False) -> bool:
        """Insert a row at once, past the ORM's flush, which takes several times as long. It is known from then on.

        With `if_absent` nothing happens where any unique key of its table is taken. Returns whether it was inserted.
        """
        await self.flush()  # what it may refer to
        statement = insert_if_free(type(row), self.dialect) if if_absent else insert_row(type(row))
        if not await self.write(statement, _given(row)):
            return False
        make_transient_to_detached(row)
        self._session.add(row)
        return True

    async def write(self, statement: Executable | Prepared, parameters: Any = None) -> int:
        """Run INSERT, UPDATE or DELETE and return how many rows it touched. A `Prepared` one flushes nothing."""
        if isinstance(statement, Prepared):
            if self.dialect == "sqlite":
                changed = change(self._engine, await self._on_sqlite(), statement, parameters or {})
            else:
                changed = await (await self._on_postgres()).change(statement, parameters or {})
            if changed is None:
                changed = await self._by_sqlalchemy(_row_count, statement, parameters)
            return int(changed)
        result = await self._session.execute(statement, parameters)
        assert isinstance(result, CursorResult)
        return result.rowcount

    async def write_all(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run an INSERT for each row, all of which give the same columns."""
        if len(rows) == 1:
            await self.write(statement, rows[0])
        elif rows and self.dialect == "sqlite":
            insert_all(self._engine, await self._on_sqlite(), statement, rows)
        elif rows:
            await self._by_sqlalchemy(_row_count, statement, rows)

    async def record(self, *events: Event) -> None:
        """Write the rows of events into this transaction. `outbox` acts on them once, and only if, this commits."""
        await self.write_all(APPEND, [row_of(event) for event in events])
        self.recorded += len(events)

    def after_commit(self, hook: AfterCommit) -> None:
        """Run `hook` after the commit, in order. Its failure is logged and harms nobody."""
        self._hooks.append(hook)

    async def run_hooks(self) -> None:
        """Run what `after_commit` collected."""
        for hook in self._hooks:
            try:
                await hook()
            except Exception:  # a nudge that fails is made good by the sweep
                log.warning("after_commit_failed", exc_info=True)


@asynccontextmanager
async def unit_of_work(
    engine: AsyncEngine,
    *,
    turn: AbstractAsyncContextManager[None] | None = None,
    give_way: Callable[[], Awaitable[None]] | None = None,
    on_commit: Callable[[UnitOfWork], Awaitable[None]] | None = None,
) -> AsyncIterator[UnitOfWork]:
    """Open a write transaction; commit when the block ends, roll back when it raises.

    `turn` is held meanwhile; `give_way` returns when nobody is to be let go first; `on_commit` runs after the unit's
    own hooks. Raises Unavailable when the database stays busy, is away, or gave this transaction up in favour of
    another one.
    """
    async with turn or nullcontext():
        if give_way is not None:
            await give_way()
        session = AsyncSession(engine, expire_on_commit=False, autoflush=True)
        try:
            with passing_as_unavailable():
                async with session.begin():
                    uow = UnitOfWork(session)
                    yield uow
        finally:
            await session.close()
            wanted_elsewhere.set(None)  # what hooks begin does not know of it
    await uow.run_hooks()
    if on_commit is not None:
        await on_commit(uow)


@asynccontextmanager
async def read_session(
    engine: AsyncEngine, direct: DirectReader | PostgresReader | None = None
) -> AsyncIterator[ReadSession]:
    """Open a read view for the length of the block."""
    session = ReadSession(engine, direct)
    try:
        with passing_as_unavailable():
            yield session
    finally:
        await session.close()
