"""The door: statuses, order of checks, what is stored (INB-1, INB-2, INB-3)."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from federation.vocabulary import MAX_BODY
from inbox import backlog
from inbox.models import ReceivedActivity
from node.accounts.service import delete_account
from node.moderation.service import set_domain_policy
from node.notifications.models import Notification
from node.posts.models import Like, Post
from node.posts.service import Draft, publish
from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import FakePeer
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger


async def block_domain(door: Door, domain: str) -> None:
    async with door.runtime.write() as uow:
        await set_domain_policy(
            uow, door.runtime.settings, domain, severity="suspend", actor_id=None, now=door.runtime.now()
        )


async def test_a_signed_delivery_is_stored_and_takes_effect(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    note = alice.note("Hi", mentions=[bob.uri])
    await door.send(alice, alice.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>Hi</p>"
    assert await door.count(ReceivedActivity, ReceivedActivity.outcome == "done", ReceivedActivity.body == "") == 1


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/activity+json", 202),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', 202),
        ("application/ld+json", 202),
        ("application/json; charset=utf-8", 202),
        ("text/plain", 415),
        ("", 415),
    ],
)
async def test_media_types(door: Door, alice: Stranger, content_type: str, status: int) -> None:
    """INB-1"""
    covered = ("(request-target)", "host", "date", "digest")
    activity = alice.activity("View", f"{alice.uri}/x")
    await door.send(alice, activity, covered=covered, change={"content-type": content_type}, expect=status)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'"x"', b"null", b'{"type": "Like"}', b'{"type": "Like", "actor": 5}', b"\xff\xfe"),
        b'{"type":"Like","actor":"https://a.test/1","actor":"https://b.test/1"}',  # row 27
        b'{"a":' * 80 + b"1" + b"}" * 80,
        b'{"type":"Like","actor":"https://a.test/1","id":"javascript:1"}',
    ],
)
async def test_what_is_no_activity_is_400(door: Door, alice: Stranger, body: bytes) -> None:
    """INB-2, row 27: before any key is looked for."""
    await door.send(alice, body, expect=400)
    assert not alice.peer.requests


async def test_a_body_over_1_mib_is_413(door: Door, alice: Stranger) -> None:
    """Row 31, GEN-6: with an honest length, and in chunks without any; just below it is taken."""
    activity = alice.activity("Like", "x") | {"pad": ""}
    await door.send(alice, activity | {"pad": "x" * (MAX_BODY - len(json.dumps(activity)))})
    padded = json.dumps(alice.activity("Like", "x") | {"pad": "x" * MAX_BODY}).encode()
    await door.send(alice, padded, expect=413)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(padded), 65_536):
            yield padded[start : start + 65_536]

    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(
            door.inbox,
            content=chunks(),
            headers={"content-type": "application/activity+json"},
        )
    assert answer.status_code == 413


async def test_an_encoded_body_is_415(door: Door, alice: Stranger) -> None:
    """Row 31: nothing is inflated."""
    await door.send(alice, alice.activity("Like", "x"), change={"content-encoding": "gzip"}, expect=415)


async def test_unknown_and_departed_inbox_owners(door: Door, alice: Stranger) -> None:
    """INB-2: 404 for nobody, 410 for who left."""
    bob = await door.person("bob")
    activity = alice.activity("Like", "x")
    for path in ("12345", "0", "x", "99999999999999999999", "-1"):
        await door.send(alice, activity, to=f"{door.url}/users/{path}/inbox", expect=404)
    async with door.runtime.write() as uow:
        await delete_account(uow, bob.id, now=door.runtime.now())
    await door.send(alice, activity, to=f"{door.url}/users/{bob.id}/inbox", expect=410)


async def test_a_replay_takes_effect_once(door: Door, alice: Stranger) -> None:
    """SIG-9, INB-3: the same bytes and signature again, at both inboxes."""
    bob = await door.person("bob")
    note = alice.note(mentions=[bob.uri])
    create = alice.create(note)
    raw = json.dumps(create).encode()
    headers = alice.signed_headers(door.inbox, raw, date=door.runtime.now())
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(3):
            assert (await http.post(door.inbox, content=raw, headers=headers)).status_code == 202
            await door.settle()
    await door.send(alice, create, to=f"{door.url}/users/{bob.id}/inbox")
    assert await door.count(Post) == 1
    assert await door.count(ReceivedActivity) == 1
    assert len(await door.events("PostPublished")) == 1


async def test_twenty_parallel_copies_take_effect_once(door: Door, alice: Stranger) -> None:
    """INB-3, row 115: of a post, and of likes with different ids of one post."""
    bob = await door.person("bob")
    create = alice.create(alice.note(mentions=[bob.uri]))
    async with door.runtime.write() as uow:
        post = await publish(uow, door.runtime.settings, bob, Draft(text="Mine"), mentions={}, now=door.runtime.now())
    likes = [alice.activity("Like", post.uri) for _ in range(20)]
    inboxes = [door.inbox, f"{door.url}/users/{bob.id}/inbox"]
    await alice.deliver(door.inbox, alice.activity("View", "x"))  # so that the key is known
    answers = await asyncio.gather(
        *(alice.deliver(inboxes[number % 2], create) for number in range(20)),
        *(alice.deliver(door.inbox, like) for like in likes),
    )
    assert {answer.status_code for answer in answers} == {202}
    await asyncio.gather(door.settle(), door.settle())
    assert await door.count(Post, Post.local.is_(False)) == 1
    assert await door.count(Like) == 1
    stored = await door.post(post.uri)
    assert stored is not None
    assert stored.likes_count == 1
    assert await door.count(Notification) == 0  # the outbox' effects make them, from one event each:
    assert len(await door.events("PostLiked")) == 1


async def test_a_suspended_domain_gets_403(door: Door, alice: Stranger) -> None:
    """INB-1, MOD-2, row 47: no key is fetched for it."""
    await block_domain(door, alice.peer.domain)
    await door.send(alice, alice.activity("Like", "x"), expect=403)
    assert not alice.peer.requests
    assert await door.count(ReceivedActivity) == 0


async def test_a_suspended_domain_may_hear_202(redis_server: RedisServer, peer: FakePeer) -> None:
    async with serve_inbox(redis_server, blocked_inbox_status=202) as door:
        alice = Stranger(peer, "alice")
        await block_domain(door, alice.peer.domain)
        await door.send(alice, alice.activity("Like", "x"), expect=202)
        assert await door.count(ReceivedActivity) == 0


async def test_a_suspended_signer_cannot_hide_behind_an_actor(door: Door, alice: Stranger) -> None:
    """MOD-2: the signer's domain is checked too."""
    async with FakePeer() as other:
        mallory = Stranger(other, "mallory")
        await block_domain(door, other.domain)
        await door.send(mallory, alice.create(alice.note()), expect=403)
        assert not other.requests


