"""SQLite under one event loop: short statements stay on its thread, whatever may wait does not."""

import asyncio
import sqlite3

from node.accounts.queries import find_account
from node.base.runtime import Runtime
from node.uris import INSTANCE_ACTOR_ID
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


async def test_waiting_for_the_write_lock_does_not_stop_the_loop(redis_server: RedisServer) -> None:
    """Another process holds the lock; our first statement is a short one, and the loop goes on all the same."""
    async with open_node(redis_server) as runtime:
        other = sqlite3.connect(runtime.settings.data_dir / "rookery.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(_read_in_a_write(runtime))
        ticks = 0
        while ticks < 20:
            await asyncio.sleep(0.005)
            ticks += 1
        assert not writing.done()
        other.execute("ROLLBACK")
        other.close()
        assert await asyncio.wait_for(writing, 10)


async def _read_in_a_write(runtime: Runtime) -> bool:
    async with runtime.write() as uow:
        return await find_account(uow, INSTANCE_ACTOR_ID) is not None
