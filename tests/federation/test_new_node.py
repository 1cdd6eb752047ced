"""A new person on a node of one: within a minute there is something to read and somebody to follow (issue 6)."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.base.ids import id_at, new_id
from node.follows.models import Follow
from node.posts.models import Post
from tests.support.nodes import Node, Person, World
from tests.support.redis_server import RedisServer

AUTHORS = 5
POSTS = 24
OTHERS = 26


async def populate(node: Node) -> list[Person]:
    """Let five people live there who wrote for a day, and follow others who want to be found."""
    authors = [await node.person(f"author{n}", discoverable=True, indexable=True) for n in range(AUTHORS)]
    others = [await node.person(f"other{n}", discoverable=True) for n in range(OTHERS)]
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        for author in authors:
            for n in range(POSTS):
                published = now - timedelta(hours=n + 1)
                post_id = id_at(published)
                uow.add(
                    Post(
                        id=post_id,
                        uri=f"{author.uri}/statuses/{post_id}",
                        account_id=author.account_id,
                        local=True,
                        visibility="public",
                        content=f"{author.username} fancies {n}",
                        thread_id=post_id,
                        published_at=published,
                        created_at=published,
                    )
                )
            for other in others:
                uow.add(
                    Follow(
                        id=new_id(),
                        follower_id=author.account_id,
                        followee_id=other.account_id,
                        created_at=now,
                        accepted_at=now,
                    )
                )
            await uow.write(
                update(Account).where(Account.id == author.account_id).values(posts_count=POSTS, following_count=OTHERS)
            )
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
    await world.settle()

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
