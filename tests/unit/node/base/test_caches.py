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


class Counting:
    """Counts everybody: the first time 1, then 2 and so on. Takes until it is let go."""

    def __init__(self) -> None:
        self.counted = 0
        self.let_go = asyncio.Event()
        self.fails = False

    async def __call__(self) -> int:
        self.counted += 1
        await self.let_go.wait()
        if self.fails:
            raise RuntimeError("It cannot be counted")
        return self.counted


async def test_what_stands_is_made_once_for_all_who_wait_for_it() -> None:
    caches = Caches()
    kept, count = caches.standing("people", seconds=60, stale_seconds=600), Counting()
    asking = [asyncio.create_task(kept.get(count)) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    await asyncio.sleep(0)
    count.let_go.set()
    assert await asyncio.gather(*asking[1:]) == [1] * 19
    assert await kept.get(count) == 1
    assert count.counted == 1
    assert caches.standing("people", seconds=60, stale_seconds=600) is kept
    assert caches.lookups() == {"people:process": 1, "people:made": 1}


async def test_nobody_waits_while_what_stands_is_made_anew() -> None:
    kept, count = Caches().standing("people", seconds=0.0, stale_seconds=600), Counting()
    count.let_go.set()
    assert await kept.get(count) == 1
    count.let_go.clear()
    async with asyncio.timeout(10):
        for _ in range(5):
            assert await kept.get(count) == 1
            await asyncio.sleep(0)
    assert count.counted == 2
    count.let_go.set()
    async with asyncio.timeout(10):
        while await kept.get(count) == 1:
            await asyncio.sleep(0)


async def test_what_has_stood_for_too_long_is_waited_for_and_a_failure_is_told_to_who_waits() -> None:
    kept, count = Caches().standing("people", seconds=0.0, stale_seconds=0.0), Counting()
    count.let_go.set()
    assert await kept.get(count) == 1
    assert await kept.get(count) == 2
    count.fails = True
    with pytest.raises(RuntimeError):
        await kept.get(count)
    count.fails = False
    assert await kept.get(count) == 4


async def test_what_could_not_be_made_anew_stands_as_it_was() -> None:
    kept, count = Caches().standing("people", seconds=0.0, stale_seconds=600), Counting()
    count.let_go.set()
    assert await kept.get(count) == 1
    count.fails = True
    for _ in range(3):
        assert await kept.get(count) == 1
        await asyncio.sleep(0.01)
    assert count.counted > 2


async def test_nothing_is_made_any_more_once_the_node_closes() -> None:
    caches = Caches()
    kept, count = caches.standing("people", seconds=0.0, stale_seconds=600), Counting()
    count.let_go.set()
    await kept.get(count)
    count.let_go.clear()
    await kept.get(count)
    await asyncio.sleep(0)
    assert count.counted == 2, "being made anew"
    before = asyncio.all_tasks()
    await caches.close()
    assert len(asyncio.all_tasks()) == len(before) - 1
    await caches.close()
