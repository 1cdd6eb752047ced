"""Trends: a tick with 100 000 active hashtags, and reading what it wrote. Alone: `python -m tests.bench.trend_rows`."""

import argparse
import asyncio
import random
import time
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import httpx
from sqlalchemy import delete, insert, select, update

from node.accounts.models import Account
from node.api import blueprints
from node.app import create_app
from node.auth.models import User
from node.base.ids import SHIFT, floor_id, new_id
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.posts.models import Hashtag, Post, PostHashtag
from node.trends import buckets
from node.trends.models import TrendDay, TrendState
from node.trends.noting import TICK
from node.trends.queries import Note, list_notes, read_tick_facts
from node.trends.tick import tick
from node.trends.trust import NOBODY
from tests.bench.filling import account_values
from tests.bench.load import Request, drive
from tests.bench.pace import cpu_a_request
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer

PEOPLE = 2_000
FOLLOWS = 20
TAGS = 100_000
USES = 200_000
CHUNK = 5_000
TICKS = 5
A_MINUTE = 500
READS = 300


async def _insert(runtime: Runtime, table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        async with runtime.write() as uow:
            await uow.execute(insert(table), rows[start : start + CHUNK])


def _post(id_: int, author: int, words: str, language: str, now: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        "uri": f"https://x.example/{id_}",
        "account_id": author,
        "local": True,
        "visibility": "public",
        "content": f"<p>{words}</p>",
        "language": language,
        "thread_id": id_,
        "published_at": now,
        "created_at": now,
    }


async def fill(runtime: Runtime, *, tags: int, uses: int) -> None:
    """Let people who follow each other use each hashtag once in the last day, and the first of them far more often."""
    dice, now = random.Random(1), runtime.now()
    people = [new_id() for _ in range(PEOPLE)]
    await _insert(runtime, Account, [account_values(runtime.settings, id_, f"t{id_}", now) for id_ in people])
    users = [
        {"account_id": id_, "email": f"{id_}@x.example", "password_hash": "", "created_at": now, "approved_at": now}
        for id_ in people
    ]
    await _insert(runtime, User, users)
    pairs = {(one, other) for one in people for other in dice.sample(people, FOLLOWS) if one != other}
    follows = [
        {"id": new_id(), "follower_id": one, "followee_id": other, "created_at": now, "accepted_at": now}
        for one, other in sorted(pairs)
    ]
    await _insert(runtime, Follow, follows)
    tag_ids = [new_id() for _ in range(tags)]
    names = [{"id": id_, "name": f"tag{id_}", "display": f"Tag{id_}", "created_at": now} for id_ in tag_ids]
    await _insert(runtime, Hashtag, names)
    used = [*tag_ids, *(tag_ids[min(int(dice.paretovariate(0.6)) - 1, tags - 1)] for _ in range(uses - tags))]
    first, day = floor_id(now - timedelta(hours=23)), 23 * 3_600_000
    posts, carried = [], []
    for number, tag_id in enumerate(used):
        id_ = first + (dice.randrange(day) << SHIFT) + number % (1 << SHIFT)
        language = dice.choice(("en", "en", "de", "fr", "ja"))
        words = f"Words number {number} about this and that"
        posts.append(_post(id_, dice.choice(people), words, language, now))
        carried.append({"post_id": id_, "hashtag_id": tag_id})
    await _insert(runtime, Post, posts)
    await _insert(runtime, PostHashtag, carried)


async def use_more(runtime: Runtime, count: int) -> None:
    """Let people go on as they do in a minute, mostly about what is talked about."""
    dice, now = random.Random(count), runtime.now()
    async with runtime.read() as reader:
        people = list(await reader.scalars(select(User.account_id)))
        tags = list(await reader.scalars(select(Hashtag.id).order_by(Hashtag.id).limit(TAGS)))
    posts, carried, notes = [], [], []
    for _ in range(count):
        id_, author = new_id(), dice.choice(people)
        tag_id = tags[min(int(dice.paretovariate(0.6)) - 1, len(tags) - 1)]
        posts.append(_post(id_, author, "Some more words", "en", now))
        carried.append({"post_id": id_, "hashtag_id": tag_id})
        notes.append(Note("tags", tag_id, author, id_, "en"))
    await _insert(runtime, Post, posts)
    await _insert(runtime, PostHashtag, carried)
    await buckets.note(runtime.gate.redis, notes, NOBODY, now)


async def time_ticks(runtime: Runtime, *, times: int = TICKS) -> tuple[list[float], float]:
    """Tick, each time after another minute's posts; return the milliseconds of each, and of CPU of the last."""
    spent = []
    for _ in range(times):
        await use_more(runtime, A_MINUTE)
        async with runtime.write() as uow:
            now = runtime.now()
            if await uow.scalar(select(TrendState.name).where(TrendState.name == TICK)) is None:
                uow.add(TrendState(name=TICK, made_at=now, due_at=now, body={}))
            await uow.write(update(TrendState).where(TrendState.name == TICK).values(due_at=now))
            await uow.write(delete(TrendDay))
        await tick(runtime)
        async with runtime.read() as reader:
            facts = await read_tick_facts(reader)
        spent.append(facts.seconds * 1000)
    return spent, facts.cpu * 1000


async def rows_of(redis: RedisServer, *, tags: int = TAGS, uses: int = USES) -> list[Row]:
    """Fill, note, tick and read; return the lines."""
    async with open_node(redis) as runtime:
        await fill(runtime, tags=tags, uses=uses)
        async with runtime.read() as reader:
            notes = await list_notes(reader, "tags", runtime.now() - timedelta(days=1), limit=uses)
        started = time.perf_counter()
        await buckets.note(runtime.gate.redis, notes, NOBODY, runtime.now())
        noted = len(notes) / (time.perf_counter() - started)
        await buckets.say_whole(runtime.gate.redis)
        spent, cpu = await time_ticks(runtime)
        app = create_app(runtime, blueprints())
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=runtime.settings.public_url) as http:
            for _ in range(20):
                answer = await http.get("/api/v1/trends/tags")
            assert len(answer.json()) == 10, answer.text
            before = time.process_time()
            for _ in range(READS):
                await http.get("/api/v1/trends/tags")
            read = (time.process_time() - before) / READS * 1000
        stored = int((await runtime.gate.redis.info("memory"))["used_memory"]) / 1_000_000
    warm = median(spent[1:])
    name = f"trends, {tags:,} hashtags, {uses:,} uses"
    return [
        Row(f"{name}: a tick, the first", f"{spent[0]:.0f} ms"),
        Row(f"{name}: a tick, median", f"{warm:.0f} ms, CPU {cpu:.0f} ms", "< 1 s", warm < 1000),
        Row(f"{name}: noting, and what it takes", f"{noted:,.0f} uses/s, {stored:.0f} MB in Redis"),
        Row(f"{name}: GET trends/tags in one process, with the client", f"{read:.2f} ms CPU"),
    ]


async def trends(stage: Stage, runtime: Runtime) -> list[Row]:
    """Trends: a tick with many active hashtags, and reading them"""
    redis = RedisServer()
    try:
        found = await rows_of(redis)
    finally:
        redis.close()
    asked = [Request("/api/v1/trends/tags")]
    await drive(stage.url, asked, times=40, clients=2)
    spent = await cpu_a_request(stage, asked, times=READS, only="web")
    return [*found, spent.row("GET /api/v1/trends/tags: CPU", 1)]


async def _alone(tags: int, uses: int) -> None:
    redis = RedisServer()
    try:
        for row in await rows_of(redis, tags=tags, uses=uses):
            print(f"{row.what:75} {row.measured:45} {row.budget:10} {row.verdict}", flush=True)
    finally:
        redis.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tags", type=int, default=TAGS)
    parser.add_argument("--uses", type=int, default=USES)
    arguments = parser.parse_args()
    asyncio.run(_alone(arguments.tags, arguments.uses))
