"""From committed events to their effects: the relay, first of all lanes.

Per event: what goes to Redis first (it may be repeated at will), then everything that goes to the database,
together with the deletion of the event's row, in one transaction. So a kill at any moment repeats at most
what does not mind being repeated, and loses nothing.

An event whose effects fail waits longer each time and is parked with its reason after `MAX_ATTEMPTS`, where
the operator sees it; the events behind it do not wait for it. One that fails because a part we need is away
(`Unavailable`: Redis, a busy database) is not at fault: it waits a moment and its attempt does not count.
"""

import time
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select, update

from node.base.db.claims import claim_due
from node.base.db.event_log import MAX_ATTEMPTS, EventRow, event_of
from node.base.errors import Unavailable
from node.base.lanes import RELAY
from node.base.runtime import Runtime
from node.base.work import drain
from outbox.address import Occasion
from outbox.effects import EFFECTS

BATCH: Final = 50
LEASE: Final = timedelta(seconds=60)
WORKING_SECONDS: Final = 15.0
SECONDS: Final = 45
LONGEST_WAIT: Final = timedelta(hours=1)
AWAY_WAIT: Final = timedelta(seconds=2)

log = structlog.get_logger(__name__)


async def _due(runtime: Runtime, now: datetime) -> bool:
    async with runtime.read() as reader:
        found = await reader.scalar(
            select(EventRow.id).where(EventRow.parked_at.is_(None), EventRow.due_at <= now).limit(1)
        )
    return found is not None


@drain(RELAY, seconds=SECONDS, is_due=_due)
async def relay(runtime: Runtime) -> bool:
    """Apply the effects of due events, oldest first; True when stopped with work left."""
    started = time.monotonic()
    while True:
        rows = await _claim(runtime)
        if not rows:
            return False
        for place, row in enumerate(rows):
            if time.monotonic() - started > WORKING_SECONDS:
                await _give_back(runtime, [late.id for late in rows[place:]], wait=timedelta())
                return True
            await apply(runtime, row)


async def apply(runtime: Runtime, row: EventRow) -> None:
    """Apply one event's effects and forget it, or say when to try again."""
    if row.attempts > MAX_ATTEMPTS:  # each try ended in the death of its process, so nobody wrote down a reason
        await _park(runtime, row.id, "its effects never came to an end")
        return
    try:
        event = event_of(row)
        effects = EFFECTS[type(event)]
        for push in effects.pushed:
            await push(runtime, event)
        async with runtime.write() as uow:
            occasion = Occasion(runtime, uow, row.id, runtime.now())
            # Deleting first takes the row's lock: a second worker whose predecessor's lease ran out waits here.
            if not await uow.write(delete(EventRow).where(EventRow.id == row.id)):
                return
            for effect in effects.stored:
                await effect(occasion, event)
    except Unavailable as error:
        log.info("event_waits", name=row.name, id=row.id, reason=error.message)
        await _give_back(runtime, [row.id], wait=AWAY_WAIT)
    except Exception as error:
        log.error("event_failed", name=row.name, id=row.id, attempt=row.attempts, exc_info=True)
        reason = f"{type(error).__name__}: {error}"
        if row.attempts >= MAX_ATTEMPTS:
            await _park(runtime, row.id, reason)
        else:
            await _retry(runtime, row, reason)


async def _claim(runtime: Runtime) -> list[EventRow]:
    async with runtime.write() as uow:
        ids = await claim_due(
            uow, EventRow, now=runtime.now(), lease=LEASE, limit=BATCH, where=[EventRow.parked_at.is_(None)]
        )
        if not ids:
            return []
        return list(await uow.scalars(select(EventRow).where(EventRow.id.in_(ids)).order_by(EventRow.id)))


async def _give_back(runtime: Runtime, ids: list[int], *, wait: timedelta) -> None:
    async with runtime.write() as uow:
        await uow.write(
            update(EventRow)
            .where(EventRow.id.in_(ids))
            .values(due_at=runtime.now() + wait, attempts=EventRow.attempts - 1)
            .execution_options(synchronize_session=False)
        )


async def _retry(runtime: Runtime, row: EventRow, reason: str) -> None:
    wait = min(timedelta(seconds=2**row.attempts), LONGEST_WAIT)
    async with runtime.write() as uow:
        await uow.write(
            update(EventRow)
            .where(EventRow.id == row.id)
            .values(due_at=runtime.now() + wait, last_error=reason[:2000])
            .execution_options(synchronize_session=False)
        )


async def _park(runtime: Runtime, event_id: int, reason: str) -> None:
    log.error("event_parked", id=event_id, reason=reason)
    async with runtime.write() as uow:
        await uow.write(
            update(EventRow)
            .where(EventRow.id == event_id)
            .values(parked_at=runtime.now(), last_error=reason[:2000])
            .execution_options(synchronize_session=False)
        )
