"""The facts of the node, counted at most once a minute in each process."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from node.accounts.queries import count_remote_domains
from node.accounts.views import account_view
from node.auth.queries import count_active_users
from node.base.runtime import Runtime
from node.site.queries import count_people_and_posts, find_contact

COUNTED_SECONDS = 60
MONTH = timedelta(days=30)
HALF_YEAR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What changes by itself: counts, and who the operator is (an Account view, or None)."""

    people: int
    posts: int
    peers: int
    active_month: int
    active_half_year: int
    contact: dict[str, Any] | None


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
        )
