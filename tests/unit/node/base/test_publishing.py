"""Who gives way to whoever publishes: until that is over, and never for long."""

import asyncio
import struct
import time
from collections.abc import Coroutine
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from node.base import publishing
from node.base.publishing import Notice, Publishing
from node.base.runtime import Runtime, open_runtime


def elsewhere(doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Do something as another request would, which publishes nothing."""
    return asyncio.create_task(doing, context=Context())


async def test_who_gives_way_goes_on_when_the_last_is_done() -> None:
    one = Publishing()
    await one.give_way()  # to nobody
    with one.under_way():
        with one.under_way():
            waits = elsewhere(one.give_way())
            await asyncio.sleep(0)
            assert one
        await asyncio.sleep(0)
        assert not waits.done()
    assert not one
    await waits


async def test_who_publishes_without_end_is_given_way_to_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers who begin to publish again and again do not hold up deliveries (attack row 59)."""
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.02)
    one = Publishing()
    with one.under_way():
        await elsewhere(one.give_way())
        with one.under_way():
            assert not one
            await elsewhere(one.give_way())
        assert not one
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    with one.under_way():
        assert one


async def test_who_takes_long_to_publish_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body never comes keeps nobody from being given way to."""
    monkeypatch.setattr(publishing, "COUNTS_SECONDS", 0.0)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    one = Publishing()
    with one.under_way():
        await elsewhere(one.give_way())
        assert not one
        with one.under_way():
            assert one


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(publishing, "COUNTS_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
async def test_who_publishes_waits_for_one_of_those_at_most_who_write(runtime: Runtime) -> None:
    """A hundred people follow somebody, and one posts: the post is next, the others come after it, one by one."""
    done: list[str] = []
    free, begun = asyncio.Event(), asyncio.Event()

    async def write(name: str) -> None:
        async with runtime.write() as uow:
            await uow.execute(text("SELECT 1"))
            begun.set()
            await free.wait()
            async with runtime.write():  # within another it waits for nobody
                done.append(name)

    async def post() -> None:
        with runtime.publishing.under_way():
            async with runtime.write() as uow:
                await uow.execute(text("SELECT 1"))
            await asyncio.sleep(0.02)  # what follows the commit
            done.append("post")

    async with asyncio.timeout(20):
        writing = [elsewhere(write(f"follow {number}")) for number in range(4)]
        await begun.wait()
        posting = elsewhere(post())
        await asyncio.sleep(0.01)
        free.set()
        await asyncio.gather(posting, *writing)
    if runtime.database.dialect == "sqlite":
        assert done == ["follow 0", "post", "follow 1", "follow 2", "follow 3"]


@pytest.mark.usefixtures("patient")
async def test_other_processes_give_way_too(tmp_path: Path) -> None:
    web, worker = Publishing(tmp_path / "publishing"), Notice(tmp_path / "publishing")
    await worker.give_way()  # to nobody
    with web.under_way():
        with web.under_way():
            waits = asyncio.create_task(worker.give_way())
            await asyncio.sleep(0)
        await asyncio.sleep(3 * publishing.LOOK_SECONDS)
        assert not waits.done()
    async with asyncio.timeout(5):
        await waits


async def test_other_processes_give_way_for_a_moment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two web processes whose people publish in turns, without a break, do not stop the workers."""
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 0.02)
    web, worker = Notice(tmp_path / "publishing"), Notice(tmp_path / "publishing")

    async def publish_all_the_time() -> None:
        while True:
            web.put_up(time.monotonic() + 0.02)
            await asyncio.sleep(0.001)

    publishing_on = asyncio.create_task(publish_all_the_time())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await worker.give_way()
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    async with asyncio.timeout(5):
        await worker.give_way()
    publishing_on.cancel()
    web.put_up(0.0)
    await worker.give_way()
    web.put_up(time.monotonic() + 50)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await worker.give_way()


@pytest.mark.parametrize(
    "left", [b"", b"abc", struct.pack("d", float("nan")), struct.pack("d", float("inf")), struct.pack("d", 1e12)]
)
async def test_what_somebody_else_left_holds_nobody_up(tmp_path: Path, left: bytes) -> None:
    """A process that was killed, another machine's clock, half a line."""
    (tmp_path / "publishing").write_bytes(left)
    async with asyncio.timeout(0.5):
        await Notice(tmp_path / "publishing").give_way()
    killed = Notice(tmp_path / "publishing")
    killed.put_up(time.monotonic() + 0.01)
    killed.close()
    async with asyncio.timeout(0.5):
        await Notice(tmp_path / "publishing").give_way()


async def test_without_its_file_nobody_gives_way_and_all_else_goes_on(tmp_path: Path) -> None:
    web = Publishing(tmp_path / "missing" / "publishing")
    with web.under_way():
        assert web
        await Notice(tmp_path / "missing" / "publishing").give_way()
    web.notice.close()


@pytest.mark.usefixtures("patient")
async def test_a_worker_begins_no_transaction_while_somebody_publishes(runtime: Runtime) -> None:
    worker = open_runtime(runtime.settings, clock=runtime.clock, gives_way=True)

    async def write() -> None:
        async with worker.write() as uow:
            await uow.execute(text("SELECT 1"))

    with runtime.publishing.under_way():
        async with asyncio.timeout(5), runtime.write() as uow:  # who publishes waits for nobody
            await uow.execute(text("SELECT 1"))
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.02)
        assert not writing.done()
    async with asyncio.timeout(5):
        await writing
    await worker.close()
