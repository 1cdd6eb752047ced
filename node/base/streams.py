"""Waking the streams: a word through Redis that the node's log (`node/base/db/stream_log.py`) has grown.

The word carries nothing, and may be lost like all that is in Redis: the followers of the log look by themselves too,
every `LOOK_SECONDS`, so without Redis streams are half a second late and otherwise as ever. Whoever appends wakes
after the commit; `node/stream/hub.py` waits.
"""

import asyncio
from typing import Any, Final

from redis.asyncio import Redis

from node.base.cache import RedisGate

KEY: Final = "streams:{woken}"
LOOK_SECONDS: Final = 0.5
"""Well within the socket's own timeout (`node/base/cache.py`), also when the machine is busy."""


async def wake(gate: RedisGate) -> None:
    """Say that the log has grown."""
    await gate.call(lambda redis: redis.xadd(KEY, {"": ""}, maxlen=1, approximate=False))


class Waker:
    """Waits for the word, for one follower of the log."""

    def __init__(self, gate: RedisGate) -> None:
        self._gate = gate
        self._heard = "0-0"

    async def wait(self) -> None:
        """Return when the log may have grown, at the latest after `LOOK_SECONDS`."""
        if await self._gate.call(self._listen, waits=True) is None:
            await asyncio.sleep(LOOK_SECONDS)

    async def _listen(self, redis: Redis) -> bool:
        found: Any = await redis.xread({KEY: self._heard}, block=round(LOOK_SECONDS * 1000))
        # one pair for the one key, as a list or (RESP3) a mapping
        for _, entries in found.items() if isinstance(found, dict) else found or []:
            self._heard = entries[-1][0].decode()
        return True
