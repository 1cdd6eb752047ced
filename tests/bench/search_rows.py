"""Search: how fast posts are indexed, how soon they are found, and how long a search takes, on both engines.

Each engine gets a database of its own with posts of a made-up vocabulary (Zipf's law says which words are common), so
that the other measures' node stays as it is. Alone, and on any size: `python -m tests.bench.search_rows 100000`.
"""

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import insert

from node.accounts.models import Account
from node.base.ids import id_at
from node.base.runtime import Runtime
from node.posts.models import Post
from node.search.choosing import engine_of
from node.search.indexing import begin_rebuild, rebuild_some
from node.search.jobs import index_due
from node.search.service import search_posts
from node.search.tasks import ask_for_posts
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.support.nodes import open_node
from tests.support.plans import learn_statistics
from tests.support.postgres import start_postgres
from tests.support.redis_server import RedisServer

AUTHORS = 500
WORDS = 30_000
LENGTH = 25
DAYS = 365
CHUNK = 2_000
TIMES = 60
BURST = 200
KINDS = {
    "common word": ["w3", "w5", "w9", "w14"],
    "rare word": [f"w{rank}" for rank in range(20_000, 30_000, 700)],
    "the commonest words": ["w1", "w2 w1"],
    "two common words": ["w3 w8", "w11 w4", "w15 w7"],
    "a common and a rare word": ["w3 w21000", "w4 w25011", "w6 w28222"],
    "either of three": ["w100 OR w900 OR w4000", "w50 OR w70 OR w90"],
    "a phrase of common words": ['"w3 w5"', '"w9 w4"'],
    "words, one left out, one author": ["w3 -w4 from:author7", "w6 -w2 from:author100"],
    "a beginning": ["w12* w5", "w299*"],
    "a word nobody wrote": ["zebra", "quagga"],
}


async def fill(runtime: Runtime, posts: int) -> None:
    """Store posts of a year by `AUTHORS` people who allow search."""
    dice = random.Random(7)
    weights = list(accumulate(1 / rank for rank in range(1, WORDS + 1)))
    vocabulary = [f"w{rank}" for rank in range(1, WORDS + 1)]
    now = runtime.now()
    authors: list[dict[str, Any]] = []
    for number in range(AUTHORS):
        uri = f"https://far.test/users/{number}"
        authors.append(
            {
                "id": 1_000_000 + number,
                "username": f"author{number}",
                "username_folded": f"author{number}",
                "domain": "far.test",
                "uri": uri,
                "url": uri,
                "indexable": True,
                "followers_count": dice.randrange(5_000),
                "created_at": now - timedelta(days=DAYS),
            }
        )
    async with runtime.write() as uow:
        await uow.execute(insert(Account), authors)
    step = timedelta(days=DAYS) / posts
    for start in range(0, posts, CHUNK):
        rows = []
        for number in range(start, min(start + CHUNK, posts)):
            moment = now - timedelta(days=DAYS) + step * number + timedelta(microseconds=1)
            post_id = id_at(moment)
            uri = f"https://far.test/posts/{number}"
            words = " ".join(dice.choices(vocabulary, cum_weights=weights, k=dice.randint(3, 2 * LENGTH)))
            rows.append(
                {
                    "id": post_id,
                    "uri": uri,
                    "url": uri,
                    "account_id": 1_000_000 + dice.randrange(AUTHORS),
                    "visibility": "public",
                    "content": f"<p>{words}</p>",
                    "language": "en",
                    "thread_id": post_id,
                    "likes_count": int(dice.paretovariate(1.2)) - 1,
                    "published_at": moment,
                    "created_at": moment,
                }
            )
        async with runtime.write() as uow:
            await uow.execute(insert(Post), rows)


async def index_everything(runtime: Runtime) -> tuple[float, float]:
    """Build the index from nothing; return the seconds it took, and the CPU seconds of this process. Upkeep has a
    process of its own and comes after it."""
    engine = engine_of(runtime)
    started, cpu = time.perf_counter(), time.process_time()
    assert await begin_rebuild(runtime, engine, "measured")
    while await rebuild_some(runtime, engine):
        pass
    took = time.perf_counter() - started, time.process_time() - cpu
    while await engine.tidy():
        pass
    async with runtime.write() as uow:
        await learn_statistics(uow)
    return took


