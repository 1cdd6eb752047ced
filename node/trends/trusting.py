"""How far accounts are trusted, worked out from the database and kept for all processes (`trust` has the rules)."""

from datetime import datetime, timedelta
from typing import Final

from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.trends.queries import find_state
from node.trends.trust import HOPS, KNOWN, Spread, founders_needed
from node.trends.trust_queries import (
    count_people,
    list_edges,
    list_everybody,
    list_founders,
    list_local_among,
    list_staff,
)

NAME: Final = "trust"
MOST_KEPT: Final = 20_000
"""Accounts whose trust is kept, those with the most."""
SMALL: Final = 200
"""Where no more are trusted than this, it costs little to look again with each tick."""
RENEWED: Final = timedelta(hours=1)
CACHED_SECONDS: Final = 60


async def work_out_trust(reader: Reader, now: datetime) -> dict[int, float]:
    """Return how far accounts are trusted, without those that are not."""
    staff = await list_staff(reader)
    trust = await _spread(reader, staff, now)
    known = await list_local_among(reader, [id_ for id_, value in trust.items() if value >= KNOWN])
    people = await count_people(reader)
    needed = founders_needed(len(known), people)
    if needed:
        # On a node of a few all are known, who only read and like too.
        founders = await list_founders(reader, needed) if people > needed else await list_everybody(reader, needed)
        trust = await _spread(reader, [*staff, *founders], now)
    kept = sorted(trust, key=lambda id_: (-trust[id_], id_))[:MOST_KEPT]
    return {id_: trust[id_] for id_ in kept}


async def _spread(reader: Reader, seeds: list[int], now: datetime) -> dict[int, float]:
    spread = Spread(frozenset(seeds))
    edges: dict[int, dict[int, float]] = {}
    for _ in range(HOPS):
        missing = [id_ for id_ in spread.frontier if id_ not in edges]
        edges |= {id_: {} for id_ in missing} | await list_edges(reader, missing, now)
        spread.step(edges)
    return spread.trust()


async def known_trust(runtime: Runtime) -> dict[int, float]:
    """Return how far accounts are trusted, as the last tick kept it; nobody before the first one."""
    cache = runtime.caches.get("trend_trust", size=1, seconds=CACHED_SECONDS)
    found: dict[int, float] | None = cache.get(NAME)
    if found is None:
        async with runtime.read() as reader:
            state = await find_state(reader, NAME)
        found = trust_of(state.body) if state is not None else {}
        cache.put(NAME, found)
    return found


def trust_of(body: dict[str, dict[str, float]]) -> dict[int, float]:
    """Return trust as it was kept."""
    return {int(id_): value for id_, value in body.get("accounts", {}).items()}


def body_of(trust: dict[int, float]) -> dict[str, dict[str, float]]:
    """Return trust as it is kept."""
    return {"accounts": {str(id_): round(value, 3) for id_, value in trust.items()}}
