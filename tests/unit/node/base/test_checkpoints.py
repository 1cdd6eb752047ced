"""Moving SQLite's log into its database beside those who read and write."""

import sqlite3
from pathlib import Path

from sqlalchemy import text
from structlog.testing import capture_logs

from admin.scheduler import Scheduler
from node.base.db.checkpoints import LONGEST, Checkpointer
from node.base.runtime import Runtime
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


def _connect(path: Path) -> sqlite3.Connection:
    made = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    made.execute("PRAGMA journal_mode=WAL")
    made.execute("PRAGMA wal_autocheckpoint=0")
    return made


async def test_a_reader_that_stays_keeps_nobody_waiting(tmp_path: Path) -> None:
    """What it may still need stays in the log; the rest is moved, and all of it once the reader is gone."""
    path = tmp_path / "log.sqlite3"
    writer, reader = _connect(path), _connect(path)
    writer.execute("CREATE TABLE said (words TEXT)")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM said").fetchall()
    writer.execute("INSERT INTO said VALUES ('rook')")
    writer.execute("BEGIN IMMEDIATE")
    checkpointer = Checkpointer(str(path))
    assert await checkpointer.run() > 0
    writer.execute("COMMIT")
    reader.execute("COMMIT")
    assert await checkpointer.run() == 0
    for connection in (writer, reader, checkpointer):
        connection.close()


async def test_a_log_is_begun_anew_in_the_schedulers_time(tmp_path: Path) -> None:
    """Whoever does so syncs its first page; where nobody wrote since, nobody does."""
    path = tmp_path / "log.sqlite3"

    def head() -> bytes:
        return path.with_name("log.sqlite3-wal").read_bytes()[:32]

    writer = _connect(path)
    writer.execute("PRAGMA user_version=7")
    writer.execute("CREATE TABLE said (words TEXT)")
    checkpointer = Checkpointer(str(path))
    before = head()
    assert await checkpointer.run() == 0
    anew = head()
    assert anew != before
    writer.execute("INSERT INTO said VALUES ('rook')")
    assert head() == anew, "not by a commit"
    assert await checkpointer.run() == 0
    idle = head()
    assert idle != anew
    assert await checkpointer.run() == 0
    assert await checkpointer.run() == 0
    assert head() == idle
    assert writer.execute("PRAGMA user_version").fetchone() == (7,)
    assert writer.execute("SELECT words FROM said").fetchall() == [("rook",)]
    for connection in (writer, checkpointer):
        connection.close()


async def test_a_log_that_cannot_be_begun_anew_keeps_nobody_from_writing(tmp_path: Path) -> None:
    """On a full disk a COMMIT fails, and its transaction may go on."""
    path = tmp_path / "log.sqlite3"
    writer = _connect(path)
    writer.execute("CREATE TABLE said (words TEXT)")
    checkpointer = Checkpointer(str(path))
    checkpointer._raw = _connect(path)
    checkpointer._raw.set_authorizer(
        lambda action, what, *_: (
            sqlite3.SQLITE_DENY if (action, what) == (sqlite3.SQLITE_TRANSACTION, "COMMIT") else sqlite3.SQLITE_OK
        )
    )
    with capture_logs() as logs:
        assert await checkpointer.run() == 0
    assert [line["event"] for line in logs] == ["checkpoint_failed"]
    writer.execute("PRAGMA busy_timeout=0")
    writer.execute("INSERT INTO said VALUES ('rook')")
    for connection in (writer, checkpointer):
        connection.close()


async def test_a_file_that_fails_is_tried_again(tmp_path: Path) -> None:
    """The scheduler's tick goes on."""
    checkpointer = Checkpointer(str(tmp_path / "missing" / "log.sqlite3"))
    with capture_logs() as logs:
        assert await checkpointer.run() == 0
    assert [line["event"] for line in logs] == ["checkpoint_failed"]
    checkpointer.close()


async def test_the_scheduler_moves_what_requests_need_not(redis_server: RedisServer) -> None:
    """Writers do it themselves only where the log has grown long."""
    async with open_node(redis_server) as runtime:
        if runtime.database.dialect != "sqlite":
            return
        assert await _autocheckpoint(runtime) == LONGEST
        file = runtime.database.writer.url.database or ""
        scheduler = Scheduler(runtime, checkpointer=Checkpointer(file))
        await scheduler.tick()
        assert scheduler.checkpointer is not None
        assert await scheduler.checkpointer.run() == 0
        scheduler.checkpointer.close()


async def _autocheckpoint(runtime: Runtime) -> int:
    async with runtime.write() as uow:
        return int(await uow.scalar(text("PRAGMA wal_autocheckpoint")))
