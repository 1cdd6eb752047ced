"""Bring the database to the schema of this version, and the rows that must exist.

Alembic's revisions live in `node/base/db/migrations` and travel in the wheel. One connection runs all of it in
one transaction, on SQLite too (its own DDL transactions, `BEGIN IMMEDIATE`), so a migration that is killed half
way never happened. Two processes that migrate at once wait for each other: SQLite's write lock, an advisory lock
on PostgreSQL. Called by `rookery migrate`, by `rookery up` before it starts anything, and by tests.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import node.base.db.migrations
from admin.schema import metadata
from node.base.db.sqlite import prepare
from node.base.runtime import running
from node.base.settings import Settings

T = TypeVar("T")

_ADVISORY_LOCK = 0x526F6F6B  # "Rook"


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run did: the revision before ("" for an empty database) and after."""

    before: str
    after: str


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for this package's revisions, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(node.base.db.migrations.__path__[0])).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata()
    return config


def head_revision() -> str:
    """Return the revision this version of the program needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


async def on_connection(url: str, use: Callable[[Connection], T]) -> T:
    """Run `use` on a connection of its own, in one transaction. Foreign keys sleep, so that tables may be rebuilt."""
    engine = create_async_engine(url, poolclass=NullPool)
    sqlite = url.startswith("sqlite")
    if sqlite:
        event.listen(engine.sync_engine, "connect", lambda connection, _: prepare(connection, foreign_keys=False))
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        async with engine.connect() as connection, connection.begin():
            if not sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            return await connection.run_sync(use)
    finally:
        await engine.dispose()


def current_revision(connection: Connection) -> str:
    """Return the revision the database is at, "" when it is empty."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def schema_differences(connection: Connection) -> list[Any]:
    """Return how the database differs from the tables the code knows: [] when they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
    return list(compare_metadata(context, metadata()))


async def migrate(settings: Settings) -> Migrated:
    """Upgrade the database to the newest revision and make sure that the instance actor exists (DISC-8) and that
    everybody here has the keys there are today (ACT-1)."""
    if settings.sqlalchemy_url.startswith("sqlite"):
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)

    def upgrade(connection: Connection) -> Migrated:
        before = current_revision(connection)
        command.upgrade(alembic_config(connection), "head")
        return Migrated(before, current_revision(connection))

    migrated = await on_connection(settings.sqlalchemy_url, upgrade)
    from node.accounts.keys import add_missing_proof_keys
    from node.accounts.service import ensure_instance_actor

    async with running(settings) as runtime:
        async with runtime.write() as uow:
            await ensure_instance_actor(uow, settings, now=runtime.now())
        is_more = True
        while is_more:
            async with runtime.write() as uow:
                is_more = await add_missing_proof_keys(uow, settings, now=runtime.now())
    return migrated


def run_migrate(settings: Settings) -> Migrated:
    """Migrate, for callers without an event loop."""
    return asyncio.run(migrate(settings))


async def make_revision(settings: Settings, message: str) -> Path:
    """Write a new revision from the difference between the database and the code. For developers."""

    def generate(connection: Connection) -> Path:
        command.upgrade(alembic_config(connection), "head")
        number = len(list(ScriptDirectory.from_config(alembic_config()).walk_revisions())) + 1
        made = command.revision(alembic_config(connection), message=message, autogenerate=True, rev_id=f"{number:04}")
        assert made is not None
        assert not isinstance(made, list)
        return Path(made.path)

    return await on_connection(settings.sqlalchemy_url, generate)
