"""The FANOUT lane: posts with more readers than a chunk are pushed on, in turns.

Each turn pushes `CHUNKS` chunks of one post and writes down how far it came; then it is another post's turn. A process
that dies leaves a row whose lease runs out: at most one turn is pushed twice, which harms nobody. The drain is patient:
its worker takes other work meanwhile.
"""

import time
from datetime import datetime, timedelta
from typing import Final, cast

import structlog
from sqlalchemy import delete, update

from node.base.db.claims import claim_due
from node.base.errors import Unavailable
from node.base.lanes import FANOUT
from node.base.runtime import Runtime
from node.base.work import drain
from node.timelines.fanout import Audience, push_chunk
from node.timelines.models import FanOut
from node.timelines.queries import find_fan_out, has_due_fan_outs

CHUNKS: Final = 5
SECONDS: Final = 60
MAX_ATTEMPTS: Final = 12
"""Turns in a row that may fail; the readers who are left see the post when their lists are built anew."""
_WORKING_SECONDS: Final = 20.0
_LEASE: Final = timedelta(seconds=20)
"""Of a turn, not of a fan-out: so long do the other readers wait when a worker is killed."""
_AWAY_WAIT: Final = timedelta(seconds=2)

log = structlog.get_logger(__name__)


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether any post is to be pushed on."""
    async with runtime.read() as reader:
        return await has_due_fan_outs(reader, now)


@drain(FANOUT, seconds=SECONDS, is_due=is_due, patient=True)
async def push_on(runtime: Runtime) -> bool:
    """Push posts on until none is left; True when time ran out."""
    stop_at = time.monotonic() + _WORKING_SECONDS
    while time.monotonic() < stop_at:
        async with runtime.write() as uow:
            ids = await claim_due(
                uow,
                FanOut,
                now=runtime.now(),
                lease=_LEASE,
                limit=1,
                order_by=(FanOut.due_at.expression, FanOut.id.expression),
            )
        if not ids:
            return False
        await _take_turn(runtime, ids[0])
    return True


async def _take_turn(runtime: Runtime, row_id: int) -> None:
    async with runtime.read() as reader:
        row = await find_fan_out(reader, row_id)
    if row is None:
        return
    if row.attempts > MAX_ATTEMPTS:
        log.error("fan_out_given_up", post_id=row.post_id, audience=row.audience, after_id=row.after_id)
        await _forget(runtime, row_id)
        return
    after_id: int | None = row.after_id
    try:
        for _ in range(CHUNKS):
            if after_id is not None:
                after_id = await push_chunk(runtime, row.post_id, cast(Audience, row.audience), after_id=after_id)
    except Unavailable:
        await _put_back(runtime, row_id, row.after_id, due_at=runtime.now() + _AWAY_WAIT)
        return
    if after_id is None:
        await _forget(runtime, row_id)
    else:
        await _put_back(runtime, row_id, after_id, due_at=runtime.now())


async def _put_back(runtime: Runtime, row_id: int, after_id: int, *, due_at: datetime) -> None:
    async with runtime.write() as uow:
        await uow.write(update(FanOut).where(FanOut.id == row_id).values(after_id=after_id, due_at=due_at, attempts=0))


async def _forget(runtime: Runtime, row_id: int) -> None:
    async with runtime.write() as uow:
        await uow.write(delete(FanOut).where(FanOut.id == row_id))
