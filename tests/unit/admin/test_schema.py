"""The migrations give exactly the tables the code knows, on SQLite and on PostgreSQL, in one transaction."""

import asyncio
import importlib
import os
import sqlite3
from pathlib import Path

import pytest

from admin.migrate import current_revision, head_revision, migrate, on_connection, schema_differences
from admin.schema import MODULES
from node.base.runtime import running
from node.base.settings import Settings
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[3]


def test_every_models_module_is_listed() -> None:
    listed = {module.__name__ for module in MODULES}
    for package in ("node", "inbox", "outbox"):
        for path in (ROOT / package).rglob("models.py"):
            assert ".".join(path.relative_to(ROOT).with_suffix("").parts) in listed
    assert "node.base.db.event_log" in listed
    for name in listed:
        importlib.import_module(name)


async def test_migrated_schema_is_the_one_the_code_knows(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    await migrate(settings)
    assert await on_connection(settings.sqlalchemy_url, schema_differences) == []
    assert await on_connection(settings.sqlalchemy_url, current_revision) == head_revision()


async def test_the_same_on_postgresql(tmp_path: Path, postgres_server: PostgresServer) -> None:
    url = postgres_server.empty_url()
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    await asyncio.gather(migrate(settings), migrate(settings))
    assert await on_connection(url, schema_differences) == []
    postgres_server.drop(url)


async def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    await asyncio.gather(migrate(settings), migrate(settings))
    assert await on_connection(settings.sqlalchemy_url, schema_differences) == []


async def test_migrating_makes_the_instance_actor_once(tmp_path: Path) -> None:
    """DISC-8: the node can sign from its first second."""
    from node.accounts.keys import instance_signing_key
    from node.accounts.queries import get_account
    from node.uris import INSTANCE_ACTOR_ID

    settings = Settings(data_dir=tmp_path / "data")
    await migrate(settings)
    async with running(settings) as runtime, runtime.read() as reader:
        before = await instance_signing_key(reader)
        assert (await get_account(reader, INSTANCE_ACTOR_ID)).actor_type == "Application"
    await migrate(settings)
    async with running(settings) as runtime, runtime.read() as reader:
        assert await instance_signing_key(reader) == before


async def test_a_migration_that_fails_half_way_never_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    settings = Settings(data_dir=tmp_path / "data")
    original = op.create_table
    made: list[str] = []

    def create_table(name: str, *args: object, **kwargs: object) -> object:
        if len(made) == 3:
            raise OSError("the machine lost power")
        made.append(name)
        return original(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(op, "create_table", create_table)
    with pytest.raises(OSError, match="lost power"):
        await migrate(settings)
    with sqlite3.connect(tmp_path / "data" / "rookery.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()
    monkeypatch.undo()
    await migrate(settings)
    assert await on_connection(settings.sqlalchemy_url, schema_differences) == []


async def test_the_data_folder_is_made_private(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    await migrate(settings)
    assert os.stat(tmp_path / "data").st_mode & 0o777 == 0o700
