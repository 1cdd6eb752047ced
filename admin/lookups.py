"""How often what people asked for was remembered: every process adds its caches' lookups to one hash in Redis.

Counted since Redis started, by cache and by how a lookup ended: in the `process`, in `redis`, `joined` (another reader
was just making it), or `made`. What a process had not told yet when it or Redis ended is lost: only for eyes.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from node.base.cache import RedisGate
from node.base.runtime import Runtime

KEY = "{rookery}:lookups"
TELL_SECONDS = 15.0

Lookups = Mapping[tuple[str, str], int]
"""By (cache, how)."""


async def tell_lookups(runtime: Runtime) -> None:
    """Add what was looked up in this process since the last time."""
    grown = runtime.caches.untold_lookups()
    if not grown:
        return

    async def add(redis: Redis) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            for field, number in grown.items():
                pipe.hincrby(KEY, field, number)
            await pipe.execute()

    await runtime.queues.call(add)


async def keep_telling(runtime: Runtime) -> None:
    """Tell every few seconds until cancelled."""
    while True:
        await asyncio.sleep(TELL_SECONDS)
        await tell_lookups(runtime)


async def read_lookups(gate: RedisGate) -> Lookups:
    """Return what all processes told; nothing without Redis."""
    found: dict[Any, Any] = await gate.call(lambda redis: redis.hgetall(KEY)) or {}
    counted = {}
    for field, number in found.items():
        name, _, how = field.decode().rpartition(":")
        counted[name, how] = int(number)
    return counted
