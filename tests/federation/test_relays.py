"""Relays, as an actor of another server: joined, left, fed, and what they bring (DLV-10, DLV-11, INB-6, SIG-23)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from admin.relays import join, leave
from federation.vocabulary import PUBLIC
from node.base.errors import Invalid
from node.moderation.service import set_domain_policy
from node.posts.models import Post
from node.posts.queries import find_post_by_uri
from node.relays.queries import list_relays
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.stranger import Document, Stranger


class FakeRelay:
    """A relay: keeps what it is sent, and speaks as its actor."""

    def __init__(self, peer: FakePeer, node: Node, name: str) -> None:
        self.peer, self.node = peer, node
        self.actor = Stranger(peer, name, profile={"type": "Application", "inbox": f"{peer.url}/inbox"})
        peer.routes["/inbox"] = Answer(status=202)

    @property
    def inbox(self) -> str:
        return f"{self.peer.url}/inbox"

    def taken(self) -> list[Document]:
        """Return what was posted here since the last look."""
        found = [request.json() for request in self.peer.requests if request.method == "POST"]
        self.peer.requests.clear()
        return found

    async def say(self, activity: Document) -> None:
        """Deliver to the node, signed by the relay's actor."""
        answer = await self.actor.deliver(f"{self.node.url}/inbox", activity, now=self.node.runtime.now())
        assert answer.status_code == 202
        await settle(self.node.runtime)

    async def state(self) -> list[str]:
        async with self.node.runtime.read() as reader:
            return [relay.state for relay in await list_relays(reader)]


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    async with serve_node(redis_server) as served:
        yield served


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


@pytest.fixture
async def relay(node: Node, peer: FakePeer) -> FakeRelay:
    """A relay of Mastodon's style that accepted the node."""
    found = FakeRelay(peer, node, "relay-actor")
    await join(node.runtime, found.inbox)
    await settle(node.runtime)
    (follow,) = found.taken()
    assert (follow["type"], follow["object"], follow["actor"]) == ("Follow", PUBLIC, f"{node.url}/actor")
    assert await found.state() == ["pending"]
    await found.say(found.actor.activity("Accept", follow))
    assert await found.state() == ["accepted"]
    return found


async def stored(node: Node, uri: str) -> Post | None:
    async with node.runtime.read() as reader:
        return await find_post_by_uri(reader, uri)


async def test_dlv_10_only_the_relay_answers_and_it_can_be_left(node: Node, peer: FakePeer, ann: Person) -> None:
    """Accept by id or embedded, Reject, Undo; nothing is sent before the Accept."""
    async with FakePeer(host="127.0.0.2") as elsewhere:
        relay, mallory = FakeRelay(peer, node, "relay-actor"), Stranger(elsewhere, "mallory")
        await join(node.runtime, relay.inbox)
        with pytest.raises(Invalid):
            await join(node.runtime, relay.inbox)
        await settle(node.runtime)
        (follow,) = relay.taken()
        await ann.post("Too early")
        await settle(node.runtime)
        assert relay.taken() == []
        await mallory.deliver(f"{node.url}/inbox", mallory.activity("Accept", follow), now=node.runtime.now())
        await settle(node.runtime)
        assert await relay.state() == ["pending"]
        await relay.say(relay.actor.activity("Accept", follow["id"]))
        assert await relay.state() == ["accepted"]
        await relay.say(relay.actor.activity("Reject", follow))
        assert await relay.state() == ["rejected"]
        assert await leave(node.runtime, relay.inbox)
        assert not await leave(node.runtime, relay.inbox)
        await settle(node.runtime)
        (undo,) = relay.taken()
        assert (undo["type"], undo["object"]["id"], undo["object"]["object"]) == ("Undo", follow["id"], PUBLIC)
        assert await relay.state() == []


