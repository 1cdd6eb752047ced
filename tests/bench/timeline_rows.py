"""Reading timelines, and pushing posts onto them."""

import asyncio
import time
from statistics import median

from sqlalchemy import delete, insert

from node.base.ids import new_id
from node.base.runtime import Runtime
from node.blocks.models import Block
from node.timelines import home_lists
from tests.bench.filling import add_crowd
from tests.bench.load import Request, authorised, drive
from tests.bench.pace import cpu_a_request
from tests.bench.stage import Stage
from tests.bench.table import Row

PATH = "/api/v1/timelines/home?limit=20"
BLOCKS = 2_000
CROWD = 100_000


def _reads(stage: Stage) -> list[Request]:
    return [Request(PATH, headers=authorised(token), holds='"spoiler_text"', times=20) for token in stage.readers]


async def home(stage: Stage, runtime: Runtime) -> list[Row]:
    """Home timeline: warm, cold, and without Redis"""
    reads = _reads(stage)
    await drive(stage.url, reads, times=len(reads) * 3, clients=4)
    await stage.quiet()  # what a node does once it has started is no cost of these reads
    spent = await cpu_a_request(stage, reads, times=400)
    one = await drive(stage.url, reads, times=400, clients=1)
    many = await drive(stage.url, reads, times=1200, clients=32)
    cold = []
    for account_id, read in zip(stage.filled.account_ids[-len(reads) :][:20], reads, strict=False):
        await runtime.gate.redis.delete(home_lists.home_key(account_id))
        cold += (await drive(stage.url, [read], times=1, clients=1)).times
    with stage.another_web(ROOKERY_REDIS_URL="redis://127.0.0.1:1/0") as without_redis:
        from_sql = await drive(without_redis, reads, times=40, clients=1)
    return [
        spent.row("home, warm, 20 posts: CPU a request", 2, also=" (stretch 1.2 ms)"),
        Row("home, warm: p95 at 1 client", f"{one.p95:.1f} ms, {one.per_second:.0f}/s", "< 10 ms", one.p95 < 10),
        Row("home, warm: p95 at 32 clients", f"{many.p95:.0f} ms, {many.per_second:.0f}/s", "< 100 ms", many.p95 < 100),
        Row(
            "home, cold (rebuild): worst of 20",
            f"{max(cold):.0f} ms, median {median(cold):.0f}",
            "< 500 ms",
            max(cold) < 500,
        ),
        Row("home, Redis down: p95", f"{from_sql.p95:.0f} ms", "< 500 ms", from_sql.p95 < 500),
    ]


async def public(stage: Stage, runtime: Runtime) -> list[Row]:
    """Local and federated timelines, for somebody with 2 000 blocks too"""
    blocker = stage.filled.account_ids[-1]
    others = stage.filled.account_ids[: min(BLOCKS, stage.size.people // 2)]
    async with runtime.write() as uow:
        rows = [
            {"id": new_id(), "account_id": blocker, "target_id": other, "created_at": runtime.now()} for other in others
        ]
        await uow.execute(delete(Block).where(Block.account_id == blocker))  # of an earlier run, where a node is kept
        await uow.execute(insert(Block), rows)
    found = []
    for name, path in (("local", "/api/v1/timelines/public?local=true"), ("federated", "/api/v1/timelines/public")):
        for who, token in (("", stage.readers[0]), (f", {len(others)} blocks", stage.readers[-1])):
            read = Request(
                f"{path}{'&' if '?' in path else '?'}limit=20",
                headers=authorised(token),
                holds='"spoiler_text"',
                times=20,
            )
            await drive(stage.url, [read], times=20, clients=1)
            timing = await drive(stage.url, [read], times=100, clients=1)
            found.append(Row(f"{name} timeline{who}: p95", f"{timing.p95:.1f} ms"))
    return found


async def fan_out(stage: Stage, runtime: Runtime) -> list[Row]:
    """Fan-out: pushes onto 10 000 home timelines"""
    redis = runtime.gate.redis
    ids = list(range(10**15, 10**15 + 10_000))
    keys = [home_lists.home_key(id_) for id_ in ids]
    async with redis.pipeline(transaction=False) as pipe:
        for id_ in ids:
            pipe.rpush(home_lists.home_key(id_), "-0:0:bench")
            pipe.expire(home_lists.home_key(id_), 120)
        await pipe.execute()
    rates = []
    for number in range(1, 11):
        started = time.perf_counter()
        pushed = await home_lists.push(redis, keys, (number, 0), cap=800)
        rates.append(pushed / (time.perf_counter() - started))
    await home_lists.forget(redis, keys)
    rate = median(rates)
    return [Row("fan-out on write", f"{rate:,.0f} pushes/s", ">= 200 000/s", rate >= 200_000)]


async def viral(stage: Stage, runtime: Runtime) -> list[Row]:
    """One author with very many local followers posts, thousands like it; somebody else posts meanwhile"""
    star = stage.filled.account_ids[0]
    crowd = await add_crowd(runtime, star, CROWD if stage.size.people >= 10_000 else CROWD // 20)
    write = Request(
        "/api/v1/statuses",
        "POST",
        authorised(stage.author_token, **{"Content-Type": "application/json"}),
        '{"status": "Meanwhile"}',
    )
    await stage.quiet()
    alone = await drive(stage.url, [write], times=60, clients=1)
    await stage.quiet()
    speak = Request(
        write.path, "POST", {**write.headers, **authorised(stage.filled.tokens[star])}, '{"status": "Everybody"}'
    )
    started = time.perf_counter()
    posting = asyncio.create_task(drive(stage.url, [speak], times=5, clients=1))
    meanwhile = await drive(stage.url, [write], times=60, clients=1)
    told = await posting
    await stage.quiet()
    took = time.perf_counter() - started
    return [
        Row(
            f"an author with {len(crowd):,} local followers posts: answer, worst of five",
            f"{max(told.times):.1f} ms, p50 {told.p50:.1f}",
            "< 20 ms",
            max(told.times) < 20,
        ),
        Row("five such posts: until the node is at rest", f"{took:.1f} s"),
        Row(
            "somebody else's post meanwhile: p95",
            f"{meanwhile.p95:.1f} ms, alone {alone.p95:.1f}",
            "< 20 ms",
            meanwhile.p95 < 20,
        ),
    ]
