"""The line of those who wait for SQLite's write lock: in turn, with an end to patience, and never a second lock."""

import asyncio
import fcntl
import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from node.base import publishing
from node.base.db import write_lock
from node.base.db.write_lock import GaveWay, QueueingConnection, wanted_elsewhere
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.posts.likes import like_soon
from node.posts.models import Hashtag, Like
from tests.support.make import make_account, make_post
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


def _connect(path: Path) -> QueueingConnection:
    made = QueueingConnection(path, isolation_level=None, check_same_thread=False, timeout=0)
    made.execute("PRAGMA journal_mode=WAL")
    return made


def _await_head(path: Path, *, is_there: bool = True) -> None:
    """Return once somebody stands at the head of the line, or nobody does."""
    until = time.monotonic() + 30
    place = os.open(f"{path}-queue", os.O_RDWR)
    try:
        while time.monotonic() < until:
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_taken = True
            else:
                is_taken = False
                fcntl.flock(place, fcntl.LOCK_UN)
            if is_taken is is_there:
                return
    finally:
        os.close(place)
    raise AssertionError("nobody came, or nobody left")


def _write_once(connection: QueueingConnection, who: str) -> None:
    connection.begin()
    connection.execute("INSERT INTO turns VALUES (?)", (who,))
    connection.commit()


def test_who_waits_comes_before_who_has_just_written(tmp_path: Path) -> None:
    """A process that writes all the time starves nobody."""
    path = tmp_path / "line.sqlite3"
    busy, patient = _connect(path), _connect(path)
    busy.execute("CREATE TABLE turns (who TEXT)")
    busy.begin()

    thread = threading.Thread(target=_write_once, args=(patient, "patient"))
    thread.start()
    _await_head(path)
    busy.commit()
    _write_once(busy, "busy")  # at once, as a worker with a backlog does
    thread.join()
    assert [who for (who,) in busy.execute("SELECT who FROM turns")] == ["patient", "busy"]
    busy.close()
    patient.close()


def test_who_does_not_want_to_wait_gets_a_free_lock_and_passes_nobody_in_line(tmp_path: Path) -> None:
    path = tmp_path / "line.sqlite3"
    one, other = _connect(path), _connect(path)
    assert one.begin_at_once()
    assert not other.begin_at_once()
    one.commit()
    place = os.open(f"{path}-queue", os.O_RDWR)
    fcntl.flock(place, fcntl.LOCK_EX)  # somebody waits, and has not asked again yet
    assert not other.begin_at_once()
    os.close(place)
    assert other.begin_at_once()
    other.rollback()
    one.close()
    other.close()


