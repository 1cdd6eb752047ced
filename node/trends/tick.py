"""The lane TRENDS: every minute, what trends is worked out and written down, and once a day what was used is counted.

One worker takes a tick, by moving its time on; one that dies has lost a minute. The times of all steps stand in
`trend_states`.
"""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent, insert_where_absent
from node.base.db.unit_of_work import ReadSession, UnitOfWork
from node.base.lanes import TRENDS
from node.base.runtime import Runtime
from node.base.work import drain
from node.trends import buckets
from node.trends.boards import CANDIDATES, Scene, Tallies, choose, set_scene, weigh, work_out
from node.trends.day_queries import DAYS, KEPT_DAYS, DayCount, count_day, day_number
from node.trends.models import TrendDay, TrendState
from node.trends.noting import CHEAP_SECONDS, EVERY, TICK
from node.trends.pool import ask_one
from node.trends.pool_queries import find_due_peer
from node.trends.queries import MOST_NOTES, Note, find_state, list_notes
from node.trends.rules import KINDS, LONGEST, POSTS_LONGER, Kind
from node.trends.ruling_queries import read_rulings
from node.trends.trusting import NAME as TRUST
from node.trends.trusting import RENEWED, SMALL, body_of, kept_trust, work_out_trust

SECONDS: Final = 300
"""More than the first tick of a large node takes on a slow machine."""
TAKEN: Final = timedelta(minutes=6)
"""How long who works out trust is not joined by another: longer than they may take."""
DAYS_STATE: Final = "days"
LATE: Final = timedelta(minutes=30)
"""After midnight, before a day is counted: posts of other servers come late."""
WRITTEN_AT_ONCE: Final = 200
"""Rows of a day in one transaction: others wait for it."""
DAY_SECONDS: Final = 60.0
"""For what Redis is asked about the buckets of a whole day."""
MOST_LINKS: Final = 2_000
"""Newest links that each tick looks at."""


async def is_due(runtime: Runtime, now: datetime) -> bool:
    """Say whether it is time for a tick. There is none before anything was noted."""
    if not runtime.settings.trends:
        return False
    async with runtime.read() as reader:
        state = await find_state(reader, TICK)
        return (state is not None and state.due_at <= now) or await find_due_peer(reader, now) is not None


@drain(TRENDS, seconds=SECONDS, is_due=is_due, patient=True)
async def look_again(runtime: Runtime) -> bool:
    """Tick, where it is time, and ask a server whose trends are shown too; True when another one is due."""
    await tick(runtime)
    return await ask_one(runtime)


async def tick(runtime: Runtime) -> bool:
    """Work out what trends now, unless another worker is at it; return whether it was."""
    now = runtime.now()
    async with runtime.write() as uow:
        taken = await uow.write(
            update(TrendState)
            .where(TrendState.name == TICK, TrendState.due_at <= now)
            .values(due_at=now + EVERY)
            .execution_options(synchronize_session=False)
        )
        renews_trust = bool(taken) and await _take_trust(uow, now)
    if not taken:
        return False
    started, spent = time.monotonic(), time.process_time()
    trust = await (work_out_trust(runtime, now) if renews_trust else kept_trust(runtime))
    async with runtime.read() as reader:
        scene = await set_scene(reader, runtime.caches, trust, await read_rulings(reader), now)
        tallies = await _tallies(runtime, reader, scene)
        boards = await work_out(reader, runtime.caches, scene, tallies)
    seconds = time.monotonic() - started
    active = {kind: len(set().union(*weights.values())) for kind, weights in tallies.weights.items()}
    async with runtime.write() as uow:
        for name, trends in boards.items():
            await _keep(uow, name, {"trends": [trend.as_json() for trend in trends]}, now=now, due_at=now + EVERY)
        await uow.write(delete(TrendState).where(TrendState.made_at < now - LONGEST, TrendState.name.contains(":")))
        if renews_trust:
            await _keep(uow, TRUST, body_of(trust), now=now, due_at=now + (RENEWED if len(trust) > SMALL else EVERY))
        facts = {
            "seconds": round(seconds, 3),
            "cpu": round(time.process_time() - spent, 3),
            "cheap": seconds < CHEAP_SECONDS,
            "active": active,
        }
        await _keep(uow, TICK, facts, now=now, due_at=now + EVERY)
    await count_days(runtime)
    return True


