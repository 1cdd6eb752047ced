"""The MOMENTS lane: every ten minutes the node's own moments are made and renewed out of what trends.

When that was last done is noted in Redis, so that one worker does it; while Redis is away the moments stay as they are.
"""

from datetime import datetime
from typing import Final

from node.base.lanes import MOMENTS
from node.base.runtime import Runtime
from node.base.work import drain
from node.moments.automatic import refresh_automatic

SECONDS: Final = 30
EVERY_SECONDS: Final = 600
_KEY: Final = "{moments}:made"


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether the moments were not worked out for a while."""
    if not (runtime.settings.automatic_moments and runtime.settings.trends):
        return False
    return await runtime.gate.call(lambda redis: redis.exists(_KEY)) == 0


@drain(MOMENTS, seconds=SECONDS, is_due=is_due)
async def make_moments(runtime: Runtime) -> bool:
    """Work out the moments, unless another worker just did. Always False: the next time comes by itself."""
    if await runtime.gate.call(lambda redis: redis.set(_KEY, b"1", nx=True, ex=EVERY_SECONDS)):
        await refresh_automatic(runtime)
    return False
