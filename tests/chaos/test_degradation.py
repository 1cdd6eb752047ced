"""The table "What if a part fails" of the operator's guide, row by row, while people use the node.

During each row the session of `replaying` goes on; afterwards everything that was answered is there once. The rows
about Redis and about processes cost nobody a refusal; those about the database may, and what was refused is repeated.
"""

import asyncio
import contextlib
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import psutil
import pytest
from redis import Redis

from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import RealNode, settled
from tests.chaos.replaying import Replay
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.long]

LOCKED_SECONDS = 10


class Stage:
    """The node under test with its own Redis, another node, and the session."""

    def __init__(self, node: RealNode, other: RealNode, redis: RedisServer, replay: Replay) -> None:
        self.node, self.other, self.redis, self.replay = node, other, redis, replay

    def client(self) -> Redis:
        return Redis(unix_socket_path=str(self.redis.socket), socket_timeout=10)

    async def rest(self) -> None:
        """Let everything arrive, and look whether it did."""
        await settled(self.node, self.other, seconds=90)
        await self.replay.check()
        assert self.node.parked() == []


@asynccontextmanager
async def staged(launch: StartNode) -> AsyncIterator[Stage]:
    redis = RedisServer()
    try:
        a, b = launch("a", redis_url=f"unix://{redis.socket}"), launch("b")
        await asyncio.gather(a.ready(), b.ready())
        ann, bo, cleo = await a.person("ann"), await a.person("bo"), await b.person("cleo")
        await asyncio.gather(bo.follow(ann), cleo.follow(ann))
        replay = Replay(ann, bo, cleo)
        await replay.begin()
        await replay.replay("well")
        try:
            yield Stage(a, b, redis, replay)
        finally:
            await replay.end()
    finally:
        with contextlib.suppress(ProcessLookupError):
            redis._process.send_signal(signal.SIGCONT)
        redis.close()


async def test_redis_fails_in_every_way(launch: StartNode) -> None:
    """Gone, hanging, emptied, full, read-only: nobody is refused anything."""
    async with staged(launch) as stage:
        stage.redis.stop()
        await stage.replay.replay("gone")
        stage.redis.restart()
        await stage.rest()

        stage.redis._process.send_signal(signal.SIGSTOP)
        await stage.replay.replay("hanging")
        stage.redis._process.send_signal(signal.SIGCONT)
        await stage.rest()

        with closing(stage.client()) as client:
            client.flushall()
            await stage.replay.replay("emptied")
            await stage.rest()

            client.config_set("maxmemory", "1")
            await stage.replay.replay("full")
            client.config_set("maxmemory", "0")
            await stage.rest()

            client.execute_command("REPLICAOF", "127.0.0.1", "1")
            await stage.replay.replay("read-only")
            client.execute_command("REPLICAOF", "NO", "ONE")
            await stage.rest()
        assert not stage.replay.refusals


async def test_processes_that_hang_hold_nobody_up(launch: StartNode) -> None:
    async with staged(launch) as stage:
        for part in ("rookery: scheduler", "rookery: worker relay", "rookery: worker deliver"):
            stuck = stage.node.signal(part, signal.SIGSTOP)
            assert stuck, part
            await stage.replay.replay(f"without {part}")
            for pid in stuck:
                psutil.Process(pid).send_signal(signal.SIGCONT)
            await stage.rest()
        assert not stage.replay.refusals


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE")), reason="about SQLite's file")
async def test_a_database_that_is_locked_or_cannot_grow(launch: StartNode) -> None:
    async with staged(launch) as stage:
        # Another process holds the file's write lock: what is read is read, what is written waits.
        with closing(sqlite3.connect(stage.node.database_file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            replaying = asyncio.create_task(stage.replay.replay("locked"))
            assert await stage.replay.bo.home()
            await asyncio.sleep(LOCKED_SECONDS)
            other.execute("ROLLBACK")
        await replaying
        await stage.rest()

        # No file can grow any more, as on a full disk.
        pids = stage.node.pids("rookery: ")
        for pid in pids:
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (4096, -1))
        replaying = asyncio.create_task(stage.replay.replay("full disk"))
        async with asyncio.timeout(60):
            while not stage.replay.refusals["503"]:
                await asyncio.sleep(0.1)
        assert await stage.replay.bo.home()
        for pid in pids:
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        await replaying
        await stage.rest()


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE")), reason="about the index in files")
async def test_a_search_index_that_is_broken(launch: StartNode) -> None:
    async with staged(launch) as stage:
        await stage.rest()
        for file in (stage.node.settings.data_dir / "search").rglob("*"):
            if file.is_file():
                file.write_bytes(b"\x00nonsense")
        await stage.replay.replay("unsearched")
        found = await stage.replay.bo.call("GET", "/api/v2/search", params={"q": "unsearched"})
        assert found["accounts"] == []
        found = await stage.replay.bo.call("GET", "/api/v2/search", params={"q": "ann"})
        assert [account["username"] for account in found["accounts"]] == ["ann"]
        await stage.rest()
        assert not stage.replay.refusals
