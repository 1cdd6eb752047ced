"""The facts of the node, counted at most once a minute in each process, and by one of those who ask.

Counting takes longer the more people there are. Who asks while it is done is told what was counted before.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from node.accounts.queries import count_remote_domains
from node.accounts.views import account_view
from node.auth.activity import week_of
from node.auth.queries import count_active_users
from node.base.runtime import Runtime
from node.push.vapid import vapid_key
from node.site.queries import count_people_and_posts, count_week, find_contact, list_peers

COUNTED_SECONDS = 60
MONTH = timedelta(days=30)
HALF_YEAR = timedelta(days=180)
WEEK = timedelta(days=7)
WEEKS = 12
HOUR_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What changes by itself: counts, and who the operator is (an Account view, or None)."""

    people: int
    posts: int
    peers: int
    active_month: int
    active_half_year: int
    contact: dict[str, Any] | None
    push_key: str
    """By which push services know this node: apps subscribe with it."""


async def site_facts(runtime: Runtime) -> SiteFacts:
    """Return the node's counts and contact: counted anew once they are a minute old, never older than ten."""
    kept = runtime.caches.standing("site_facts", seconds=COUNTED_SECONDS, stale_seconds=10 * COUNTED_SECONDS)
    facts: SiteFacts = await kept.get(partial(_count, runtime))
    return facts


async def _count(runtime: Runtime) -> SiteFacts:
    now = runtime.now()
    push_key = (await vapid_key(runtime)).public
    async with runtime.read() as reader:
        people, posts = await count_people_and_posts(reader)
        active_month, active_half_year = await count_active_users(reader, since=(now - MONTH, now - HALF_YEAR))
        contact = await find_contact(reader)
        return SiteFacts(
            people=people,
            posts=posts,
            peers=await count_remote_domains(reader),
            active_month=active_month,
            active_half_year=active_half_year,
            contact=account_view(contact, settings=runtime.settings) if contact is not None else None,
            push_key=push_key,
        )


@dataclass(frozen=True, slots=True)
class Week:
    """What our people did in a week, which began at `start`; of their posts, those that are public."""

    start: datetime
    posts: int
    people: int
    sign_ups: int


async def weekly_activity(runtime: Runtime) -> list[Week]:
    """Return the last twelve weeks, this one first: counted anew once they are a minute old, never older than ten."""
    kept = runtime.caches.standing("weekly_activity", seconds=COUNTED_SECONDS, stale_seconds=10 * COUNTED_SECONDS)
    weeks: list[Week] = await kept.get(partial(_count_weeks, runtime))
    return weeks


async def _count_weeks(runtime: Runtime) -> list[Week]:
    now = runtime.now()
    this = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=now.weekday())
    starts = [this - number * WEEK for number in range(WEEKS)]
    async with runtime.read() as reader:
        return [Week(start, *await count_week(reader, start, start + WEEK, week_of(start))) for start in starts]


async def known_peers(runtime: Runtime) -> list[str]:
    """Return the servers known here: listed anew once that is an hour old, never older than two."""
    kept = runtime.caches.standing("peers", seconds=HOUR_SECONDS, stale_seconds=2 * HOUR_SECONDS)
    peers: list[str] = await kept.get(partial(_list_peers, runtime))
    return peers


async def _list_peers(runtime: Runtime) -> list[str]:
    async with runtime.read() as reader:
        return await list_peers(reader)
