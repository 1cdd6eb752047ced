"""Homes through the doors when authors are large: tiers by settings, turns, lists, and what the metrics say of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from node.timelines import fanout
from tests.support.homes import listed_ids
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer


@pytest.fixture
async def small_node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node where two followers are many and four are too many."""
    async with serve_node(redis_server, push_limit=1, active_limit=3) as node:
        yield node


def a_minute_passes(node: Node) -> None:
    """What a process knows of tiers is too old now, by the machine's clock."""
    for cache in ("author_tiers", "merged_authors"):
        node.runtime.caches.get(cache, size=1, seconds=1).clear()


async def homes(people: list[Person]) -> list[list[str]]:
    return [[status["id"] for status in await person.home()] for person in people]


async def test_an_author_who_becomes_large_is_missed_by_nobody(
    small_node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Followers come one by one, each reads after each post; then the author is pulled, and withdraws a post."""
    monkeypatch.setattr(fanout, "CHUNK", 2)
    runtime = small_node.runtime
    star = await small_node.person("star")
    fans = [await small_node.person(f"fan{number}") for number in range(5)]
    posts: list[str] = []
    for number, fan in enumerate(fans):
        await fan.follow(star)
        await settle(runtime)
        a_minute_passes(small_node)
        posts.insert(0, (await star.post(f"Number {number}"))["id"])
        await settle(runtime)
        assert await homes([*fans[: number + 1], star]) == [posts] * (number + 2)
    small_node.clock.advance(minutes=6)
    a_minute_passes(small_node)
    posts.insert(0, (await star.post("To so many"))["id"])
    await settle(runtime)
    assert int(posts[0]) not in (await listed_ids(runtime, fans[0].account_id) or [])
    assert await homes([*fans, star]) == [posts] * 6
    assert [s["id"] for s in await fans[0].get("/api/v1/timelines/home", max_id=posts[0], limit=2)] == posts[1:3]
    assert [s["id"] for s in await fans[0].get("/api/v1/timelines/home", min_id=posts[2], limit=1)] == [posts[1]]
    await star.call("DELETE", f"/api/v1/statuses/{posts.pop(0)}")
    assert await homes(fans) == [posts] * 5, "gone at once, before anything follows"
    await fans[0].act(f"/api/v1/accounts/{star.account_id}/block")
    await fans[1].act(f"/api/v1/accounts/{star.account_id}/unfollow")
    await fans[2].act(f"/api/v1/accounts/{star.account_id}/mute")
    assert await homes(fans) == [[], [], [], posts, posts]
    figures = (await small_node.http.get("/metrics")).text
    for done in ("posts, push", "posts, pull", "entries pushed", "pages merged", "lists built"):
        assert f'rookery_timelines_total{{done="{done}"}}' in figures


async def test_a_home_is_the_same_while_its_list_comes_and_goes(small_node: Node) -> None:
    """Redis emptied between two pages, and by several readers at once: every page goes on where the last one ended."""
    ann, bo = await small_node.person("ann"), await small_node.person("bo")
    await ann.follow(bo)
    await settle(small_node.runtime)
    posts = [(await bo.post(f"Number {number}"))["id"] for number in range(12)][::-1]
    await settle(small_node.runtime)
    found: list[str] = []
    while page := await ann.get("/api/v1/timelines/home", limit=5, **({"max_id": found[-1]} if found else {})):
        found += [status["id"] for status in page]
        await small_node.runtime.gate.redis.flushdb()
    assert found == posts
    pages = await asyncio.gather(*(ann.home() for _ in range(6)))
    assert all([status["id"] for status in page] == posts for page in pages)
