"""Integrity proofs on the wire: what another may bring in an actor's name, and what our own people's words carry.

`alice` speaks at the honest server `good`, `mallory` at `evil` brings her words here, honestly or not; `bob` reads.
"""

from datetime import timedelta
from typing import Any

import pytest

from federation.documents import format_time
from federation.keys import decode_multikey
from federation.proofs import check_proof, inspect_proofs
from federation.vocabulary import DATA_INTEGRITY_CONTEXT, PUBLIC
from inbox.models import ReceivedActivity
from node.follows.models import Follow
from node.follows.service import follow
from node.posts.boosts import boost, unboost
from node.remote.posts import fetch_post
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer
from tests.support.make import like, make_account, make_post
from tests.support.redis_server import RedisServer
from tests.support.sending import sending_node
from tests.support.stranger import Document, Stranger


async def test_row_34_a_proven_activity_counts_whoever_brings_it(
    door: Door, alice: Stranger, mallory: Stranger
) -> None:
    """SIG-22, SIG-23: a Follow, a Create and a Delete, none of them refetched from her server."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    now = door.runtime.now()
    follow = alice.prove(alice.activity("Follow", bob.uri), now=now)
    await door.send(mallory, follow)
    assert await door.count(Follow) == 1
    note = alice.note("Hello", mentions=[bob.uri], serve=False)
    await door.send(mallory, alice.prove(alice.create(note), now=now))
    assert await door.post(note["id"]) is not None
    await door.send(mallory, alice.prove(alice.activity("Delete", note["id"]), now=now), scheme="rfc9421")
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.deleted_at is not None
    assert {request.path for request in alice.peer.requests} == {"/users/alice", "/.well-known/webfinger"}


async def test_a_proven_activity_takes_effect_once_whoever_brings_it(
    door: Door, alice: Stranger, mallory: Stranger
) -> None:
    """INB-3: by herself and by others it is the same activity."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    follow = alice.prove(alice.activity("Follow", bob.uri), now=door.runtime.now())
    for bearer in (alice, mallory, alice):
        await door.send(bearer, follow)
    assert await door.count(ReceivedActivity) == 1


@pytest.mark.parametrize(
    "forgery", ["altered", "added", "foreign key", "unlisted key", "stolen id", "two, one bad", "not for this", "early"]
)
async def test_row_34_a_proof_that_does_not_hold(door: Door, alice: Stranger, mallory: Stranger, forgery: str) -> None:
    """Refused at the door, before anything is stored."""
    alice.publish_proof_key()
    mallory.publish_proof_key(1)
    bob = await door.person("bob")
    now = door.runtime.now()
    activity = alice.activity("Follow", bob.uri)
    good = alice.prove(activity, now=now)
    bad = good["proof"] | {"created": format_time(now - timedelta(days=1))}
    made: dict[str, Any] = {
        "altered": lambda: good | {"object": f"{bob.uri}x"},
        "added": lambda: good | {"to": [PUBLIC]},
        "foreign key": lambda: alice.prove(activity, now=now, number=1, key_id=mallory.proof_key_id),
        "unlisted key": lambda: alice.prove(activity, now=now, number=1, key_id=f"{alice.uri}#other-key"),
        "stolen id": lambda: alice.prove(activity, now=now, number=1),
        "two, one bad": lambda: good | {"proof": [good["proof"], bad]},
        "not for this": lambda: good | {"proof": good["proof"] | {"proofPurpose": "authentication"}},
        "early": lambda: alice.prove(activity, now=now + timedelta(hours=3)),
    }
    await door.send(mallory, made[forgery](), expect=401)
    assert await door.count(ReceivedActivity) == 0
    assert await door.count(Follow) == 0


async def test_row_34_a_neighbours_key(door: Door, good: FakePeer, alice: Stranger, mallory: Stranger) -> None:
    """Not even the key of another actor of alice's own host speaks for her, nor one that names her as its owner."""
    eve = Stranger(good, "eve")
    eve.publish_proof_key(2)
    bob = await door.person("bob")
    forged = alice.prove(alice.activity("Follow", bob.uri), now=door.runtime.now(), number=2, key_id=eve.proof_key_id)
    await door.send(mallory, forged, expect=401)
    eve.publish_proof_key(2, controller=alice.uri)
    await door.send(mallory, forged | {"id": f"{alice.uri}/f/2"}, expect=401)
    assert await door.count(Follow) == 0


