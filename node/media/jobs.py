"""The MEDIA lane: films and sounds that were uploaded are converted, one at a time in each worker."""

import time
from datetime import datetime
from typing import Final

from node.base.lanes import MEDIA
from node.base.runtime import Runtime
from node.base.work import drain
from node.media.processing import take_next
from node.media.queries import has_waiting

SECONDS: Final = 900
"""More than one file may take (`films.WALL_SECONDS`), begun within `_WORK_SECONDS`."""
_WORK_SECONDS: Final = 60.0


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether an upload waits to be converted."""
    async with runtime.read() as reader:
        return await has_waiting(reader, now)


@drain(MEDIA, seconds=SECONDS, is_due=is_due, patient=True)
async def convert_due(runtime: Runtime) -> bool:
    """Convert what is due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        if not await take_next(runtime):
            return False
    return True