async def test_dlv_10_public_posts_go_to_the_relay_as_they_are(node: Node, ann: Person, relay: FakeRelay) -> None:
    """Create, Update, Delete of public posts; no replies unless the operator wants that, nothing that is not public."""
    post = await ann.post("For the world")
    for visibility in ("unlisted", "private", "direct"):
        await ann.post("Not for the world", visibility=visibility)
    await ann.post("An answer", in_reply_to_id=post["id"])
    await settle(node.runtime)
    (create,) = relay.taken()
    assert (create["type"], create["object"]["id"], create["actor"]) == ("Create", post["uri"], ann.uri)
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "For all the world"})
    await settle(node.runtime)
    (update,) = relay.taken()
    assert (update["type"], update["object"]["id"]) == ("Update", post["uri"])
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await settle(node.runtime)
    (delete,) = relay.taken()
    assert (delete["type"], delete["object"]["id"]) == ("Delete", post["uri"])


async def test_dlv_10_what_a_relay_brings_is_fetched_and_is_no_boost(node: Node, ann: Person, relay: FakeRelay) -> None:
    """SIG-23, INB-6: forwarded or announced, an enabled relay's posts come in; the same from anybody else do not."""
    async with FakePeer(host="127.0.0.3") as far, FakePeer(host="127.0.0.4") as other:
        eve, mallory = Stranger(far, "eve"), Stranger(other, "mallory")
        raw, announced, unasked = eve.note("forwarded"), eve.note("announced"), eve.note("unasked")
        forged = eve.create(raw | {"content": "<p>forged</p>"}) | {"signature": {"type": "RsaSignature2017"}}
        await relay.say(forged)
        kept = await stored(node, raw["id"])
        assert kept is not None
        assert kept.content == "<p>forwarded</p>", "the copy it came with is not believed"
        announce = relay.actor.activity("Announce", announced["id"], to=[relay.actor.followers])
        await relay.say(announce)
        assert await stored(node, announced["id"]) is not None
        assert await stored(node, announce["id"]) is None
        for activity in (eve.create(unasked), mallory.activity("Announce", unasked["id"], to=[PUBLIC])):
            await mallory.deliver(f"{node.url}/inbox", activity, now=node.runtime.now())
        await settle(node.runtime)
        assert await stored(node, unasked["id"]) is None
        timeline: list[Any] = await ann.get("/api/v1/timelines/public")
        assert {post["uri"] for post in timeline} == {raw["id"], announced["id"]}
        assert await ann.home() == []
        async with node.runtime.write() as uow:
            await set_domain_policy(uow, node.runtime.settings, "127.0.0.3", "suspend", now=node.runtime.now())
        asked = len(far.requests)
        await relay.say(relay.actor.activity("Announce", unasked["id"], to=[relay.actor.followers]))
        await relay.say(eve.create(unasked))
        assert await stored(node, unasked["id"]) is None
        assert len(far.requests) == asked, "MOD-2: a suspended server is not asked"
        await leave(node.runtime, relay.inbox)
        late = Stranger(other, "late").note("after we left")
        await relay.say(relay.actor.activity("Announce", late["id"], to=[relay.actor.followers]))
        assert await stored(node, late["id"]) is None


async def test_dlv_11_an_actor_that_relays(node: Node, peer: FakePeer, ann: Person) -> None:
    """LitePub: its actor is followed, follows back, and takes announcements."""
    relay = FakeRelay(peer, node, "relay")
    await join(node.runtime, relay.actor.uri)
    await settle(node.runtime)
    (follow,) = relay.taken()
    assert (follow["type"], follow["object"]) == ("Follow", relay.actor.uri)
    await relay.say(relay.actor.activity("Follow", f"{node.url}/actor"))
    assert relay.taken() == [], "nobody follows the node's actor but relays that accepted it"
    await relay.say(relay.actor.activity("Accept", follow))
    back = relay.actor.activity("Follow", f"{node.url}/actor")
    await relay.say(back)
    (accept,) = relay.taken()
    assert (accept["type"], accept["object"]["id"]) == ("Accept", back["id"])
    post = await ann.post("For the world")
    await ann.post("Quiet", visibility="unlisted")
    await settle(node.runtime)
    (announce,) = relay.taken()
    assert (announce["type"], announce["object"], announce["actor"]) == ("Announce", post["uri"], f"{node.url}/actor")
    assert announce["to"] == [f"{node.url}/actor/followers"]
    assert announce["published"]
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await settle(node.runtime)
    (delete,) = relay.taken()
    assert delete["type"] == "Delete"
