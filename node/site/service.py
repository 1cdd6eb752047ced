"""The facts of the node, counted at most once a minute in each process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
    """Return the node's counts and contact, at most a minute old."""
    cache = runtime.caches.get("site_facts", size=1, seconds=COUNTED_SECONDS)
    facts: SiteFacts | None = cache.get("all")
    if facts is None:
        facts = await _count(runtime)
        cache.put("all", facts)
    return facts


async def _count(runtime: Runtime) -> SiteFacts:
    now = runtime.now()
    push_key = (await vapid_key(runtime)).public
    async with runtime.read() as reader:
        people, posts = await count_people_and_posts(reader)
        contact = await find_contact(reader)
        return SiteFacts(
            people=people,
            posts=posts,
            peers=await count_remote_domains(reader),
            active_month=await count_active_users(reader, since=now - MONTH),
            active_half_year=await count_active_users(reader, since=now - HALF_YEAR),
            contact=account_view(contact, settings=runtime.settings) if contact is not None else None,
            push_key=push_key,
        )


@dataclass(frozen=True, slots=True)
class Week:
    """What our people did in a week, which began at `start`."""

    start: datetime
    posts: int
    people: int
    sign_ups: int


async def weekly_activity(runtime: Runtime) -> list[Week]:
    """Return the last twelve weeks, this one first; counted at most once an hour, this week once a minute."""
    now = runtime.now()
    this = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=now.weekday())
    found = []
    for number in range(WEEKS):
        start = this - number * WEEK
        cache = runtime.caches.get(
            "this_week" if number == 0 else "past_weeks",
            size=WEEKS + 1,
            seconds=COUNTED_SECONDS if number == 0 else HOUR_SECONDS,
        )
        week: Week | None = cache.get(start)
        if week is None:
            async with runtime.read() as reader:
                week = Week(start, *await count_week(reader, start, start + WEEK, week_of(start)))
            cache.put(start, week)
        found.append(week)
    return found


async def known_peers(runtime: Runtime) -> list[str]:
    """Return the servers known here, listed at most once an hour."""
    cache = runtime.caches.get("peers", size=1, seconds=HOUR_SECONDS)
    found: list[str] | None = cache.get("all")
    if found is None:
        async with runtime.read() as reader:
            found = await list_peers(reader)
        cache.put("all", found)
    return found
