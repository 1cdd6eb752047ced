"""The gate before Redis: gone, hanging, full, read-only or slow, it costs nobody much and opens again by itself."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from node.base import cache
from node.base.cache import RedisGate, ask_all, open_redis
from tests.support.redis_server import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    opened = RedisServer()
    yield opened
    opened.close()


@pytest.fixture
async def gate(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RedisGate]:
    monkeypatch.setattr(cache, "SHUT_SECONDS", 0.05)
    monkeypatch.setattr(cache, "CALL_SECONDS", 0.3)
    opened = RedisGate(open_redis(server.new_url()))
    async with asyncio.timeout(20):
        while not await write(opened):  # a test before may have begun the server anew just now
            await asyncio.sleep(0.02)
    yield opened
    await opened.redis.aclose()


async def write(gate: RedisGate) -> object:
    return await gate.call(lambda redis: redis.set("key", b"value"))


async def read(gate: RedisGate) -> object:
    return await gate.call(lambda redis: redis.get("key"))


async def opened(gate: RedisGate) -> None:
    """Wait until it lets people through again."""
    async with asyncio.timeout(20):
        while await read(gate) is None:
            await asyncio.sleep(0.02)


async def test_a_redis_that_was_gone_is_used_again(gate: RedisGate, server: RedisServer) -> None:
    assert await write(gate)
    server.stop()
    assert await read(gate) is None
    assert gate.is_shut
    server.restart()
    async with asyncio.timeout(20):
        while not await write(gate):
            await asyncio.sleep(0.02)
    assert await read(gate) == b"value"


async def test_a_full_redis_is_not_read_from_either(gate: RedisGate, server: RedisServer) -> None:
    """What lies in it grows old: nobody can add to a list there."""
    assert await write(gate)
    await gate.redis.config_set("maxmemory", "1")
    assert await write(gate) is None
    assert gate.reason == "OutOfMemoryError"
    for _ in range(10):
        assert await read(gate) is None
        await asyncio.sleep(0.02)
    await gate.redis.config_set("maxmemory", "0")
    await opened(gate)


async def test_a_redis_that_became_a_replica_is_left_alone_too(gate: RedisGate, server: RedisServer) -> None:
    assert await write(gate)
    await gate.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    assert await write(gate) is None
    assert gate.reason == "ReadOnlyError"
    assert await read(gate) is None
    await gate.redis.execute_command("REPLICAOF", "NO", "ONE")
    await opened(gate)


async def test_one_that_hangs_is_tried_by_one_caller_at_a_time(
    gate: RedisGate, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await write(gate)
    server._process.send_signal(signal.SIGSTOP)
    try:
        assert await read(gate) is None
        tries = 0
        real = gate.redis.set

        async def counted(*args: object, **named: object) -> object:
            nonlocal tries
            tries += 1
            return await real(*args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(gate.redis, "set", counted)
        gate._shut_until = 1e-9  # it is time to look again
        assert await asyncio.gather(*(read(gate) for _ in range(50))) == [None] * 50
        assert tries == 1
    finally:
        server._process.send_signal(signal.SIGCONT)
    await opened(gate)


async def test_one_that_is_slow_thrice_in_a_row_counts_as_away(
    gate: RedisGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate._note_pace(1.0, 2.0)
    gate._note_pace(1.5, 2.5)
    gate._note_pace(1.6, 2.6)
    assert not gate.is_shut, "they were slow together: our own loop may have been busy"
    gate._note_pace(3.0, 4.0)
    gate._note_pace(4.5, 4.6)
    gate._note_pace(5.0, 6.0)
    gate._note_pace(6.0, 7.0)
    assert not gate.is_shut, "there was a fast one between"
    gate._note_pace(7.0, 8.0)
    assert gate.is_shut
    assert gate.reason == "slow"
    await opened(gate)


async def test_a_use_of_many_commands_has_the_time_of_one(gate: RedisGate) -> None:
    async def use(redis: Redis) -> bool:
        for _ in range(4):
            await redis.blpop(["nothing"], timeout=0.1)
        return True

    assert await gate.call(use, seconds=5.0)
    assert await gate.call(use) is None
    assert gate.is_shut


async def test_several_commands_are_asked_as_one(gate: RedisGate, server: RedisServer) -> None:
    asked = [("SET", "a", b"1"), ("RPUSH", "b", b"2", b"3"), ("LRANGE", "b", 0, -1), ("GET", "c")]
    assert await gate.call(lambda redis: ask_all(redis, asked)) == [b"OK", 2, [b"2", b"3"], None]
    server.stop()
    assert await gate.call(lambda redis: ask_all(redis, asked)) is None
    server.restart()
    async with asyncio.timeout(20):
        while not await write(gate):
            await asyncio.sleep(0.02)
    assert await gate.call(lambda redis: ask_all(redis, [("LLEN", "b"), ("GET", "key")])) == [0, b"value"]


@pytest.mark.parametrize("ends", ["is refused", "is given up"])
async def test_nobody_hears_the_answers_to_what_somebody_else_asked(gate: RedisGate, ends: str) -> None:
    assert await write(gate)
    if ends == "is refused":
        with pytest.raises(ResponseError):
            await ask_all(gate.redis, [("LLEN", "key"), ("SET", "a", b"1"), ("GET", "a")])
    else:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await ask_all(gate.redis, [("GET", "key"), ("BLPOP", "nothing", 0.2), ("GET", "a")])
    for _ in range(3):
        assert await read(gate) == b"value"
        assert await ask_all(gate.redis, [("GET", "key"), ("EXISTS", "key")]) == [b"value", 1]
