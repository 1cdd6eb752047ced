"""Queueing fetches: one row per (kind, uri), written in the transaction that finds the need for it.

The rows are worked off by `node/remote/jobs.py`. A row that failed for good stays for an hour, parked, and so
is the memory that keeps us from asking again (INB-7).
"""

import random
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.remote.models import FetchTask

ACTOR: Final = "actor"
FOLLOWERS: Final = "followers"
"""Our people among an actor's followers, as its server knows them; what it said of them is the budget key."""
FEATURED: Final = "featured"
"""What an actor known here shows at the top of its page; the URI is the actor's."""
POST: Final = "post"
QUOTE: Final = "quote"
"""Whether a remote post may stand with what it quotes; the URI is the post's that quotes."""
PROFILE_LINKS: Final = "profile-links"
"""The links in a profile of ours, to be verified; the URI is the actor's."""
POLL: Final = "poll"
"""The counts of a poll known here; the URI is its post's."""

MAX_QUOTE_DEPTH: Final = 2
"""How many quotes within quotes are followed from a post that was delivered (OBJ-15)."""

MAX_DEPTH: Final = 30
"""How many levels of ancestors are fetched upward from a post that was delivered (INB-7, row 50)."""

NEGATIVE_LIFE: Final = timedelta(hours=1)
REFRESH_SPREAD: Final = timedelta(hours=6)


async def queue_fetch(
    uow: UnitOfWork,
    kind: str,
    *,
    uri: str,
    now: datetime,
    depth: int = 0,
    budget_key: str = "",
    delay: timedelta = timedelta(),
) -> bool:
    """Queue the fetch of `uri` unless it is queued or failed within the hour; False for a depth beyond the limit.

    The caller nudges the FETCH lane after its commit, or leaves that to the sweep.
    """
    if depth > MAX_DEPTH:
        return False
    values = {
        "id": new_id(),
        "kind": kind,
        "uri": uri,
        "depth": depth,
        "budget_key": budget_key,
        "created_at": now,
        "due_at": now + delay,
        "attempts": 0,
        "detail": "",
    }
    if await insert_if_absent(uow, FetchTask, values):
        return True
    revived = await uow.write(
        update(FetchTask)
        .where(FetchTask.kind == kind, FetchTask.uri == uri, FetchTask.parked_at < now - NEGATIVE_LIFE)
        .values(parked_at=None, attempts=0, due_at=now + delay, depth=depth, budget_key=budget_key)
        .execution_options(synchronize_session=False)
    )
    return bool(revived)


def refresh_delay() -> timedelta:
    """Return a random wait for the refresh of a stale actor, so that a host's actors do not come due together."""
    return timedelta(seconds=random.uniform(0, REFRESH_SPREAD.total_seconds()))  # noqa: S311
