"""Which failures of the database pass by themselves (503, try again), and which are faults that must be seen (500)."""

import sqlite3
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from node.base.db import write_lock
from node.base.db.engine import open_database
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork, read_session, unit_of_work
from node.base.errors import Unavailable
from node.base.full_disk import NO_ROOM
from node.base.runtime import Runtime
from node.posts.models import Post
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer

PASSING = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "lock not available",
    "57014": "cancelled, by a limit of time or by hand",
    "57P01": "the server is shut down",
    "57P02": "the server crashed",
    "57P03": "the server cannot be connected to now",
    "08006": "connection failure",
    "25006": "a standby takes no writes",
    "53100": "disk full",
    "53300": "too many connections",
    "58030": "error of the disk",
}
FAULTS = {
    "42P01": "no such table",
    "42703": "no such column",
    "42601": "syntax error",
    "42804": "wrong type",
    "42501": "not allowed",
    "22P02": "no such value of this type",
    "23505": "unique key is taken",
    "XX000": "internal error",
}
WRONG = (
    "SELECT nothing FROM posts",
    "SELECT id FROM no_such_table",
    "SELEC 1",
    "UPDATE posts SET nothing = 1",
    "SELECT abs(1, 2)",
)


async def _write(runtime: Runtime, *statements: str) -> None:
    async with runtime.write() as uow:
        for statement in statements:
            await uow.execute(text(statement))


async def _read(runtime: Runtime, statement: str) -> None:
    async with runtime.read() as reader:
        await reader.execute(text(statement))


@pytest.mark.parametrize("statement", WRONG)
async def test_a_fault_of_a_statement_is_no_503(runtime: Runtime, statement: str) -> None:
    """A missing table or column, a syntax error: trying again would never help, so it is not said."""
    with pytest.raises(DBAPIError):
        await _write(runtime, statement)
    with pytest.raises(DBAPIError):
        await _read(runtime, statement)
    await _write(runtime, "SELECT 1")  # the connection is as good as before


async def test_every_state_that_postgresql_gives(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """As the driver raises it, by its SQLSTATE."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        for state in PASSING:
            with pytest.raises(Unavailable):
                await _write(runtime, f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
        for state in FAULTS:
            with pytest.raises(DBAPIError):
                await _write(runtime, f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
        with pytest.raises(Unavailable):  # as it really comes: the server ends the connection in the midst
            await _write(runtime, "SELECT pg_terminate_backend(pg_backend_pid())")
        await _write(runtime, "SELECT 1")
        with pytest.raises(Unavailable):
            await _write(runtime, "SET LOCAL statement_timeout = 1", "SELECT pg_sleep(10)")
        with pytest.raises(Unavailable):
            await _write(runtime, "SET TRANSACTION READ ONLY", "UPDATE posts SET text = ''")


async def test_a_database_that_is_not_there() -> None:
    """Neither server nor file: nothing says a code then."""
    database = open_database("postgresql+asyncpg://rookery@/none?host=/nowhere")
    for statement in (Prepared(select(Post.id)), select(Post.id)):
        with pytest.raises(Unavailable):
            async with read_session(database.reader, database.direct) as reader:
                await reader.rows(statement)
        with pytest.raises(Unavailable):
            async with unit_of_work(database.writer) as uow:
                await uow.rows(statement)
    await database.close()
    database = open_database("sqlite+aiosqlite:////nowhere/none.sqlite3")
    with pytest.raises(Unavailable):
        async with read_session(database.reader, database.direct) as reader:
            await reader.rows(Prepared(select(Post.id)))
    await database.close()


async def _full(uow: UnitOfWork) -> None:
    await uow.execute(text("PRAGMA max_page_count = 1"))
    try:
        await uow.execute(text("CREATE TABLE big AS SELECT randomblob(100000) AS x"))
    finally:
        await uow.execute(text("PRAGMA max_page_count = 1000000"))


async def test_what_sqlite_says(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked by another program, behind it in the line, no room, a file that takes no writes."""
    async with open_node(redis_server) as runtime:
        if runtime.database.dialect != "sqlite":
            pytest.skip("about SQLite's codes")
        monkeypatch.setattr(write_lock, "PATIENCE_SECONDS", 0.02)
        other = sqlite3.connect(runtime.settings.data_dir / "rookery.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await _write(runtime, "UPDATE posts SET text = ''")
        other.execute("ROLLBACK")
        other.close()
        monkeypatch.setattr(write_lock.QueueingConnection, "_take_place", lambda _: False)
        with pytest.raises(Unavailable):
            await _write(runtime, "UPDATE posts SET text = ''")
        monkeypatch.undo()
        with pytest.raises(Unavailable, match=NO_ROOM):
            async with runtime.write() as uow:
                await _full(uow)
        with pytest.raises(Unavailable):
            await _write(runtime, "PRAGMA query_only = ON", "UPDATE posts SET text = ''")