async def time_freshness(runtime: Runtime) -> float:
    """Return the seconds from two hundred posts at once, waiting to be indexed, until the last of them is found."""
    moment = runtime.now()
    ids = [id_at(moment) for _ in range(BURST)]
    async with runtime.write() as uow:
        rows = [
            {
                "id": post_id,
                "uri": f"https://far.test/burst/{post_id}",
                "account_id": 1_000_000,
                "visibility": "public",
                "content": f"<p>burst of posts number {post_id}</p>",
                "language": "en",
                "thread_id": post_id,
                "published_at": moment,
                "created_at": moment,
            }
            for post_id in ids
        ]
        await uow.execute(insert(Post), rows)
        await ask_for_posts(uow, runtime.settings, ids, now=moment)
    started = time.perf_counter()
    indexing = asyncio.create_task(index_due(runtime))  # goes on with upkeep, which nobody waits for
    try:
        while (await search_posts(runtime, str(ids[-1]), viewer_id=None)).ids != (ids[-1],):
            assert time.perf_counter() - started < 120
            await asyncio.sleep(0.05)
        return time.perf_counter() - started
    finally:
        await indexing


async def time_searches(runtime: Runtime, *, times: int = TIMES) -> dict[str, tuple[float, float, float]]:
    """Return for each kind of query p50 and p95 in ms, and the CPU ms of one, at one client."""
    found: dict[str, tuple[float, float, float]] = {}
    for kind, queries in KINDS.items():
        spent: list[float] = []
        for query in queries:
            await search_posts(runtime, query, viewer_id=None)
        cpu = time.process_time()
        for turn in range(times):
            started = time.perf_counter()
            await search_posts(runtime, queries[turn % len(queries)], viewer_id=None)
            spent.append((time.perf_counter() - started) * 1000)
        cpu = (time.process_time() - cpu) * 1000 / times
        spent.sort()
        found[kind] = (spent[len(spent) // 2], spent[int(len(spent) * 0.95)], cpu)
    return found


@asynccontextmanager
async def searched(engine: str, redis: RedisServer, database_url: str = "") -> AsyncIterator[Runtime]:
    """Open a node with that engine."""
    async with open_node(redis, search_engine=engine, database_url=database_url) as runtime:
        yield runtime


async def rows_of(engine: str, redis: RedisServer, posts: int, database_url: str = "") -> list[Row]:
    """Fill, index and search; return the lines."""
    budget = 100 if posts <= 100_000 else 250
    async with searched(engine, redis, database_url) as runtime:
        await fill(runtime, posts)
        wall, cpu = await index_everything(runtime)
        status = await engine_of(runtime).status()
        times = await time_searches(runtime)
        fresh = await time_freshness(runtime)
    name = f"search ({engine}, {posts:,} posts)"
    lines = [
        Row(
            f"{name}: indexing",
            f"{posts / wall:,.0f} posts/s, {cpu / posts * 1000:.2f} ms of CPU each",
            "> 200/s",
            posts / wall > 200,
        ),
        Row(f"{name}: {BURST} posts at once, until all are found", f"{fresh:.1f} s", "< 5 s", fresh < 5),
        Row(f"{name}: the index", f"{status.bytes_ / max(posts, 1):,.0f} bytes a post, {status.parts} slices"),
    ]
    for kind, (p50, p95, cpu_each) in times.items():
        measured = f"{p95:.0f} ms, p50 {p50:.0f}, CPU {cpu_each:.0f}"
        lines.append(Row(f"{name}: {kind}, p95", measured, f"< {budget} ms", p95 < budget))
    return lines


async def search(stage: Stage, runtime: Runtime) -> list[Row]:
    """Search with Whoosh: index rate and queries"""
    redis = RedisServer()
    try:
        return await rows_of("whoosh", redis, _posts(stage))
    finally:
        redis.close()


async def search_postgresql(stage: Stage, runtime: Runtime) -> list[Row]:
    """Search with PostgreSQL: index rate and queries"""
    redis = RedisServer()
    try:
        server = start_postgres()
        try:
            return await rows_of("postgresql", redis, _posts(stage), server.new_url())
        finally:
            server.close()
    finally:
        redis.close()


def _posts(stage: Stage) -> int:
    return 1_000_000 if stage.size.posts >= 1_000_000 else 20_000


async def _alone(posts: int, engines: list[str]) -> None:
    redis = RedisServer()
    try:
        for engine in engines:
            server = start_postgres() if engine == "postgresql" else None
            try:
                for row in await rows_of(engine, redis, posts, server.new_url() if server else ""):
                    print(f"{row.what:75} {row.measured:45} {row.budget:10} {row.verdict}", flush=True)
            finally:
                if server is not None:
                    server.close()
    finally:
        redis.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=int)
    parser.add_argument("--engine", choices=["whoosh", "postgresql"], action="append")
    given = parser.parse_args()
    asyncio.run(_alone(given.posts, given.engine or ["whoosh", "postgresql"]))
