"""What trends now, as this process knows it: the same for everybody, worked out anew every few minutes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from node.base.runtime import Runtime
from node.trends.queries import list_link_uses, list_post_reach, list_tag_uses
from node.trends.rules import trending, trending_posts

SECONDS: Final = 300


async def trending_tag_ids(runtime: Runtime) -> list[int]:
    """Return the hashtags that trend, the strongest first."""

    async def work_out() -> list[int]:
        async with runtime.read() as reader:
            return trending(await list_tag_uses(reader, runtime.now()))

    return await _known(runtime, "tags", work_out)


async def trending_card_ids(runtime: Runtime) -> list[int]:
    """Return the cards of the links that trend, the strongest first."""

    async def work_out() -> list[int]:
        async with runtime.read() as reader:
            return trending(await list_link_uses(reader, runtime.now()))

    return await _known(runtime, "links", work_out)


async def trending_post_ids(runtime: Runtime) -> list[int]:
    """Return the posts that trend, the strongest first. Whoever shows them asks who may see each."""

    async def work_out() -> list[int]:
        async with runtime.read() as reader:
            return trending_posts(await list_post_reach(reader, runtime.now()), runtime.now())

    return await _known(runtime, "posts", work_out)


async def _known(runtime: Runtime, name: str, work_out: Callable[[], Awaitable[list[int]]]) -> list[int]:
    """Return what is known, or work it out: once, however many ask at a time."""
    cache = runtime.caches.get("trends", size=4, seconds=SECONDS)
    found: list[int] | None = cache.get(name)
    if found is not None:
        return found
    locks = runtime.caches.get("trends_locks", size=4, seconds=1e9)
    key = (asyncio.get_running_loop(), name)
    lock = locks.get(key)
    if lock is None:
        lock = asyncio.Lock()
        locks.put(key, lock)
    async with lock:
        found = cache.get(name)
        if found is None:
            found = await work_out()
            cache.put(name, found)
    return found
