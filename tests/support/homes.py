"""A look at home timelines where they lie."""

from collections.abc import Sequence
from datetime import UTC, datetime

from redis.asyncio import Redis

from node.base.runtime import Runtime
from node.timelines.home_lists import begin, finish, forget, home_key, newest_first, read


async def listed_ids(runtime: Runtime, account_id: int) -> list[int] | None:
    """Return what a person's list in Redis holds, newest first; None when there is none that may be read."""
    found = await read(runtime.gate.redis, home_key(account_id))
    return None if found is None else [id_ for id_, _ in newest_first(found.entries, above=found.floor)]


async def lay_list(redis: Redis, account_id: int, ids: Sequence[int]) -> None:
    """Lay a list in Redis in place of what is there, complete to the beginning of time."""
    key = home_key(account_id)
    await forget(redis, [key])
    marker = await begin(redis, key)
    assert marker is not None
    entries = [(id_, 0) for id_ in ids]
    assert await finish(redis, key, marker, entries, floor=0, now=datetime.now(UTC), seconds=3600)