def test_who_waits_stands_back_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came later goes first where that is asked; who asks for ever is not waited for."""
    monkeypatch.setattr(write_lock, "STANDS_BACK_SECONDS", 1.0)
    path = tmp_path / "line.sqlite3"
    busy, worker, poster = _connect(path), _connect(path), _connect(path)
    busy.execute("CREATE TABLE turns (who TEXT)")
    busy.begin()
    somebody_publishes = threading.Event()
    worker.stands_back = somebody_publishes.is_set

    waiting = threading.Thread(target=_write_once, args=(worker, "worker"))
    waiting.start()
    _await_head(path)
    somebody_publishes.set()
    _await_head(path, is_there=False)
    posting = threading.Thread(target=_write_once, args=(poster, "poster"))
    posting.start()
    _await_head(path)
    busy.commit()
    posting.join()
    waiting.join()  # though somebody still publishes
    assert [who for (who,) in busy.execute("SELECT who FROM turns")] == ["poster", "worker"]
    for connection in (busy, worker, poster):
        connection.close()


def test_who_can_begin_anew_leaves_the_connection_to_others(tmp_path: Path) -> None:
    path = tmp_path / "line.sqlite3"
    busy, flood = _connect(path), _connect(path)
    flood.begin(lambda: False)
    flood.rollback()
    busy.begin()
    with pytest.raises(GaveWay):
        flood.begin(lambda: True)
    assert not flood.in_transaction
    busy.commit()
    assert flood.begin_at_once()  # nor does it stand in line
    flood.rollback()
    busy.close()
    flood.close()


async def test_a_post_goes_before_likes_that_wait_for_another_process(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Likes have the one connection of their process, and a worker the lock; both wait until the post is there."""
    async with open_node(redis_server) as runtime:
        if runtime.database.dialect != "sqlite":
            pytest.skip("PostgreSQL has no such lock")
        monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 20.0)
        monkeypatch.setattr(publishing, "COUNTS_SECONDS", 20.0)
        ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
        liked = await make_post(runtime, ann, "Like this")
        worker = _connect(runtime.settings.data_dir / "rookery.sqlite3")
        worker.begin()
        like = asyncio.create_task(like_soon(runtime, bo.id, liked.id))
        await asyncio.to_thread(_await_head, runtime.settings.data_dir / "rookery.sqlite3")
        with runtime.publishing.under_way():
            posting = asyncio.create_task(make_post(runtime, ann, "First"))
            await asyncio.sleep(0.1)
            worker.commit()
            await posting
            assert not like.done()
            async with runtime.read() as reader:
                assert await reader.scalar(select(func.count()).select_from(Like)) == 0
        await like
        async with runtime.read() as reader:
            assert await reader.scalar(select(func.count()).select_from(Like)) == 1
        worker.close()


async def test_what_follows_a_commit_does_not_give_way(runtime: Runtime) -> None:
    """A hook's own transaction cannot be begun anew by whoever asked for that."""
    asked: list[object] = []

    async def hook() -> None:
        asked.append(wanted_elsewhere.get())

    wanted_elsewhere.set(lambda: False)
    async with runtime.write() as uow:
        uow.after_commit(hook)
    assert asked == [None]


def test_patience_ends_at_the_head_of_the_line_and_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who keeps the lock for too long makes others fail in the end, as SQLite itself does; the line goes on."""
    monkeypatch.setattr(write_lock, "PATIENCE_SECONDS", 0.02)
    path = tmp_path / "line.sqlite3"
    holder, other = _connect(path), _connect(path)
    holder.begin()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.begin()
    place = os.open(f"{path}-queue", os.O_RDWR)
    fcntl.flock(place, fcntl.LOCK_EX)
    holder.commit()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.begin()
    os.close(place)
    other.begin()
    other.rollback()
    holder.close()
    other.close()


def test_without_a_file_to_lock_only_the_line_is_missing(tmp_path: Path) -> None:
    """The file of the line cannot be made: SQLite's own lock still lets one write at a time."""
    path = tmp_path / "line.sqlite3"
    Path(f"{path}-queue").mkdir()
    one, other = _connect(path), _connect(path)
    one.begin()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    one.rollback()
    other.begin()
    other.rollback()
    one.close()
    other.close()


async def test_a_long_transaction_is_named_in_the_log(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each, with its length; transactions of usual length and reads say nothing."""
    async with open_node(redis_server) as runtime:
        if runtime.database.dialect != "sqlite":
            pytest.skip("PostgreSQL has no such lock")
        with capture_logs() as logs:
            monkeypatch.setattr(write_lock, "LONG_SECONDS", 60.0)
            await _write(runtime, "short")
            assert not [line for line in logs if line["event"] == "write_lock_kept_long"]
            monkeypatch.setattr(write_lock, "LONG_SECONDS", 0.0)
            await _write(runtime, "long")
    assert len([line for line in logs if line["event"] == "write_lock_kept_long"]) == 1


async def _write(runtime: Runtime, name: str) -> None:
    async with runtime.write() as uow:
        uow.add(Hashtag(id=new_id(), name=name, display=name, created_at=runtime.now()))
