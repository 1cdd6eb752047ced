"""Streams as Mastodon.py hears them: events and sockets, with the library's own parsing (client-api 20)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mastodon import Mastodon, StreamListener

from node.auth.service import revoke_token
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.streams import PATIENCE, befriend, say


class Heard(StreamListener):  # type: ignore[misc]
    """Hands everything that comes to the test's own loop."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def on_any_event(self, name: str, data: Any = None, for_stream: Any = None) -> None:
        self._loop.call_soon_threadsafe(self.queue.put_nowait, (name, data))

    async def next(self) -> tuple[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self.queue.get()


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """One node with every door, on a real socket."""
    async with serve_node(redis_server) as served:
        yield served


async def test_mastodon_py_understands_every_event(node: Node, ann: Person, bob: Person) -> None:
    await befriend(node, bob, ann)
    app = await asyncio.to_thread(Mastodon, access_token=bob.token, api_base_url=node.url)
    home, direct = Heard(), Heard()
    handles = [
        await asyncio.to_thread(app.stream_user, home, run_async=True),
        await asyncio.to_thread(app.stream_direct, direct, run_async=True),
    ]
    try:
        assert await asyncio.to_thread(app.stream_healthy)
        post = await say(node, ann, "hello")
        name, data = await home.next()
        assert (name, str(data.id), data.account.acct) == ("update", post, "ann")
        await ann.call("PUT", f"/api/v1/statuses/{post}", json={"status": "hello!"})
        await settle(node.runtime)
        name, data = await home.next()
        assert (name, str(data.id)) == ("status.update", post)
        await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
        await settle(node.runtime)
        name, data = await home.next()
        assert (name, data.type) == ("notification", "follow")
        await bob.act("/api/v2/filters", title="Ducks", context=["home"], keywords_attributes=[{"keyword": "duck"}])
        await settle(node.runtime)
        assert (await home.next())[0] == "filters_changed"
        await ann.call("DELETE", f"/api/v1/statuses/{post}")
        await settle(node.runtime)
        name, data = await home.next()
        assert (name, str(data)) == ("delete", post)
        letter = await say(node, ann, "@bob psst", visibility="direct")
        told = dict([await direct.next(), await direct.next()])
        assert str(told["conversation"].last_status.id) == letter
    finally:
        async with node.runtime.write() as uow:  # else the library waits for the next beat before it lets go
            await revoke_token(uow, bob.token, now=node.runtime.now())
        for handle in handles:
            await asyncio.to_thread(handle.close)