async def test_an_old_proof_is_no_proof_in_anothers_hands(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """SIG-9: what is old enough to be forgotten here could be brought a second time."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    activity = alice.prove(alice.activity("Follow", bob.uri), now=door.runtime.now() - timedelta(days=30))
    await door.send(mallory, activity)
    assert await door.outcome(activity) == "refused foreign_actor"
    await door.send(alice, activity)
    assert await door.count(Follow) == 1


async def test_what_cannot_be_judged_is_not_proven(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """SIG-23: her server is away, or the proof is of a kind unknown here; the bearer is one like any other."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    activity = alice.prove(alice.activity("Follow", bob.uri), now=door.runtime.now())
    unknown = alice.activity("Follow", bob.uri, proof={"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"})
    alice.vanish(503)
    for brought in (activity, unknown):
        await door.send(mallory, brought)
        assert await door.outcome(brought) == "refused foreign_actor"


async def test_a_changed_proof_key_is_fetched_again(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """SIG-15, row 14, for proofs."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    now = door.runtime.now()
    await door.send(mallory, alice.prove(alice.activity("Follow", bob.uri), now=now))
    alice.publish_proof_key(1)
    await door.send(mallory, alice.prove(alice.activity("Undo", alice.activity("Follow", bob.uri)), now=now, number=1))
    await door.send(mallory, alice.prove(alice.activity("Follow", bob.uri), now=now), expect=401)
    assert len([r for r in alice.peer.requests if r.path == "/users/alice"]) == 2


async def test_who_passes_on_does_not_say_who_was_meant(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """AUD-3: a private post that comes to bob's own inbox by another's hand makes bob no reader of it."""
    alice.publish_proof_key()
    bob = await door.person("bob")
    note = alice.note("for few", to=[alice.followers], cc=[], serve=False)
    proven = alice.prove(alice.create(note), now=door.runtime.now())
    await door.send(mallory, proven, to=f"{bob.uri}/inbox")
    assert await door.post(note["id"]) is None


async def test_sig_21_an_ld_signature_proves_nothing(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """SIG-21: forged or not, it is neither trusted nor an error, and no context of it is fetched (row 33)."""
    bob = await door.person("bob")
    signature = {"type": "RsaSignature2017", "creator": alice.key_id, "created": "2026-01-02T03:04:05Z"}
    forged = alice.activity("Follow", bob.uri, signature=signature | {"signatureValue": "AAAA"})
    forged["@context"] = [forged["@context"], f"{alice.peer.url}/context"]
    await door.send(mallory, forged)
    assert await door.outcome(forged) == "refused foreign_actor"
    await door.send(alice, alice.activity("Follow", bob.uri, signature=signature))
    assert await door.count(Follow) == 1
    assert not alice.peer.asked("/context")


def proven(activity: Document, actor: Document, *, now: Any) -> bool:
    """Check our own proof as another server would: with the key that our actor document lists."""
    claims = inspect_proofs(activity, actor=actor["id"], now=now)
    for claim in claims:
        (key,) = [key for key in actor["assertionMethod"] if key["id"] == claim.key_id]
        assert key["controller"] == actor["id"]
        check_proof(claim, decode_multikey(key["publicKeyMultibase"]))
    return bool(claims)


async def test_what_is_for_everybody_carries_a_proof(redis_server: RedisServer, peer: FakePeer) -> None:
    """SIG-22: Create, Update, Announce, Like, Undo and Delete that are open; nothing that is for few."""
    from outbox.activities import actor as actor_document

    async with sending_node(redis_server) as node:
        runtime = node.runtime
        ann = await make_account(runtime, "ann")
        bo = Stranger(peer, "bo")
        known = await node.known(bo, follows=ann)
        async with runtime.read() as reader:
            document = await actor_document(reader, ann, settings=runtime.settings)
        assert document["assertionMethod"][0]["publicKeyMultibase"].startswith("z6Mk")
        for visibility in ("public", "unlisted", "followers", "direct"):
            await make_post(runtime, ann, f"Hello @{bo.handle}", visibility=visibility)
        theirs = await fetch_post(runtime, bo.note("Mine")["id"])
        assert theirs is not None
        async with runtime.write() as uow:
            await like(uow, runtime.settings, ann, theirs, now=runtime.now())
            await boost(uow, runtime.settings, ann, theirs, now=runtime.now())
            await follow(uow, runtime.settings, ann, known, now=runtime.now())
        await node.send()
        async with runtime.write() as uow:
            await unboost(uow, ann.id, theirs, now=runtime.now())
        await node.send()
        sent = {
            (activity["type"], tuple(activity.get("to", ())), tuple(activity.get("cc", ()))): activity
            for activity in await node.taken(peer)
        }
        seen = {(key[0], PUBLIC in key[1] + key[2], proven(a, document, now=runtime.now())) for key, a in sent.items()}
        assert seen >= {("Create", True, True), ("Create", False, False), ("Like", False, True), ("Undo", True, True)}
        assert ("Follow", False, False) in seen
        for activity in sent.values():
            assert (DATA_INTEGRITY_CONTEXT in activity["@context"]) is ("proof" in activity)


async def test_proofs_can_be_turned_off(redis_server: RedisServer, peer: FakePeer) -> None:
    """SIG-22: `integrity_proofs`."""
    async with sending_node(redis_server, integrity_proofs=False) as node:
        ann = await make_account(node.runtime, "ann")
        await node.known(Stranger(peer, "bo"), follows=ann)
        await make_post(node.runtime, ann)
        await node.send()
        (activity,) = await node.taken(peer)
        assert "proof" not in activity
