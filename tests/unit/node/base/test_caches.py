"""Shared caches: one makes what many ask for, other processes find it in Redis, and without Redis it is made."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from node.base.cache import RedisGate, open_redis
from node.base.caches import Caches, SharedCache
from tests.support.redis_server import RedisServer

Key = tuple[int, int]


class Maker:
    """Counts what it makes. Waits to be let go where `held`."""

    def __init__(self, *, held: bool = False, fails: bool = False) -> None:
        self.made: list[Key] = []
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.fails = fails
        if not held:
            self.let_go.set()

    async def __call__(self, keys: Sequence[Key]) -> dict[Key, Any]:
        self.made += keys
        self.begun.set()
        await self.let_go.wait()
        if self.fails:
            raise RuntimeError("It cannot be made")
        return {key: {"id": str(key[0]), "version": key[1]} for key in keys if key[0] > 0}


@pytest.fixture
async def gate(redis_server: RedisServer) -> AsyncIterator[RedisGate]:
    """A Redis of this test's own."""
    gate = RedisGate(open_redis(redis_server.new_url()))
    yield gate
    await gate.redis.aclose()


def process(gate: RedisGate) -> tuple[Caches, SharedCache]:
    """Return the caches of a process, and one of them."""
    caches = Caches()
    return caches, caches.shared("things", gate=gate, stamp="1", size=3, seconds=60, shared_seconds=60)


async def test_many_readers_of_one_absent_entry_make_it_once(gate: RedisGate) -> None:
    caches, cache = process(gate)
    make = Maker(held=True)
    readers = [asyncio.create_task(cache.find([(1, 1), (number + 2, 1)], make)) for number in range(20)]
    await make.begun.wait()
    make.let_go.set()
    found = await asyncio.gather(*readers)
    assert all(entries[1, 1] == {"id": "1", "version": 1} for entries in found)
    assert make.made.count((1, 1)) == 1
    assert len(make.made) == 21
    assert caches.lookups()["things:joined"] == 19


async def test_a_second_process_finds_it_in_redis(gate: RedisGate) -> None:
    make = Maker()
    await process(gate)[1].find([(1, 1), (2, 1)], make)
    caches, second = process(gate)
    assert await second.find([(1, 1), (2, 1), (3, 1)], make) == {
        (number, 1): {"id": str(number), "version": 1} for number in (1, 2, 3)
    }
    await second.find([(1, 1)], make)
    assert make.made == [(1, 1), (2, 1), (3, 1)]
    assert caches.lookups() == {"things:process": 1, "things:redis": 2, "things:joined": 0, "things:made": 1}
    assert caches.untold_lookups() == {"things:process": 1, "things:redis": 2, "things:made": 1}
    assert caches.untold_lookups() == {}


async def test_another_version_is_another_entry_and_what_is_not_there_is_left_out(gate: RedisGate) -> None:
    _, cache = process(gate)
    make = Maker()
    await cache.find([(1, 1)], make)
    assert await cache.find([(1, 2), (0, 1)], make) == {(1, 2): {"id": "1", "version": 2}}
    assert make.made == [(1, 1), (1, 2), (0, 1)]


async def test_entries_in_redis_end_by_themselves(gate: RedisGate) -> None:
    await process(gate)[1].find([(1, 1)], Maker())
    (name,) = await gate.redis.keys("cached:*")
    assert 0 < await gate.redis.ttl(name) <= 60


async def test_without_redis_entries_are_made_and_kept_here() -> None:
    gate = RedisGate(open_redis("unix:///nowhere/redis.sock"))
    _, cache = process(gate)
    make = Maker()
    for _ in range(2):
        assert await cache.find([(1, 1)], make) == {(1, 1): {"id": "1", "version": 1}}
    assert make.made == [(1, 1)]


async def test_who_waited_for_a_maker_that_failed_makes_it(gate: RedisGate) -> None:
    """Also where the first reader hung up meanwhile: nobody's page depends on another's request."""
    for ends in ("fails", "hangs up"):
        _, cache = process(gate)
        first, second = Maker(held=True, fails=ends == "fails"), Maker()
        leader = asyncio.create_task(cache.find([(1, 7)], first))
        await first.begun.wait()
        follower = asyncio.create_task(cache.find([(1, 7)], second))
        await asyncio.sleep(0)
        if ends == "fails":
            first.let_go.set()
        else:
            leader.cancel()
        assert await follower == {(1, 7): {"id": "1", "version": 7}}
        await asyncio.wait([leader])
        assert leader.cancelled() or isinstance(leader.exception(), RuntimeError)
        assert second.made == [(1, 7)]
        await gate.redis.flushdb()


async def test_no_more_is_kept_than_the_size(gate: RedisGate) -> None:
    _, cache = process(gate)
    make = Maker()
    await cache.find([(number, 1) for number in range(1, 8)], make)
    assert len(cache._local._entries) == 3
