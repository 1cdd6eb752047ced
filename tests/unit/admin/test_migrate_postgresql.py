"""`rookery migrate` on PostgreSQL: the same revisions, the same tables as the code knows, alone and twice at once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from admin.migrate import head_revision, migrate, on_connection, schema_differences
from node.base.runtime import running
from node.base.settings import Settings
from node.uris import INSTANCE_ACTOR_ID
from tests.support.nodes import make_settings
from tests.support.postgres import PostgresServer
from tests.support.redis_server import RedisServer


@pytest.fixture
def settings(postgres_server: PostgresServer, redis_server: RedisServer, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a node whose database has no table yet."""
    url = postgres_server.empty_url()
    yield make_settings(tmp_path, redis_url=redis_server.new_url(), database_url=url)
    postgres_server.drop(url)


async def test_an_empty_database_gets_every_table_and_a_full_one_keeps_its_rows(settings: Settings) -> None:
    first = await migrate(settings)
    assert (first.before, first.after) == ("", head_revision())
    assert await on_connection(settings.sqlalchemy_url, schema_differences) == []
    again = await migrate(settings)
    assert again.before == again.after == head_revision()
    async with running(settings) as runtime, runtime.read() as reader:
        assert list(await reader.scalars(text("SELECT id FROM accounts"))) == [INSTANCE_ACTOR_ID]


async def test_two_processes_that_migrate_at_once_wait_for_each_other(settings: Settings) -> None:
    both = await asyncio.gather(migrate(settings), migrate(settings))
    assert sorted(done.before for done in both) == ["", head_revision()]
    assert {done.after for done in both} == {head_revision()}


async def test_a_migration_that_fails_half_way_never_happened(settings: Settings) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE half (id bigint)"))
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await on_connection(settings.sqlalchemy_url, half)
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'half'"
    assert await on_connection(settings.sqlalchemy_url, lambda connection: connection.scalar(text(tables))) == 0
