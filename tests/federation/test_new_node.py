"""A new person on a node of one: within a minute there is something to read and somebody to follow (issue 6)."""

from collections.abc import AsyncIterator, Callable

import pytest

import admin.jobs  # noqa: F401  (registers every drain)
from node.base.lanes import RELAY
from node.base.work import DRAINS
from node.completion.queries import count_arriving
from tests.support.authors import POSTS, let_them_write
from tests.support.nodes import Node, Person, World
from tests.support.redis_server import RedisServer

AUTHORS = 5
OTHERS = 26


async def populate(node: Node) -> list[Person]:
    """Let five people live there who wrote for a day, and follow others who want to be found."""
    authors = [await node.person(f"author{n}", discoverable=True, indexable=True) for n in range(AUTHORS)]
    others = [await node.person(f"other{n}", discoverable=True) for n in range(OTHERS)]
    names = {author.account_id: author.username for author in authors}
    await let_them_write(node.runtime, names, [other.account_id for other in others])
    return authors


@pytest.fixture
async def world(redis_server: RedisServer, new_database_url: Callable[[], str]) -> AsyncIterator[World]:
    """Two nodes that can be searched, as real ones can."""
    async with World(redis_server, "a", "b", new_database_url=new_database_url, search_engine="auto") as two:
        yield two


async def test_five_follows_fill_home_and_suggestions(world: World) -> None:
    """At least 100 posts at home and 20 people to follow, and nothing asked of the new person but five follows."""
    authors = await populate(world["a"])
    node = world["b"]
    bo = await node.person("bo")
    for author in authors:
        await bo.follow(author)
    await DRAINS[RELAY].service(node.runtime)
    async with node.runtime.read() as reader:
        assert await count_arriving(reader, bo.account_id) == AUTHORS, "the page says that they are on their way"
    await world.settle()
    async with node.runtime.read() as reader:
        assert await count_arriving(reader, bo.account_id) == 0

    seen: list[str] = []
    while page := await bo.get("/api/v1/timelines/home", limit=40, **({"max_id": seen[-1]} if seen else {})):
        seen += [status["id"] for status in page]
    assert len(seen) == len(set(seen)) >= 100
    assert seen == sorted(seen, key=int, reverse=True)

    found = await bo.get("/api/v2/suggestions", limit=40)
    assert len(found) >= 20
    assert all(one["reasons"] and one["account"]["username"].startswith("other") for one in found)
    assert "friends_of_friends" in found[0]["sources"]
    assert all(one["account"]["discoverable"] for one in found)

    written = await bo.get("/api/v2/search", q=f"fancies from:{authors[3].handle}", type="statuses", limit=40)
    assert len(written["statuses"]) == POSTS, "what they wrote is found"
