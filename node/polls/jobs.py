"""The POLLS lane: counts that changed are told, and polls that are over are closed, each when its time has come."""

import time
from datetime import datetime
from typing import Final

from node.base.lanes import POLLS
from node.base.runtime import Runtime
from node.base.work import drain
from node.polls.queries import has_due_polls
from node.polls.service import advance_due

SECONDS: Final = 30
BATCH: Final = 50
_WORK_SECONDS: Final = 20.0


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether there is anything to tell of any poll."""
    async with runtime.read() as reader:
        return await has_due_polls(reader, now)


@drain(POLLS, seconds=SECONDS, is_due=is_due)
async def tell_due(runtime: Runtime) -> bool:
    """Take the next step of every poll that is due; True when time ran out with work left."""
    stop_at = time.monotonic() + _WORK_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            if not await advance_due(uow, now=runtime.now(), limit=BATCH):
                return False
    return True
