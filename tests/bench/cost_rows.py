"""What is written for a post, by the tier of its author, and what people and posts take up: for the capacity model.

The node's own processes are stopped meanwhile: the benchmark posts through the service and drains the lanes itself, on
a Redis of its own, counting the rows that each statement wrote and the commands that Redis ran.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import event, update

from node.accounts.queries import get_account
from node.base.runtime import Runtime, running
from node.posts.drafts import Draft
from node.posts.service import publish
from node.timelines import home_lists
from node.timelines.models import AuthorTier
from node.timelines.rules import OVERLAP
from node.timelines.tiers import assess
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.support.homes import lay_list
from tests.support.nodes import settle
from tests.support.redis_server import RedisServer

POSTS = 10
TIERS = {"push": (10**9, 10**9), "active": (0, 10**9), "pull": (0, 0)}
"""The limits of followers that put every author into a tier."""
WRITES = ("set", "lpushx", "lpush", "rpush", "ltrim", "del", "unlink", "expire", "hincrby", "zadd", "sadd", "publish")


@dataclass
class Written:
    """Statements that wrote, and rows they touched."""

    statements: int = 0
    rows: int = 0


@contextmanager
def counting(runtime: Runtime) -> Iterator[Written]:
    """Count what this runtime writes to the database for the length of the block."""
    written = Written()

    def note(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            written.statements += 1
            written.rows += max(cursor.rowcount, 0)

    engine = runtime.database.writer.sync_engine
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(engine, "after_cursor_execute", note)


async def costs(stage: Stage, runtime: Runtime) -> list[Row]:
    """Write amplification by tier, bytes for each person, follow and post"""
    await asyncio.to_thread(stage.stop)
    star = stage.filled.account_ids[0]
    found = []
    try:
        for tier, limits in TIERS.items():
            async with _alone(runtime, *limits) as node:
                await _in_tier_for_long(node, star)
                found += await _amplification(node, tier, star, stage.filled.followers.get(star, []))
        found += [
            Row(f"bytes of the database for each {what}", f"{taken:,.0f}")
            for what, taken in stage.filled.bytes_taken.items()
        ]
        async with _alone(runtime, *TIERS["push"]) as node:
            found.append(await _list_bytes(node))
    finally:
        await asyncio.to_thread(stage.start)
    return found


@asynccontextmanager
async def _alone(runtime: Runtime, push_limit: int, active_limit: int) -> AsyncIterator[Runtime]:
    """Open a runtime on the same database with an empty Redis and no processes beside it."""
    redis = RedisServer()
    try:
        settings = replace(
            runtime.settings, redis_url=redis.new_url(), push_limit=push_limit, active_limit=active_limit
        )
        async with running(settings) as node:
            yield node
    finally:
        redis.close()


async def _in_tier_for_long(node: Runtime, author_id: int) -> None:
    """A change of tier is heeded after a while only: make it an old one."""
    if await assess(node, author_id) is not None:
        async with node.write() as uow:
            await uow.write(update(AuthorTier).values(changed_at=node.now() - 2 * OVERLAP))


async def _amplification(node: Runtime, tier: str, author_id: int, followers: list[int]) -> list[Row]:
    for follower in followers:
        await lay_list(node.gate.redis, follower, [])
    await settle(node)
    before = await _commands(node)
    with counting(node) as written:
        for number in range(POSTS):
            async with node.write() as uow:
                author = await get_account(uow, author_id)
                draft = Draft(text=f"Counted {number}")
                await publish(uow, node.settings, author, draft, mentions={}, now=node.now())
            await settle(node)
    after = await _commands(node)
    pushes = (after.get("lpushx", 0) - before.get("lpushx", 0)) / POSTS
    others = sum(after.get(name, 0) - before.get(name, 0) for name in WRITES if name != "lpushx") / POSTS
    return [
        Row(f"a post to {len(followers):,} local followers, tier {tier}: rows written", f"{written.rows / POSTS:.1f}"),
        Row(f"a post, tier {tier}: statements that write", f"{written.statements / POSTS:.1f}"),
        Row(f"a post, tier {tier}: list pushes in Redis", f"{pushes:,.0f}, other writes {others:.0f}"),
    ]


async def _commands(node: Runtime) -> dict[str, int]:
    stats: Any = await node.gate.redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items()}


async def _list_bytes(node: Runtime) -> Row:
    cap = node.settings.home_length
    await lay_list(node.gate.redis, 10**15, [3 * 10**18 + number * 10**9 for number in range(cap)])
    taken = await node.gate.redis.memory_usage(home_lists.home_key(10**15), samples=0)
    return Row(f"bytes of Redis for a home of {cap} posts", f"{taken or 0:,}")
