"""Consent to search across two nodes (FEP-1, FEP-5feb): the actor's own server says it, the other one follows."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.nodes import Person, World
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


@pytest.fixture
async def world(redis_server: RedisServer, new_database_url: Callable[[], str]) -> AsyncIterator[World]:
    """Two nodes that search posts."""
    async with World(redis_server, "a", "b", new_database_url=new_database_url, search_engine="auto") as two:
        yield two


async def found(who: Person, query: str) -> list[Any]:
    answer = await who.get("/api/v2/search", q=query, type="statuses")
    return [status["uri"] for status in answer["statuses"]]


async def test_consent_travels_with_the_actor(world: World) -> None:
    """FEP-1: absent or false is no; true opens the posts, false again closes them, deletions travel too."""
    ann = await world["a"].person("ann")
    bo = await world["b"].person("bo")
    reader = await world["b"].person("cy")
    await bo.follow(ann)
    await world.settle()
    post = await ann.post("Marmosets at dawn #Primates")
    named = await ann.post(f"A marmoset for {bo.handle}")
    await world.settle()
    assert await found(reader, "marmoset") == []
    assert await found(bo, "marmoset") == [named["uri"]]
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": True})
    await world.settle()
    assert set(await found(reader, "marmosets")) == {post["uri"], named["uri"]}
    assert await found(reader, f"primates from:{ann.handle}") == [post["uri"]]
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await world.settle()
    assert await found(reader, "marmosets") == [named["uri"]]
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": False})
    await world.settle()
    assert await found(reader, "marmosets") == []
    assert await found(bo, "marmosets") == [named["uri"]]


async def test_row_105_nobody_else_consents_for_an_actor(world: World, alice: Stranger) -> None:
    """Row 105: an actor that says nothing is not searched, whatever its post says of itself."""
    bo = await world["b"].person("bo")
    reader = await world["b"].person("cy")
    note = alice.note("A tarsier, says the post", indexable=True, mentions=[bo.uri])
    answer = await alice.deliver(f"{world['b'].url}/inbox", alice.create(note))
    assert answer.is_success
    await world.settle()
    assert await found(bo, "tarsier") == [note["id"]]
    assert await found(reader, "tarsier") == []
