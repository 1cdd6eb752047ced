"""From committed events to their effects: the relay, first of all lanes.

Per event: what goes to Redis first (it may be repeated at will); then what other servers are told is made ready, and
where it goes to very many stored ahead (`ahead.py`); then everything that goes to the database, together with the
deletion of the event's row, in one transaction. So a kill at any moment repeats at most what does not mind being
repeated, and loses nothing. A few events share a transaction, since that costs as much as what is in it; if any of them
fails, all of it is rolled back and each is applied alone. What comes by the thousand (`Effects.many`) is taken as it
stands in line, a run of one kind at once: twenty likes cost little more than one. So a post that goes round makes no
backlog in which other people's posts would have to wait, and nothing has to overtake. Where somebody publishes
meanwhile, a transaction of several events ends with the one it is at, and the next takes up the others.

An event whose effects fail waits longer each time and is parked with its reason after `MAX_ATTEMPTS`, where
the operator sees it; the events behind it do not wait for it. One that fails because a part we need is away
(`Unavailable`: Redis, a busy database) is not at fault: it waits a moment and its attempt does not count.

While Redis is away only what belongs there waits, in rows of their own (`Effects.missed`): everybody else is told at
once. Such rows pile up, so they are tried less and less often, and `release_missed` brings them forward when Redis is
back.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

import structlog
from sqlalchemy import bindparam, delete, select, update

from node.base.db.claims import claim_due, first_due
from node.base.db.event_log import MAX_ATTEMPTS, Event, EventRow, event_of
from node.base.db.prepared import Prepared
from node.base.db.stream_log import StreamEvent, append
from node.base.errors import Unavailable
from node.base.ids import time_of
from node.base.lanes import RELAY
from node.base.runtime import Runtime
from node.base.streams import wake
from node.base.work import drain
from outbox.address import store
from outbox.ahead import is_for_many, store_ahead
from outbox.effects.table import EFFECTS, Effects, is_altering
from outbox.occasion import Occasion, Sending
from outbox.pace import Pace

BATCH: Final = 100
TOGETHER: Final = 10
"""How many events share a transaction, at most: fewer where they take long (`pace.py`)."""
MANY: Final = 20
"""How many of one kind, of which many are taken at once, count as one of these."""

LEASE: Final = timedelta(seconds=60)
WORKING_SECONDS: Final = 15.0
SECONDS: Final = 45
LONGEST_WAIT: Final = timedelta(hours=1)
AWAY_WAIT: Final = timedelta(seconds=2)
LONGEST_AWAY_WAIT: Final = timedelta(minutes=10)

_OPEN: Final = (EventRow.parked_at.is_(None),)
_DUE: Final = first_due(EventRow, *_OPEN)
_CLAIMED: Final = Prepared(
    select(EventRow.id, EventRow.name, EventRow.payload, EventRow.attempts)
    .where(EventRow.id.in_(bindparam("ids", expanding=True)))
    .order_by(EventRow.id)
)
_ROWS: Final = EventRow.metadata.tables[EventRow.__tablename__]
_FORGET: Final = Prepared(delete(_ROWS).where(_ROWS.c.id.in_(bindparam("ids", expanding=True))).returning(_ROWS.c.id))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event's row in our hands."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int


async def _due(runtime: Runtime, now: datetime) -> bool:
    async with runtime.read() as reader:
        return bool(await reader.rows(_DUE, {"now": now}))


@drain(RELAY, seconds=SECONDS, is_due=_due)
async def relay(runtime: Runtime) -> bool:
    """Apply the effects of due events, oldest first; True when stopped with work left."""
    started = time.monotonic()
    pace = Pace()
    while True:
        rows = await _claim(runtime)
        if not rows:
            return False
        if runtime.database.dialect == "sqlite":
            # Where one writes at a time a second worker would only take the machine from those who answer people.
            await runtime.nudger.raise_flag(RELAY)
        while rows:
            if time.monotonic() - started > WORKING_SECONDS:
                await _give_back(runtime, [late.id for late in rows], wait=timedelta())
                return True
            # What failed before is applied alone: its neighbours shall not suffer for it.
            runs = _runs(takewhile(lambda row: row.attempts <= 1, rows))[:TOGETHER] or [rows[:1]]
            runs = runs[: pace.portion([run[0].name for run in runs])]
            taken = [row for run in runs for row in run]
            pace.learn([run[0].name for run in runs], await apply(runtime, taken))
            rows = rows[len(taken) :]


def _runs(rows: Iterable[Claimed]) -> list[list[Claimed]]:
    """Put next to each other, in order, what effects take at once; everything else stands alone."""
    runs: list[list[Claimed]] = []
    for row in rows:
        kind = Event.registry.get(row.name)
        is_one_more = bool(runs) and runs[-1][0].name == row.name and len(runs[-1]) < MANY
        if is_one_more and kind is not None and EFFECTS[kind].many:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


def _read(run: Sequence[Claimed]) -> tuple[Effects, Any]:
    """Return effects, and what they take: an event, or a list of them."""
    events = [event_of(row.name, row.payload) for row in run]
    effects = EFFECTS[type(events[0])]
    return effects, events if effects.many else events[0]


async def apply(runtime: Runtime, rows: Sequence[Claimed]) -> float:
    """Apply the effects of some events and forget them, or say when to try again.

    Returns the seconds of CPU for which it kept the database from others; 0 where they were not applied together.
    """
    if len(rows) == 1 and rows[0].attempts > MAX_ATTEMPTS:
        # each try ended in the death of its process, so nobody wrote down a reason
        await _park(runtime, rows[0].id, "its effects never came to an end")
        return 0.0
    try:
        return await _apply(runtime, rows)
    except Unavailable as error:
        log.info("events_wait", ids=[row.id for row in rows], reason=error.message)
        for row in rows:
            await _give_back(runtime, [row.id], wait=_away_wait(row, runtime.now()))
    except Exception as error:
        if len(rows) == 1:
            await _failed(runtime, rows[0], error)
            return 0.0
        for row in rows:  # whose fault it is shows when each stands for itself
            await apply(runtime, [row])
    return 0.0


async def _apply(runtime: Runtime, rows: Sequence[Claimed]) -> float:
    runs = _runs(rows)
    missed = {run[0].id: await _push(runtime, *_read(run)) for run in runs}
    ready: dict[int, Sending] = {}
    taken = 0.0
    while runs:
        together = _together(runs)
        async with runtime.read() as reader:
            for run in together:
                first = run[0]
                if first.id not in ready:
                    sending = Sending(runtime, reader, first.id, runtime.now(), is_begun=first.attempts > 1)
                    ready[first.id] = await _send(sending, run)
        together = _up_to_many(together, ready)
        try:
            if not await store_ahead(runtime, ready[together[0][0].id]):
                raise _TakenOver({together[0][0].id})
            stored, seconds = await _store(runtime, together, missed, ready)
        except _TakenOver as by_others:
            runs = _runs(row for run in runs for row in run if row.id not in by_others.ids)
            ready.clear()
        else:
            taken += seconds
            runs = runs[stored:]
    return taken


class _TakenOver(Exception):
    """Another worker has applied some of these events meanwhile, or is at it."""

    def __init__(self, ids: set[int]) -> None:
        super().__init__(ids)
        self.ids = ids


def _together(runs: Sequence[Sequence[Claimed]]) -> Sequence[Sequence[Claimed]]:
    """Return the first of `runs`, up to one that sends something and follows one on which that depends."""
    altered = False
    for place, run in enumerate(runs):
        effects, _ = _read(run)
        if altered and effects.sent:
            return runs[:place]
        altered = altered or is_altering(effects)
    return runs


def _up_to_many(runs: Sequence[Sequence[Claimed]], ready: Mapping[int, Sending]) -> Sequence[Sequence[Claimed]]:
    """Return the first of `runs`, up to one that is stored ahead: what those before it send is to be there (DLV-6)."""
    for place, run in enumerate(runs):
        if place and is_for_many(ready[run[0].id]):
            return runs[:place]
    return runs


async def _send(on: Sending, run: Sequence[Claimed]) -> Sending:
    """Make ready what other servers are told."""
    effects, about = _read(run)
    for send in effects.sent:
        await send(on, about)
    return on


async def _store(
    runtime: Runtime,
    runs: Sequence[Sequence[Claimed]],
    missed: Mapping[int, Sequence[Event]],
    ready: Mapping[int, Sending],
) -> tuple[int, float]:
    """Apply what goes to the database, in one transaction: of all runs, or of fewer where somebody publishes meanwhile.

    Returns of how many, and the seconds of CPU for which the database was kept from others. Raises _TakenOver.
    """
    now = runtime.now()
    lanes: set[str] = set()
    streamed: list[StreamEvent] = []
    stored, began = 0, None
    async with runtime.write() as uow:
        for run in runs:
            # Forgetting first takes the rows' locks: a second worker whose predecessor's lease ran out waits here.
            ids = {row.id for row in run}
            forgotten = {row[0] for row in await uow.rows(_FORGET, {"ids": list(ids)})}
            began = began or time.thread_time()
            if forgotten != ids:
                raise _TakenOver(ids - forgotten)
            effects, about = _read(run)
            sending = ready[run[0].id]
            for outgoing in sending.outgoing:
                lanes |= await store(uow, outgoing)
            occasion = Occasion(runtime, uow, run[0].id, now, lanes, streamed, sending.facts)
            for effect in effects.stored:
                await effect(occasion, about)
            for later in missed.get(run[0].id, ()):
                await uow.record(later)
            stored += 1
            if runtime.must_give_way():
                break
        await append(uow, streamed)
        seconds = time.thread_time() - (began or 0.0)
    if streamed:
        await wake(runtime.gate)
    for lane in lanes:
        await runtime.nudge(lane)
    return stored, seconds


async def _push(runtime: Runtime, effects: Effects, about: Any) -> Sequence[Event]:
    """Push what goes to Redis; return what is to be recorded instead where it is away."""
    try:
        for push in effects.pushed:
            await push(runtime, about)
    except Unavailable:
        if effects.missed is None:
            raise
        return effects.missed(about)
    return ()


def _away_wait(row: Claimed, now: datetime) -> timedelta:
    """Say how long an event waits for a part that is away: the older it is the longer, where it is pushed only."""
    if EFFECTS[Event.registry[row.name]].stored:
        return AWAY_WAIT
    return min(max((now - time_of(row.id)) / 4, AWAY_WAIT), LONGEST_AWAY_WAIT)


async def release_missed(runtime: Runtime) -> int:
    """Let what waits for Redis be tried now; return how many events that are. For whoever sees Redis come back."""
    names = [event.__name__ for event, effects in EFFECTS.items() if effects.pushed and not effects.stored]
    now = runtime.now()
    async with runtime.write() as uow:
        return await uow.write(
            update(EventRow)
            .where(EventRow.name.in_(names), EventRow.due_at > now, *_OPEN)
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )


async def take_over(runtime: Runtime) -> int:
    """Let events that are claimed for the first time be claimed again at once; return how many those are.

    For a worker that starts: it may stand in for one that was killed, whose events would wait for a minute, and with
    them homes, notifications and search. What a living worker is at may be begun twice then, and ends once (`_apply`).
    What was claimed more often keeps its lease: an event that kills its process does not do so as fast as it can.
    """
    now = runtime.now()
    async with runtime.write() as uow:
        found = await uow.write(
            update(EventRow)
            .where(EventRow.due_at > now, EventRow.attempts == 1, EventRow.last_error.is_(None), *_OPEN)
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )
    if found:
        log.info("events_taken_over", events=found)
        await runtime.nudge(RELAY)
    return found


async def _failed(runtime: Runtime, row: Claimed, error: Exception) -> None:
    """Write down when an event is tried again, or that it is not."""
    log.error("event_failed", name=row.name, id=row.id, attempt=row.attempts, exc_info=error)
    reason = f"{type(error).__name__}: {error}"
    if row.attempts >= MAX_ATTEMPTS:
        await _park(runtime, row.id, reason)
    else:
        await _retry(runtime, row, reason)


async def _claim(runtime: Runtime) -> list[Claimed]:
    if not await _due(runtime, runtime.now()):  # a look costs a twentieth of a transaction that finds nothing
        return []
    async with runtime.write() as uow:
        ids = await claim_due(uow, EventRow, now=runtime.now(), lease=LEASE, limit=BATCH, where=_OPEN)
        if not ids:
            return []
        return [Claimed(*row) for row in await uow.rows(_CLAIMED, {"ids": ids})]


async def _give_back(runtime: Runtime, ids: list[int], *, wait: timedelta) -> None:
    async with runtime.write() as uow:
        await uow.write(
            update(EventRow)
            .where(EventRow.id.in_(ids))
            .values(due_at=runtime.now() + wait, attempts=EventRow.attempts - 1)
            .execution_options(synchronize_session=False)
        )


async def _retry(runtime: Runtime, row: Claimed, reason: str) -> None:
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
