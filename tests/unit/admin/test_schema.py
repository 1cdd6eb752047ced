"""The migrations give exactly the tables the code knows, on SQLite and on PostgreSQL, in one transaction."""

import asyncio
import importlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import JSON, Column, Connection, DateTime, MetaData, select

from admin.migrate import alembic_config, current_revision, head_revision, migrate, on_connection, schema_differences
from admin.schema import MODULES
from node.base.runtime import running
from node.base.settings import Settings
from node.follows.models import Follow
from node.markers.models import Marker
from node.moderation.models import DomainPolicy
from node.posts.models import Post
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


@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
async def test_a_node_with_people_and_posts_comes_along(
    tmp_path: Path, request: pytest.FixtureRequest, on: str
) -> None:
    """What the first version stored is there, and readable with today's code, after the upgrade."""
    url = request.getfixturevalue("postgres_server").empty_url() if on == "postgresql" else ""
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    settings.data_dir.mkdir()
    now = "2026-11-01 12:00:00"

    def first_version(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), "0001")
        old = MetaData()
        old.reflect(connection)
        ids = {"id": 7, "account_id": 7, "thread_id": 7}
        stranger = {"id": 8, "domain": "far.test", "username_folded": "bo", "uri": "https://web.far.test:8443/users/bo"}
        followed = {"id": 9, "follower_id": 8, "followee_id": 7, "accepted_at": datetime.fromisoformat(now)}
        following = {"id": 10, "follower_id": 7, "followee_id": 8}
        read = {
            "id": 11,
            "account_id": 7,
            "from_account_id": 8,
            "kind": "follow",
            "read_at": datetime.fromisoformat(now),
        }
        unread = {"id": 12, "account_id": 7, "from_account_id": 8, "kind": "mention"}
        for name, given in (
            ("accounts", ids),
            ("posts", ids),
            ("domain_policies", ids),
            ("accounts", stranger),
            ("follows", followed),
            ("follows", following),
            ("notifications", read),
            ("notifications", unread),
        ):
            table = old.tables[name]
            row = {
                column.name: given.get(column.name, _filler(column, datetime.fromisoformat(now)))
                for column in table.columns
                if column.name in given or not column.nullable
            }
            connection.execute(table.insert().values(row))

    await on_connection(settings.sqlalchemy_url, first_version)
    await migrate(settings)
    assert await on_connection(settings.sqlalchemy_url, schema_differences) == []
    async with running(settings) as runtime, runtime.read() as reader:
        post = await reader.scalar(select(Post).where(Post.id == 7))
        assert (post.quote_state, post.interaction_policy, post.quotes_count) == ("", {}, 0)
        policy = await reader.scalar(select(DomainPolicy))
        assert policy.reject_reports is False
        hosts = await reader.execute(select(Follow.id, Follow.host))
        assert dict(tuple(row) for row in hosts) == {9: "web.far.test:8443", 10: None}
        assert await reader.scalar(select(Marker.last_read_id).where(Marker.account_id == 7)) == 11
    if url:
        request.getfixturevalue("postgres_server").drop(url)


def _filler(column: Column[Any], now: datetime) -> object:
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, DateTime):
        return now.replace(tzinfo=UTC if column.type.timezone else None)
    return column.type.python_type()


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
