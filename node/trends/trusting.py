"""How far accounts are trusted, worked out from the database and kept for all processes (`trust` has the rules)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from node.base.runtime import Runtime
from node.trends.queries import chunks, find_state
from node.trends.trust import HOPS, KNOWN, Pointed, Spread, Trust, crowd_of, founders_needed
from node.trends.trust_queries import (
    BATCH,
    count_people,
    list_edges,
    list_everybody,
    list_founders,
    list_local_among,
    list_newcomers,
    list_staff,
)

NAME: Final = "trust"
MOST_KEPT: Final = 20_000
"""Accounts whose trust is kept, those with the most."""
SMALL: Final = 200
"""Where no more are trusted than this, it costs little to look again with each tick."""
RENEWED: Final = timedelta(hours=1)
CACHED_SECONDS: Final = 60

NOWHERE: Final = Pointed.to({})


async def work_out_trust(runtime: Runtime, now: datetime) -> Trust:
    """Return how far accounts are trusted, without those that are not.

    On a large node this takes seconds, cut into steps that each read for themselves: a view that stays open for long
    keeps SQLite from emptying its log.
    """
    async with runtime.read() as reader:
        staff = await list_staff(reader)
        people = await count_people(reader)
        crowd = crowd_of(await list_newcomers(reader, now))
    edges: dict[int, Pointed] = {}
    trust = await _spread(runtime, staff, [], edges, now)
    async with runtime.read() as reader:
        known = await list_local_among(reader, [id_ for id_, value in trust.of.items() if value >= KNOWN])
        needed = founders_needed(len(known), people)
        # On a node of a few all are known, who only read and like too.
        everybody = list_founders if people > needed else list_everybody
        founders = await everybody(reader, needed, crowd) if needed else []
    if needed:
        trust = await _spread(runtime, staff, founders, edges, now)
    return replace(trust.strongest(MOST_KEPT), crowd=crowd)


async def _spread(
    runtime: Runtime, staff: list[int], others: list[int], edges: dict[int, Pointed], now: datetime
) -> Trust:
    """Return the trust that comes from these seeds; `edges` are those that were read so far."""
    spread = Spread(frozenset((*staff, *others)), frozenset(staff))
    for _ in range(HOPS):
        missing = [id_ for id_ in spread.frontier if id_ not in edges]
        for batch in chunks(missing, BATCH):
            async with runtime.read() as reader:
                edges |= dict.fromkeys(batch, NOWHERE) | await list_edges(reader, batch, now)
        await asyncio.to_thread(spread.step, edges)  # up to hundreds of thousands: other work of this process goes on
    return await asyncio.to_thread(spread.trust)


async def known_trust(runtime: Runtime) -> Trust:
    """Return how far accounts are trusted, as the last tick kept it; nobody before the first one."""
    cache = runtime.caches.get("trend_trust", size=1, seconds=CACHED_SECONDS)
    found: Trust | None = cache.get(NAME)
    if found is None:
        found = await kept_trust(runtime)
        cache.put(NAME, found)
    return found


async def kept_trust(runtime: Runtime) -> Trust:
    """Return how far accounts are trusted, as it was kept."""
    async with runtime.read() as reader:
        state = await find_state(reader, NAME)
    body = state.body if state is not None else {}
    return Trust(
        {int(id_): value for id_, value in body.get("accounts", {}).items()},
        {int(id_): sponsor for id_, sponsor in body.get("sponsors", {}).items()},
        frozenset(body.get("crowd", ())),
    )


def body_of(trust: Trust) -> dict[str, Any]:
    """Return trust as it is kept."""
    return {
        "accounts": {str(id_): round(value, 3) for id_, value in trust.of.items()},
        "sponsors": {str(id_): sponsor for id_, sponsor in trust.sponsors.items()},
        "crowd": sorted(trust.crowd),
    }
