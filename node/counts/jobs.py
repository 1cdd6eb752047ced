"""The COUNTS lane: notes of counters are added up."""

import time
from datetime import datetime
from typing import Final

from node.base.lanes import COUNTS
from node.base.runtime import Runtime
from node.base.work import drain
from node.counts.queries import has_notes, list_noted
from node.counts.service import add_up

SECONDS: Final = 30
BATCH: Final = 2000
"""Notes looked at to learn which rows they are for; of each of these rows all are taken."""
_WORK_SECONDS: Final = 10.0


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any counter waits."""
    async with runtime.read() as reader:
        return await has_notes(reader)


@drain(COUNTS, seconds=SECONDS, is_due=is_due)
async def add_up_notes(runtime: Runtime) -> bool:
    """Add up what was noted so far; True when time ran out with work left.

    A transaction holds one counted row only, so two drains never wait for each other in a circle.
    """
    stop_at = time.monotonic() + _WORK_SECONDS
    async with runtime.read() as reader:
        rows = await list_noted(reader, limit=BATCH)
    for place, row_id in rows:
        if time.monotonic() > stop_at:
            return True
        async with runtime.write() as uow:
            await add_up(uow, place, row_id)
    return False