async def test_a_domain_suspended_between_accepting_and_processing(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    create = alice.create(alice.note(mentions=[bob.uri]))
    await alice.deliver(door.inbox, create)
    await block_domain(door, alice.peer.domain)
    await door.settle()
    assert await door.outcome(create) == "refused blocked_domain"
    assert await door.count(Post) == 0


@pytest.mark.parametrize("kind", ["Delete", "Update"])
async def test_a_stranger_taking_leave_costs_no_fetch(door: Door, alice: Stranger, kind: str) -> None:
    """SIG-17: 202 and stop, signed or not."""
    activity = alice.activity(kind, alice.uri)
    await door.send(alice, activity)
    await door.send(alice, activity, drop=["signature"])
    assert not alice.peer.requests
    assert await door.count(ReceivedActivity) == 0


async def test_a_flood_is_told_to_come_later(door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    """INB-2, row 114: 429 with Retry-After while a host has too much waiting."""
    monkeypatch.setattr(backlog, "HOST_LIMIT", 2)
    for _ in range(2):
        await alice.deliver(door.inbox, alice.activity("Like", "x"))
    door.clock.advance(seconds=6)
    answer = await alice.deliver(door.inbox, alice.activity("Like", "x"), now=door.runtime.now())
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    await door.settle()
    door.clock.advance(seconds=6)
    await door.send(alice, alice.activity("Like", "x"))


async def test_a_host_that_was_heard_is_recorded_once_in_a_while(door: Door, alice: Stranger) -> None:
    """DLV-5, SIG-13: any verified request shows that the host lives, and how it signs."""
    for _ in range(3):
        await door.send(alice, alice.activity("Like", "x"))
    assert await door.events("PeerHeard") == [{"host": alice.peer.domain, "scheme": "cavage"}]
    await door.send(alice, alice.activity("Like", "x"), scheme="rfc9421")
    assert [event["scheme"] for event in await door.events("PeerHeard")] == ["cavage", "rfc9421"]
