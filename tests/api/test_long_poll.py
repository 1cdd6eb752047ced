"""Streams by long poll: nothing is lost or doubled between two questions (client-api behaviour 20; row 97)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from node.auth.service import open_session, revoke_token
from node.http.cookies import cookie_name
from tests.support.make import make_token
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import befriend, payload, say


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server, database_url=database_url) as served:
        yield served


async def poll(person: Person, stream: str = "user", **query: Any) -> tuple[list[tuple[str, str]], str]:
    """Return event and id of what happened, and the next cursor."""
    found = await person.get("/api/v1/streaming/poll", stream=stream, **query)
    told = [payload(event) for event in found["events"]]
    kinds = [event["event"] for event in found["events"]]
    ids = [str(about["id"] if isinstance(about, dict) else about) for about in told]
    return list(zip(kinds, ids, strict=True)), str(found["cursor"])


async def test_each_question_goes_on_where_the_last_one_ended(node: Node, ann: Person, bob: Person) -> None:
    await befriend(node, bob, ann)
    nothing, cursor = await poll(bob)
    assert nothing == []
    posts = [await say(node, ann, f"post {number}") for number in range(3)]
    found, after = await poll(bob, since=cursor)
    assert found == [("update", post) for post in posts]
    assert await poll(bob, since=after, timeout=0) == ([], after)
    assert (await poll(bob, since=posts[0], timeout=0))[0] == found[1:], "also by the id of a post"
    waiting = asyncio.create_task(poll(bob, since=after))
    late = await say(node, ann, "@bob late")
    found, cursor = await waiting
    assert found[0] == ("update", late)
    rest = found[1:] or (await poll(bob, since=cursor))[0]
    assert [kind for kind, _ in rest] == ["notification"]
    await ann.call("DELETE", f"/api/v1/statuses/{posts[0]}")
    await settle(node.runtime)
    tagged, _ = await poll(bob, "hashtag", tag="x", since="0-0", timeout=0)
    assert tagged == [("delete", posts[0])]


async def test_what_is_refused(node: Node, ann: Person) -> None:
    """Attack rows 90 and 97."""
    told = await make_token(node.runtime, ann.account_id, "read:notifications")
    writing = await make_token(node.runtime, ann.account_id, "write")
    async with node.runtime.write() as uow:
        secret = await open_session(uow, ann.account_id, now=node.runtime.now())

    async def status(query: str, **headers: str) -> int:
        return (await node.http.get(f"/api/v1/streaming/poll?{query}", headers=headers)).status_code

    assert await status("stream=user") == 401
    assert await status("stream=user", Authorization="Bearer nonsense") == 401
    assert await status("stream=user", Authorization=f"Bearer {writing}") == 403
    assert await status("stream=public", Authorization=f"Bearer {told}") == 403
    assert await status("stream=user:notification", Authorization=f"Bearer {told}") == 200
    for query in ("stream=local", "", "stream=hashtag", "stream=user&since=x"):
        assert await status(query, Authorization=f"Bearer {ann.token}") == 400, query
    cookie = f"{cookie_name(node.runtime.settings)}={secret}"
    assert await status("stream=user", Cookie=cookie) == 200
    assert await status("stream=user", Cookie=cookie, Origin="https://evil.example") == 403


async def test_the_end_of_access_answers_who_waits(node: Node, ann: Person) -> None:
    """Attack row 95."""
    _, cursor = await poll(ann)
    headers = {"Authorization": f"Bearer {ann.token}"}
    waiting = asyncio.create_task(node.http.get(f"/api/v1/streaming/poll?stream=user&since={cursor}", headers=headers))
    for _ in range(20):  # until it waits, or has been refused for the same reason
        await node.http.get("/api/v1/streaming/health")
    async with node.runtime.write() as uow:
        await revoke_token(uow, ann.token, now=node.runtime.now())
    await settle(node.runtime)
    assert (await waiting).status_code == 401
