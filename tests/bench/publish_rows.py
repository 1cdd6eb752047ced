"""Publishing a post: what it costs until the answer, with all that follows, and when others see it."""

import asyncio
import time
from statistics import median

import httpx

from node.base.runtime import Runtime
from node.timelines import home_lists
from tests.bench.filling import TYPICAL
from tests.bench.load import Request, authorised, drive
from tests.bench.pace import LOOKS, bare_hypercorn
from tests.bench.stage import Stage
from tests.bench.table import Row

PATH = "/api/v1/statuses"
POSTS = 150


async def publish(stage: Stage, runtime: Runtime) -> list[Row]:
    """Publishing a post"""
    headers = authorised(stage.author_token, **{"Content-Type": "application/json"})
    writes = [
        Request(PATH, "POST", headers, f'{{"status": "Measured post {number}: the rooks come home at dusk"}}')
        for number in range(POSTS)
    ]
    await drive(stage.url, writes, times=20, clients=1)
    await stage.quiet()
    async with bare_hypercorn() as bare:
        await bare.look(LOOKS)
        before, web_before = stage.cost(), stage.cost("web")
        timing = await drive(stage.url, writes, times=POSTS, clients=1)
        answered = (stage.cost("web") - web_before).each(POSTS)
        await bare.look(LOOKS)
        await stage.quiet()
        everything = (stage.cost() - before).each(POSTS)
    followers = stage.filled.followers[stage.author_id][:TYPICAL]
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=60) as http:
        seen = await _seen(stage, http, followers[0])
        by_all = await _on_all_lists(stage, runtime, http, followers)
    return [
        Row("publish: answer p95", f"{timing.p95:.1f} ms, p50 {timing.p50:.1f}", "< 20 ms", timing.p95 < 20),
        bare.spent(answered).row("publish: CPU to the answer", 5),
        bare.spent(everything).row("publish: CPU with all after-work", 15),
        Row("publish: seen by a local follower, median", f"{seen:.0f} ms", "< 50 ms", seen < 50),
        Row(
            f"publish: on the homes of {len(followers)} followers, median",
            f"{by_all:.0f} ms",
            "< 1 000 ms",
            by_all < 1000,
        ),
    ]


async def _seen(stage: Stage, http: httpx.AsyncClient, follower: int) -> float:
    taken = []
    for number in range(20):
        posted = await _post(stage, http, f"Seen {number}")
        started = time.perf_counter()
        while posted not in await _home(stage, http, follower):
            assert time.perf_counter() - started < 30
            await asyncio.sleep(0.002)
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


async def _on_all_lists(stage: Stage, runtime: Runtime, http: httpx.AsyncClient, followers: list[int]) -> float:
    """Return the median milliseconds from the answer until the last list has the post."""
    for follower in followers:
        await _home(stage, http, follower)
    taken = []
    for number in range(10):
        posted = await _post(stage, http, f"For all {number}")
        started = time.perf_counter()
        waiting = followers
        while waiting:
            async with runtime.gate.redis.pipeline(transaction=False) as pipe:
                for follower in waiting:
                    pipe.lrange(home_lists.home_key(follower), 0, 20)
                lists = await pipe.execute()
            waiting = [id_ for id_, entries in zip(waiting, lists, strict=True) if posted.encode() not in entries]
            assert time.perf_counter() - started < 30
            await asyncio.sleep(0.002)
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


async def _post(stage: Stage, http: httpx.AsyncClient, words: str) -> str:
    answer = await http.post(PATH, headers=authorised(stage.author_token), json={"status": words})
    return str(answer.raise_for_status().json()["id"])


async def _home(stage: Stage, http: httpx.AsyncClient, reader: int) -> set[str]:
    headers = authorised(stage.filled.tokens[reader])
    return {status["id"] for status in (await http.get("/api/v1/timelines/home?limit=5", headers=headers)).json()}
