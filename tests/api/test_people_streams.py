"""Streams of people's tools: conversations to whom they are, announcements to all, and mutes that end (row 98)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from node.announcements.service import Notice, publish_announcement, remove_announcement
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import befriend, events, say


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


async def following(stream: Any, kind: str) -> Any:
    """Return the words of the next message of a kind."""
    while True:
        message = await stream.next()
        assert message is not None
        if message["event"] == kind:
            return json.loads(message["data"])


async def test_a_conversation_is_told_to_whom_it_is(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    async with (
        events(node.url, "direct", token=bob.token) as his,
        events(node.url, "direct", token=carol.token) as hers,
    ):
        await say(node, ann, "@bob psst", visibility="direct")
        told = await following(his, "conversation")
        assert told == (await bob.get("/api/v1/conversations"))[0]
        await say(node, ann, "@carol and you", visibility="direct")
        assert "and you" in (await following(hers, "conversation"))["last_status"]["content"]


async def test_announcements_are_told_to_everybody(node: Node, ann: Person, bob: Person) -> None:
    async with events(node.url, "user", token=bob.token) as stream:
        async with node.runtime.write() as uow:
            id_ = (await publish_announcement(uow, Notice(text="Hello"), now=node.runtime.now())).id
        await settle(node.runtime)
        assert await following(stream, "announcement") == (await bob.get("/api/v1/announcements"))[0]
        await ann.call("PUT", f"/api/v1/announcements/{id_}/reactions/🎉")
        await settle(node.runtime)
        told = await following(stream, "announcement.reaction")
        assert told == {"name": "🎉", "count": 1, "announcement_id": str(id_)}
        async with node.runtime.write() as uow:
            await remove_announcement(uow, id_, now=node.runtime.now())
        await settle(node.runtime)
        assert await following(stream, "announcement.delete") == id_


async def test_a_mute_holds_in_streams_until_it_ends_and_languages_are_kept_to(
    node: Node, ann: Person, bob: Person
) -> None:
    await befriend(node, bob, ann)
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow", languages=["de"])
    await bob.act(f"/api/v1/accounts/{ann.account_id}/mute", duration=600)
    async with events(node.url, "user", token=bob.token) as stream:
        await say(node, ann, "muted", language="de")
        await say(node, bob, "meanwhile", language="de")
        assert "meanwhile" in (await following(stream, "update"))["content"]
        node.clock.advance(seconds=601)
        await say(node, ann, "in a language nobody chose", language="fr")
        await say(node, ann, "heard", language="de")
        assert "heard" in (await following(stream, "update"))["content"]
