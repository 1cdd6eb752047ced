"""Link previews through the API, on each database: shown, listed by link, gone with the post (`tests/federation`)."""

from collections.abc import AsyncIterator, Callable

import pytest

from node.cards.models import LinkCard
from tests.api.conftest import serve
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, open_node, settle
from tests.support.redis_server import RedisServer


@pytest.fixture
async def node(redis_server: RedisServer, new_database_url: Callable[[], str]) -> AsyncIterator[Node]:
    """One that asks for previews."""
    async with open_node(redis_server, database_url=new_database_url(), link_previews=True) as runtime:
        async for served in serve(runtime):
            yield served


async def test_a_card_is_shown_listed_and_gone(node: Node, peer: FakePeer) -> None:
    peer.routes["/page"] = Answer(body=b"<title>The page</title>", content_type="text/html")
    ann, bob = await node.person("ann"), await node.person("bob")
    url = f"{peer.url}/page"
    post = await ann.post(f"Look {url}")
    hidden = await ann.post(f"Look {url}", visibility="private")
    boost = await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    for person, id_ in ((ann, post["id"]), (ann, hidden["id"]), (bob, boost["id"])):
        shown = await person.get(f"/api/v1/statuses/{id_}")
        assert (shown["reblog"] or shown)["card"]["title"] == "The page"
    assert [entry["id"] for entry in await bob.get("/api/v1/timelines/link", url=url)] == [post["id"]]
    await bob.call("GET", f"/api/v1/statuses/{hidden['id']}/card", expect=404)
    assert len(peer.asked("/page")) == 1
    node.clock.advance(days=20)
    again = await bob.post(f"Again {url}")
    await settle(node.runtime)
    assert len(peer.asked("/page")) == 2
    for person, gone in ((ann, post), (ann, hidden), (bob, again)):
        await person.call("DELETE", f"/api/v1/statuses/{gone['id']}")
    await settle(node.runtime)
    assert await bob.get("/api/v1/timelines/link", url=url) == []


async def test_pages_that_nobody_links_to_are_forgotten(node: Node, peer: FakePeer) -> None:
    from sqlalchemy import select

    from admin.pruning import prune

    peer.routes["/page"] = Answer(body=b"<title>The page</title>", content_type="text/html")
    ann = await node.person("ann")
    post = await ann.post(f"{peer.url}/page")
    kept = await ann.post(f"{peer.url}/other")
    await settle(node.runtime)
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await settle(node.runtime)
    node.clock.advance(days=31)
    await settle(node.runtime)
    await prune(node.runtime)
    async with node.runtime.read() as reader:
        assert list(await reader.scalars(select(LinkCard.url))) == [f"{peer.url}/other"]
    assert kept["card"] is None
