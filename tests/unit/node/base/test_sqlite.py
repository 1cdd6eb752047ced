"""SQLite under one event loop: short statements stay on its thread, whatever may wait does not."""

import asyncio
import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.util import greenlet_spawn
from sqlalchemy.util.queue import Empty

from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.db.pool import FairQueue
from node.base.db.prepared import Prepared
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


@pytest.mark.parametrize("prepared", [True, False])
async def test_who_goes_while_waiting_for_the_lock_does_not_get_it(redis_server: RedisServer, prepared: bool) -> None:
    """A person hangs up: the lock that their request waited for is free for others, and for the next of ours."""
    async with open_node(redis_server) as runtime:
        other = sqlite3.connect(runtime.settings.data_dir / "rookery.sqlite3", isolation_level=None, timeout=10)
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(_write(runtime, prepared=prepared))
        await asyncio.sleep(0.05)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        other.execute("ROLLBACK")
        for _ in range(20):
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
            await asyncio.sleep(0.005)
        other.close()
        assert await _read_in_a_write(runtime)


async def _write(runtime: Runtime, *, prepared: bool) -> None:
    async with runtime.write() as uow:
        if prepared:
            await uow.rows(Prepared(select(Account.id)))
        else:
            await uow.scalars(select(Account.id))


async def _read_in_a_write(runtime: Runtime) -> bool:
    async with runtime.write() as uow:
        return await find_account(uow, INSTANCE_ACTOR_ID) is not None


async def test_who_writes_in_a_loop_lets_those_go_who_wait(redis_server: RedisServer) -> None:
    """The process has one connection that writes: whoever waits for it gets it at the end of a transaction."""
    async with open_node(redis_server) as runtime:
        begun, order = asyncio.Event(), []

        async def in_a_loop() -> None:
            for number in range(5):
                async with runtime.write() as uow:
                    await uow.scalars(select(Account.id))
                    if number == 0:
                        begun.set()
                        await asyncio.sleep(0.02)
                    order.append("loop")

        looping = asyncio.create_task(in_a_loop())
        await begun.wait()
        others = [asyncio.create_task(_write(runtime, prepared=prepared)) for prepared in (True, False)]
        for other in others:
            other.add_done_callback(lambda _: order.append("other"))
        await asyncio.gather(looping, *others)
        assert order[:4].count("other") == 2


@pytest.mark.parametrize("gives_way", [False, True])
async def test_who_writes_in_a_loop_leaves_turns_to_who_does_not_write(
    redis_server: RedisServer, gives_way: bool
) -> None:
    """A transaction may be done in one turn of the event loop: a thousand of them are not."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with open_node(redis_server) as runtime:
        counting = asyncio.create_task(count())
        for _ in range(20):
            await _write(replace(runtime, gives_way=gives_way), prepared=True)
        counting.cancel()
    assert turns >= 20


async def test_who_stops_waiting_for_a_connection_leaves_it_to_others() -> None:
    """Also in the very moment in which it comes, and when it comes too late."""
    pool = FairQueue(1)
    gone, late, unlucky, last = (
        asyncio.create_task(greenlet_spawn(pool.get, True, seconds)) for seconds in (10, 0.001, 10, 10)
    )
    await asyncio.sleep(0.05)
    gone.cancel()
    with pytest.raises(Empty):
        await late
    pool.put_nowait("the connection")
    unlucky.cancel()
    assert await asyncio.wait_for(last, 10) == "the connection"
    assert gone.cancelled()
    assert unlucky.cancelled()
    assert pool.empty()
