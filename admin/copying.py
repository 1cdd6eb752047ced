"""`rookery migrate --to`: copy a node's database, mostly from SQLite to PostgreSQL.

The source is read in one transaction, so it is one moment of the node; the target is filled in one transaction, so a
run that is killed leaves nothing behind but empty tables and is simply run again. The target gets its tables from the
same revisions as any node; while rows come in its foreign keys are away, and adding them again proves that everything
a row refers to came along. Ids are no sequences (`node/base/ids.py`), so there are none to set. Before the commit the
rows of every table are counted on both sides.

PostgreSQL takes no NUL characters in text: they are left out. Media stays where it is, in files.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from alembic import command
from sqlalchemy import Connection, Table, event, func, insert, inspect, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from admin.migrate import alembic_config, current_revision, head_revision
from admin.schema import metadata
from node.base.db.sqlite import prepare
from node.base.errors import Invalid
from node.base.settings import Settings

BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one table is: `total` rows are to come, `done` are there."""

    table: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Copied:
    """What a run did: rows by table."""

    rows: dict[str, int]


async def copy_database(settings: Settings, target_url: str, *, tell: Callable[[Progress], None]) -> Copied:
    """Copy every row of this node's database to an empty one. Raises Invalid with what stands in the way."""
    if not target_url.startswith("postgresql+asyncpg:"):
        raise Invalid("--to must start with postgresql+asyncpg:")
    if target_url == settings.sqlalchemy_url:
        raise Invalid("--to is the database this node is on already")
    async with _open(settings.sqlalchemy_url) as source, _open(target_url) as target:
        revision = await source.run_sync(current_revision)
        if revision != head_revision():
            raise Invalid("This node's database is of another version. Run `rookery migrate` first.")
        await target.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": 0x526F6F6B})
        await target.run_sync(_prepare_target)
        return Copied(await _copy_all(source, target, tell))


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)
    if url.startswith("sqlite"):
        event.listen(engine.sync_engine, "connect", lambda connection, _: prepare(connection))
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _prepare_target(connection: Connection) -> None:
    """Make the tables; refuse a database in which anything lives."""
    there = set(inspect(connection).get_table_names())
    ours = [table for table in metadata().sorted_tables if table.name in there]
    full = [table.name for table in ours if connection.execute(select(1).select_from(table).limit(1)).first()]
    if full:
        raise Invalid(f"The target is not empty ({', '.join(full[:5])}). Make an empty database for it.")
    if there and not current_revision(connection):
        raise Invalid("The target holds tables that are not Rookery's. Make an empty database for it.")
    command.upgrade(alembic_config(connection), "head")


async def _copy_all(
    source: AsyncConnection, target: AsyncConnection, tell: Callable[[Progress], None]
) -> dict[str, int]:
    tables = metadata().sorted_tables
    keys = await target.run_sync(_drop_foreign_keys)
    for table in tables:
        await _copy_table(source, target, table, tell)
    for statement in keys:
        try:
            await target.execute(text(statement))
        except DBAPIError as error:
            raise Invalid(f"A row of this node refers to one that is not there: {error.orig}") from error
    rows = {}
    for table in tables:
        count = select(func.count()).select_from(table)
        here, there = await source.scalar(count) or 0, await target.scalar(count) or 0
        if here != there:
            raise Invalid(f"{table.name} has {here} rows here and {there} there: nothing was kept.")
        rows[table.name] = there
    return rows


def _drop_foreign_keys(connection: Connection) -> list[str]:
    """Drop them all and return the statements that add them again, as the database itself spells them."""
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, name, _ in found:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in found]


async def _copy_table(
    source: AsyncConnection, target: AsyncConnection, table: Table, tell: Callable[[Progress], None]
) -> None:
    total = await source.scalar(select(func.count()).select_from(table)) or 0
    done = 0
    async for rows in _batches(source, table):
        try:
            await target.execute(insert(table), rows)
        except DBAPIError as error:
            raise Invalid(f"A row of {table.name} does not fit the target: {error.orig}") from error
        done += len(rows)
        tell(Progress(table.name, done, total))


async def _batches(source: AsyncConnection, table: Table) -> AsyncIterator[list[dict[str, Any]]]:
    """Read a table in the order of its primary key, `BATCH` rows at a time."""
    key = list(table.primary_key.columns)
    last: Sequence[Any] | None = None
    while True:
        page = select(table).order_by(*key).limit(BATCH)
        if last is not None:
            page = page.where(tuple_(*key) > tuple_(*last))
        rows = (await source.execute(page)).mappings().all()
        if rows:
            last = [rows[-1][column.name] for column in key]
            yield [{name: _fitting(value) for name, value in row.items()} for row in rows]
        if len(rows) < BATCH:
            return


def _fitting(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_fitting(name): _fitting(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fitting(inner) for inner in value]
    return value
