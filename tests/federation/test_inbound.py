"""A foreign server and a whole node: what arrives is seen where people look (issue 2, section 'federated stack')."""

import json
from typing import Any

from federation.vocabulary import PUBLIC
from tests.support.fake_peer import FakePeer
from tests.support.nodes import Node, settle
from tests.support.stranger import Document, Stranger


async def send(node: Node, stranger: Stranger, activity: Document, *, to: str = "/inbox", expect: int = 202) -> None:
    answer = await stranger.deliver(node.url + to, activity, now=node.runtime.now())
    assert answer.status_code == expect, answer.text
    await settle(node.runtime)


def served_inboxes(peer: FakePeer) -> list[Any]:
    """Return what was delivered to the peer."""
    return [json.loads(request.body) for request in peer.requests if request.method == "POST"]


async def test_a_follow_is_answered_and_posts_come_home(node: Node) -> None:
    """ACV-1, INB-6: follow both ways, a post in the home timeline, a notification for a mention."""
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        follow = alice.activity("Follow", bob.uri)
        await send(node, alice, follow, to=f"/users/{bob.account_id}/inbox")
        (accept,) = served_inboxes(peer)
        assert (accept["type"], accept["actor"], accept["object"]["id"]) == ("Accept", bob.uri, follow["id"])

        found = await bob.resolve(alice.handle)
        await bob.act(f"/api/v1/accounts/{found['id']}/follow")
        await settle(node.runtime)
        request = served_inboxes(peer)[-1]
        assert request["type"] == "Follow"
        await send(node, alice, alice.activity("Accept", request))
        (relationship,) = await bob.get("/api/v1/accounts/relationships", **{"id[]": found["id"]})
        assert (relationship["following"], relationship["followed_by"]) == (True, True)

        note = alice.note("Hello bob", mentions=[bob.uri], published=node.runtime.now())
        await send(node, alice, alice.create(note))
        (status,) = await bob.home()
        assert status["uri"] == note["id"]
        assert {entry["type"] for entry in await bob.get("/api/v1/notifications")} == {"follow", "mention"}


async def test_one_follows_again_under_the_same_id(node: Node) -> None:
    """INB-3, INB-9: Misskey and Takahē have one id for all follows between two people, and one for their Undo."""
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        found = await bob.resolve(alice.handle)
        follow = alice.activity("Follow", bob.uri)
        undo = alice.activity("Undo", follow)
        for _ in range(2):
            for activity, follows in ((follow, True), (follow, True), (undo, False), (undo, False)):
                await send(node, alice, activity)
                (relationship,) = await bob.get("/api/v1/accounts/relationships", **{"id[]": found["id"]})
                assert relationship["followed_by"] is follows
        assert len([one for one in served_inboxes(peer) if one["type"] == "Accept"]) == 2


async def test_a_follow_that_comes_after_its_undo_has_no_effect(node: Node) -> None:
    """INB-9, row 115"""
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        follow = alice.activity("Follow", bob.uri)
        await send(node, alice, alice.activity("Undo", follow))
        await send(node, alice, follow)
        assert served_inboxes(peer) == []


async def test_edits_likes_boosts_and_deletes_are_seen(node: Node) -> None:
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        mine = await bob.post("Mine")
        await send(node, alice, alice.activity("Like", mine["uri"]))
        boost = alice.activity("Announce", mine["uri"], to=[PUBLIC], cc=[bob.uri])
        await send(node, alice, boost)
        note = alice.note("one", inReplyTo=mine["uri"], mentions=[bob.uri], published=node.runtime.now())
        await send(node, alice, alice.create(note))
        status = await bob.get(f"/api/v1/statuses/{mine['id']}")
        counts = (status["favourites_count"], status["reblogs_count"], status["replies_count"])
        assert counts == (1, 1, 1)
        node.clock.advance(minutes=1)
        edited = note | {"content": "<p>two</p>", "updated": node.runtime.now().isoformat()}
        await send(node, alice, alice.activity("Update", edited))
        context = await bob.get(f"/api/v1/statuses/{mine['id']}/context")
        assert [entry["content"] for entry in context["descendants"]] == ["<p>two</p>"]
        await send(node, alice, alice.activity("Undo", boost))
        await send(node, alice, alice.activity("Delete", {"id": note["id"], "type": "Tombstone"}))
        status = await bob.get(f"/api/v1/statuses/{mine['id']}")
        assert (status["favourites_count"], status["reblogs_count"], status["replies_count"]) == (1, 0, 0)
        context = await bob.get(f"/api/v1/statuses/{mine['id']}/context")
        assert context["descendants"] == []


async def test_private_posts_are_for_whom_they_are(node: Node) -> None:
    """Rows 41 and 42: a followers-only post for accepted followers, a direct one for its reader."""
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob, carol = await node.person("bob"), await node.person("carol")
        found = await bob.resolve(alice.handle)
        await bob.act(f"/api/v1/accounts/{found['id']}/follow")
        await carol.act(f"/api/v1/accounts/{found['id']}/follow")
        await settle(node.runtime)
        requests = {sent["actor"]: sent for sent in served_inboxes(peer)}
        await send(node, alice, alice.activity("Accept", requests[bob.uri]))
        quiet = alice.note("quiet", to=[alice.followers], cc=[], published=node.runtime.now())
        direct = alice.note("direct", to=[carol.uri], cc=[], mentions=[carol.uri], published=node.runtime.now())
        for note in (quiet, direct):
            await send(node, alice, alice.create(note))
        assert [status["uri"] for status in await bob.home()] == [quiet["id"]]
        for person, seen in ((bob, quiet), (carol, direct)):
            statuses = await person.get(f"/api/v1/accounts/{found['id']}/statuses")
            assert [status["uri"] for status in statuses] == [seen["id"]]


async def test_a_blocked_stranger_is_turned_away(node: Node) -> None:
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        found = await bob.resolve(alice.handle)
        await bob.act(f"/api/v1/accounts/{found['id']}/block")
        await send(node, alice, alice.activity("Follow", bob.uri))
        assert "Reject" in {sent["type"] for sent in served_inboxes(peer)}
        mine = await bob.post("Mine")
        await send(node, alice, alice.activity("Like", mine["uri"]))
        assert (await bob.get(f"/api/v1/statuses/{mine['id']}"))["favourites_count"] == 0
        assert await bob.get("/api/v1/notifications") == []