async def _take_trust(uow: UnitOfWork, now: datetime) -> bool:
    """Say whether trust is to be worked out anew, and by whom asks: ticks that come meanwhile go by the old one."""
    later = now + TAKEN
    if await insert_if_absent(uow, TrendState, {"name": TRUST, "made_at": now, "due_at": later, "body": {}}):
        return True
    return bool(
        await uow.write(
            update(TrendState)
            .where(TrendState.name == TRUST, TrendState.due_at <= now)
            .values(due_at=later)
            .execution_options(synchronize_session=False)
        )
    )


async def _tallies(runtime: Runtime, reader: ReadSession, scene: Scene) -> Tallies:
    """Return what was noted: from the buckets, or from the rows while Redis is away."""
    found = await tallies_of_redis(runtime, reader, scene)
    return found if found is not None else await tallies_of_rows(reader, scene)


async def tallies_of_rows(reader: ReadSession, scene: Scene, *, limit: int = MOST_NOTES) -> Tallies:
    """Return what the rows of the last day say, the newest `limit` of each kind."""
    found = Tallies()
    for kind in KINDS:
        notes = await list_notes(reader, kind, _since(kind, scene.now), limit=limit)
        found.weights[kind] = weigh(notes, scene.trust, scene.now)
    return found


async def tallies_of_redis(runtime: Runtime, reader: ReadSession, scene: Scene) -> Tallies | None:
    """Return what the buckets hold, filled first where Redis was emptied; None while it is away."""
    gate, now = runtime.gate, scene.now
    at_length = partial(gate.call, seconds=DAY_SECONDS)
    is_whole = await gate.call(buckets.is_whole)
    if is_whole is None:
        return None
    missing: list[Note] = await list_notes(reader, "links", now - LONGEST, limit=MOST_LINKS)
    if not is_whole:
        missing = [note for kind in KINDS for note in await list_notes(reader, kind, _since(kind, now))]
    await at_length(lambda redis: buckets.note(redis, missing, scene.trust, now))
    if not is_whole:
        await gate.call(buckets.say_whole)
    found = Tallies()
    for kind in KINDS:
        weights = await at_length(lambda redis, kind=kind: buckets.read_weights(redis, runtime.caches, kind, now))  # type: ignore[misc]
        if weights is None:
            return None
        found.weights[kind] = weights
        ids = choose(weights, {}, ())[""][:CANDIDATES]
        people = await at_length(lambda redis, kind=kind, ids=ids: buckets.count_people(redis, kind, ids, now))  # type: ignore[misc]
        found.people |= {(kind, id_): count for id_, count in (people or {}).items()}
    await at_length(lambda redis: buckets.forget_old(redis, now))
    return found


def _since(kind: Kind, now: datetime) -> datetime:
    return now - LONGEST * (POSTS_LONGER if kind == "posts" else 1)


async def _keep(uow: UnitOfWork, name: str, body: Mapping[str, Any], *, now: datetime, due_at: datetime) -> None:
    values = {"made_at": now, "due_at": due_at, "body": dict(body)}
    if not await insert_if_absent(uow, TrendState, {"name": name, **values}):
        await uow.write(
            update(TrendState)
            .where(TrendState.name == name)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


async def count_days(runtime: Runtime) -> None:
    """Count one day that is over and not counted yet, the newest first; four weeks in all."""
    now = runtime.now()
    async with runtime.read() as reader:
        state = await find_state(reader, DAYS_STATE)
        done = set(state.body.get("done", [])) if state is not None else set()
        last = day_number(now - LATE) - 1
        day = next((day for day in range(last, last - DAYS, -1) if day not in done), None)
        if day is None:
            return
        counts: dict[Kind, dict[int, DayCount]] = {"tags": {}, "links": {}}
        for kind, found in counts.items():
            found |= await count_day(reader, kind, day)
    rows = [
        {
            "kind": kind,
            "subject_id": id_,
            "day": day,
            "uses": count.uses,
            "accounts": count.accounts,
            "hours": count.hours,
        }
        for kind, found in counts.items()
        for id_, count in found.items()
    ]
    for start in range(0, len(rows), WRITTEN_AT_ONCE):  # who is killed here finds its rows when it counts the day anew
        async with runtime.write() as uow:
            await insert_where_absent(uow, TrendDay, rows[start : start + WRITTEN_AT_ONCE])
    async with runtime.write() as uow:
        kept = sorted(number for number in {*done, day} if number > last - KEPT_DAYS)
        await _keep(uow, DAYS_STATE, {"done": kept}, now=now, due_at=now)
