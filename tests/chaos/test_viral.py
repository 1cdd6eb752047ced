"""Somebody with very many followers posts while workers, the web process and Redis are killed in the midst of it.

At the end every follower who was here of late has every post in their home exactly once, and nothing was given up.
Lists are looked at in Redis itself where it kept them: a home that is built anew from SQL would hide what was lost.
"""

import asyncio
import signal
import time
from collections import Counter

import pytest
from redis import Redis

from node.base.paging import Page
from node.base.runtime import Runtime, running
from node.timelines.home import home_page
from node.timelines.home_lists import home_key, listed, newest_first
from tests.bench.filling import add_crowd
from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import RealNode, Somebody, settled
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.long]

CROWD = 20_000
READERS = 200
"""Followers whose home is read as people read it."""


async def _until_under_way(node: RealNode) -> None:
    """Wait until a fan-out has begun and is not at its end."""
    deadline = time.monotonic() + 60
    while not node.ask("SELECT 1 FROM fan_outs LIMIT 1"):
        assert time.monotonic() < deadline, "no fan-out began"
        await asyncio.sleep(0.005)


async def _kill_within_a_turn(node: RealNode, redis: RedisServer) -> None:
    """Kill the workers while one has claimed a fan-out and waits for Redis to take a chunk of it."""
    claimed = "SELECT 1 FROM fan_outs WHERE attempts > 0"
    deadline = time.monotonic() + 60
    while True:
        assert time.monotonic() < deadline, "no turn was met"
        if not node.ask(claimed):
            await asyncio.sleep(0.002)
            continue
        redis._process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(0.5)  # less than it waits for Redis: whoever has a turn is in the midst of a push now
            if node.ask(claimed):
                assert node.kill("worker") > 0
                return
        finally:
            redis._process.send_signal(signal.SIGCONT)


async def _post(star: Somebody, round_: int) -> list[str]:
    """Post some at once, so that their fan-outs take turns; return the ids."""
    made = await asyncio.gather(*(star.post(f"round {round_}, post {number}") for number in range(3)))
    return [post["id"] for post in made]


def _give_lists(client: Redis, followers: list[int]) -> None:
    """Give everybody an empty home that is complete from now on: as who followed nobody before has it."""
    now = int(time.time() * 1000)
    for start in range(0, len(followers), 5_000):
        some = followers[start : start + 5_000]
        pipe = client.pipeline(transaction=False)
        for follower in some:
            pipe.rpush(home_key(follower), f"-0:{now}:crowd")
        pipe.execute()


def _missing(client: Redis, followers: list[int], posts: list[str]) -> dict[int, set[str]]:
    """Return whose list lacks which posts."""
    lacking = {}
    for start in range(0, len(followers), 5_000):
        some = followers[start : start + 5_000]
        pipe = client.pipeline(transaction=False)
        for follower in some:
            pipe.lrange(home_key(follower), 0, -1)
        for follower, raw in zip(some, pipe.execute(), strict=True):
            found = listed((raw, 1))
            shown = [] if found is None else [str(id_) for id_, _ in newest_first(found.entries, above=found.floor)]
            if set(shown) != set(posts) or len(shown) != len(posts):
                lacking[follower] = set(posts) - set(shown)
    return lacking


async def _read_homes(runtime: Runtime, followers: list[int], posts: list[str]) -> None:
    for follower in followers[:: len(followers) // READERS]:
        page = (await home_page(runtime, follower, Page(limit=40))).posts
        assert Counter(post["id"] for post in page) == Counter(posts), follower


async def test_a_post_to_twenty_thousand_survives_kills_in_its_midst(launch: StartNode) -> None:
    redis = RedisServer()
    try:
        pushed_to_all = {"push_limit": "1000000", "active_limit": "1000000"}
        node = launch("a", redis_url=f"unix://{redis.socket}", changes=pushed_to_all)
        await node.ready()
        star = await node.person("star")
        client = Redis(unix_socket_path=str(redis.socket), socket_timeout=60)
        async with running(node.settings) as runtime:
            followers = await add_crowd(runtime, star.account_id, CROWD)
            _give_lists(client, followers)
            posts: list[str] = []
            for round_, strike in enumerate(("worker", "turn", "web", "hang", "turn")):
                posting = asyncio.create_task(_post(star, round_))
                await _until_under_way(node)
                if strike == "turn":
                    await _kill_within_a_turn(node, redis)
                elif strike == "hang":
                    redis._process.send_signal(signal.SIGSTOP)
                    await asyncio.sleep(3)
                    redis._process.send_signal(signal.SIGCONT)
                else:
                    assert node.kill(strike) > 0, strike
                posts += await posting
            await settled(node, seconds=150)
            assert node.parked() == []
            assert _missing(client, followers, posts) == {}
            await _read_homes(runtime, followers, posts)

            posting = asyncio.create_task(_post(star, 9))
            await _until_under_way(node)
            redis.stop()
            node.kill("worker")
            posts += await posting
            redis.restart()
            await settled(node, seconds=150)
            assert node.parked() == []
            await _read_homes(runtime, followers, posts)
        assert "fan_out_given_up" not in node.log_path.read_text()
    finally:
        redis.close()
