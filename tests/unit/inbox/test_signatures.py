"""Signatures and keys at the door: every forgery is refused, every honest form accepted (SIG-4 to SIG-18)."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from federation.keys import encode_multikey, load_public_key
from federation.signatures import SignedRequest
from inbox.models import ReceivedActivity
from inbox.receive import receive_activity
from node.accounts.models import Account, AccountKey
from node.base.errors import NotSignedIn, TooManyRequests, Unavailable
from node.follows.models import Follow
from node.remote import keys
from node.remote.actors import fetch_actor
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.stranger import Stranger, key_pair, proof_pair

COVERED = ("(request-target)", "host", "date", "digest", "content-type")


async def refused(door: Door, stranger: Stranger, *, status: int = 401, **bent: Any) -> None:
    """Deliver something that would be seen if it took effect, and assert that it does not."""
    bob = await door.person("eve")
    create = stranger.create(stranger.note("seen", mentions=[bob.uri]))
    await door.send(stranger, create, expect=status, **bent)
    assert await door.count(ReceivedActivity) == 0


async def test_unsigned(door: Door, alice: Stranger) -> None:
    """Row 1: and no key is fetched."""
    await refused(door, alice, drop=["signature"])
    assert not alice.peer.requests


@pytest.mark.parametrize("missing", ["(request-target)", "host", "date", "digest"])
async def test_too_little_covered(door: Door, alice: Stranger, missing: str) -> None:
    """SIG-5, rows 3, 5, 6: no key is fetched for it."""
    await refused(door, alice, covered=[name for name in COVERED if name != missing])
    assert not alice.peer.requests


async def test_altered_body(door: Door, alice: Stranger) -> None:
    """SIG-6, row 3: one byte."""
    note = alice.note("seen")
    raw = json.dumps(alice.create(note)).encode()
    await door.send(alice, raw, body=raw.replace(b"seen", b"sent"), expect=401)
    await door.send(alice, raw, drop=["digest"], expect=401)
    assert not alice.peer.requests


async def test_altered_body_with_a_new_digest(door: Door, alice: Stranger) -> None:
    """Row 3: the digest of the altered body is not what was signed."""
    raw, forged = (
        b'{"type":"Like","actor":"%s"}' % alice.uri.encode(),
        b'{"type":"Undo","actor":"%s"}' % alice.uri.encode(),
    )
    digest = alice.signed_headers(door.inbox, forged, date=door.runtime.now())["digest"]
    await door.send(alice, raw, body=forged, change={"digest": digest}, expect=401)


async def test_signed_for_another_target_or_host(door: Door, alice: Stranger) -> None:
    """Rows 5 and 6: captured elsewhere, sent here."""
    activity = alice.activity("Like", "x")
    await door.send(alice, activity, target="/users/1/inbox", expect=401)
    await door.send(alice, activity, host="other.test", expect=401)
    raw = json.dumps(activity).encode()
    headers = alice.signed_headers("http://other.test/inbox", raw, date=door.runtime.now())
    await door.send(alice, raw, change=headers, expect=401)


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(hours=13), 401),
        (timedelta(hours=-2), 401),
        (timedelta(minutes=70), 401),
        (timedelta(minutes=60), 202),
        (timedelta(minutes=-50), 202),
    ],
)
async def test_the_window_of_time(door: Door, alice: Stranger, age: timedelta, status: int) -> None:
    """SIG-7, row 7."""
    await door.send(alice, alice.activity("Like", "x"), age=age, expect=status)


@pytest.mark.parametrize("algorithm", ["none", "hmac-sha256", "rsa-md5", ""])
async def test_foreign_algorithms(door: Door, alice: Stranger, algorithm: str) -> None:
    """SIG-4, row 9."""
    await refused(door, alice, algorithm=algorithm)


async def test_hs2019_is_judged_by_the_key(door: Door, alice: Stranger) -> None:
    """SIG-4"""
    await door.send(alice, alice.activity("Like", "x"), algorithm="hs2019")


async def test_another_key_than_the_actors(door: Door, alice: Stranger) -> None:
    await refused(door, alice, private_pem=key_pair(7)[0])


async def test_rfc9421(door: Door, alice: Stranger) -> None:
    """SIG-11"""
    bob = await door.person("bob")
    note = alice.note(mentions=[bob.uri])
    await door.send(alice, alice.create(note), scheme="rfc9421")
    assert await door.post(note["id"]) is not None
    await door.send(alice, alice.activity("Like", "x"), scheme="rfc9421", age=timedelta(hours=2), expect=401)
    await door.send(alice, alice.activity("Like", "x"), scheme="rfc9421", private_pem=key_pair(7)[0], expect=401)


async def test_key_documents_of_three_forms(door: Door, peer: FakePeer) -> None:
    """SIG-14: in the actor, in a document of its own, in a partial actor (GoToSocial)."""
    carol = Stranger(peer, "carol", key_suffix="/main-key")
    key = {"id": carol.key_id, "owner": carol.uri, "publicKeyPem": key_pair()[1]}
    peer.routes["/users/carol/main-key"] = document({"@context": "https://w3id.org/security/v1", **key})
    await door.send(carol, carol.activity("Like", "x"))
    dave = Stranger(peer, "dave", key_suffix="/main-key")
    key = {"id": dave.key_id, "owner": dave.uri, "publicKeyPem": key_pair()[1]}
    peer.routes["/users/dave/main-key"] = document(
        {"id": dave.uri, "type": "Person", "preferredUsername": "dave", "publicKey": key}
    )
    await door.send(dave, dave.activity("Like", "x"))
    assert await door.count(ReceivedActivity) == 2


async def test_keys_that_stand_in_documents_of_their_own(door: Door, peer: FakePeer) -> None:
    """SIG-14, ACT-7: the actor lists no more than their ids, RSA in `publicKey` and Ed25519 in `assertionMethod`."""
    carol = Stranger(peer, "carol", key_suffix="/rsa")
    multikey = encode_multikey(load_public_key(proof_pair(0)[1]))
    carol.profile = {"publicKey": carol.key_id, "assertionMethod": [f"{carol.uri}/ed"]}
    carol.publish_profile()
    peer.routes["/users/carol/rsa"] = document(
        {"id": carol.key_id, "type": "CryptographicKey", "owner": carol.uri, "publicKeyPem": key_pair(0)[1]}
    )
    peer.routes["/users/carol/ed"] = document(
        {"id": f"{carol.uri}/ed", "type": "Multikey", "controller": carol.uri, "publicKeyMultibase": multikey}
    )
    peer.routes["/users/carol/other"] = document(
        {"id": f"{carol.uri}/other", "type": "Multikey", "controller": carol.uri, "publicKeyMultibase": multikey}
    )
    await door.send(carol, carol.activity("Like", "x"))
    ed = {"scheme": "rfc9421", "private_pem": proof_pair(0)[0]}
    await door.send(carol, carol.activity("Like", "y"), key_id=f"{carol.uri}/ed", **ed)
    assert await door.count(ReceivedActivity) == 2
    await door.send(carol, carol.activity("Like", "z"), key_id=f"{carol.uri}/other", expect=401, **ed)


async def test_a_request_signed_with_ed25519(door: Door, alice: Stranger) -> None:
    """SIG-11, SIG-14: by an inline key of `assertionMethod`; the label must agree with the key."""
    alice.publish_proof_key()
    ed = {"scheme": "rfc9421", "private_pem": proof_pair(0)[0], "key_id": alice.proof_key_id}
    await door.send(alice, alice.activity("Like", "x"), **ed)
    await door.send(alice, alice.activity("Like", "y"), algorithm="ed25519", **ed)
    await door.send(alice, alice.activity("Like", "z"), algorithm="rsa-v1_5-sha256", expect=401, **ed)
    await door.send(alice, alice.activity("Like", "z"), scheme="rfc9421", private_pem=proof_pair(0)[0], expect=401)


async def test_every_key_fetch_is_signed(door: Door, alice: Stranger) -> None:
    """SIG-18: GoToSocial answers nobody else."""
    await door.send(alice, alice.activity("Like", "x"))
    (fetch,) = alice.peer.asked("/users/alice")
    assert f'keyId="{door.url}/actor#main-key"' in (fetch.header("signature") or "")


async def test_a_key_that_claims_a_foreign_owner(door: Door, alice: Stranger) -> None:
    """Row 11: the key's document names alice, who does not list it."""
    async with FakePeer() as evil:
        evil.routes["/k"] = document(
            {"id": f"{evil.url}/k", "owner": alice.uri, "publicKeyPem": key_pair(3)[1], "type": "Key"}
        )
        await refused(door, alice, key_id=f"{evil.url}/k", private_pem=key_pair(3)[0])
        assert await door.count(Account, Account.domain != "") == 0


async def test_a_key_its_owner_does_not_list(door: Door, peer: FakePeer, alice: Stranger) -> None:
    """Row 11: on alice's own host."""
    peer.routes["/k"] = document({"id": f"{peer.url}/k", "owner": alice.uri, "publicKeyPem": key_pair(3)[1]})
    await refused(door, alice, key_id=f"{peer.url}/k", private_pem=key_pair(3)[0])


async def test_a_key_id_that_two_actors_claim(door: Door, peer: FakePeer, alice: Stranger) -> None:
    """Row 13: the first one keeps it."""
    await door.send(alice, alice.activity("Like", "x"))
    thief = Stranger(peer, "thief", key_number=3)
    thief.profile = {"publicKey": {"id": alice.key_id, "owner": thief.uri, "publicKeyPem": key_pair(3)[1]}}
    thief.publish_profile()
    await fetch_actor(door.runtime, thief.uri)
    await door.send(thief, alice.activity("Like", "y"), key_id=alice.key_id, expect=401)
    await door.send(alice, alice.activity("Like", "z"))


async def test_our_own_key_signs_nothing_here(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    await refused(door, alice, key_id=f"{door.url}/actor#main-key")
    activity = alice.activity("Like", "x") | {"actor": bob.uri, "id": f"{bob.uri}/likes/1"}
    await door.send(alice, activity, key_id=f"{bob.uri}#main-key", expect=401)


async def test_rotation(door: Door, alice: Stranger) -> None:
    """SIG-15, row 14: the new key is fetched once, the old one refused from then on; follows stay."""
    bob = await door.person("bob")
    await door.send(alice, alice.activity("Follow", bob.uri))
    alice.rotate_key(1)
    await door.send(alice, alice.activity("Like", "x"))
    assert len(alice.peer.asked("/users/alice")) == 2
    for _ in range(3):
        await door.send(alice, alice.activity("Like", "x"), private_pem=key_pair(0)[0], expect=401)
    assert len(alice.peer.asked("/users/alice")) == 2
    assert await door.count(Follow) == 1
    assert await door.count(AccountKey, AccountKey.key_id == alice.key_id) == 1


async def test_when_all_keys_changed_our_follows_are_sent_again(door: Door, alice: Stranger) -> None:
    """SIG-15: a host that lost its data has lost our follows too."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    before = len(await door.events("FollowRequested"))
    alice.rotate_key(1)
    await door.send(alice, alice.activity("Like", "x"))
    assert len(await door.events("FollowRequested")) == before + 1


async def test_a_key_that_is_gone(door: Door, alice: Stranger) -> None:
    """SIG-16: 401 for 404 and 410, and no second fetch for a while."""
    for status in (404, 410):
        alice.vanish(status)
        await door.send(alice, alice.activity("Like", "x"), expect=401, key_id=f"{alice.key_id}{status}")
        await door.send(alice, alice.activity("Like", "x"), expect=401, key_id=f"{alice.key_id}{status}")
    assert len(alice.peer.requests) == 2


async def test_a_known_actor_that_answers_410_is_deleted(door: Door, alice: Stranger) -> None:
    """SIG-16, SIG-17: a Delete whose key no longer fits is believed when the origin says 410."""
    bob = await door.person("bob")
    await door.send(alice, alice.activity("Follow", bob.uri))
    alice.vanish()
    await door.send(alice, alice.activity("Delete", alice.uri), private_pem=key_pair(7)[0], expect=401)
    account = await door.account(alice.uri)
    assert account is not None
    assert account.deleted_at is not None


async def test_a_known_actor_that_answers_404_stays(door: Door, alice: Stranger) -> None:
    await door.send(alice, alice.activity("Like", "x"))
    alice.vanish(404)
    await door.send(alice, alice.activity("Delete", alice.uri), private_pem=key_pair(7)[0], expect=401)
    account = await door.account(alice.uri)
    assert account is not None
    assert account.deleted_at is None


async def test_a_host_that_is_away_is_told_to_try_again(door: Door, alice: Stranger) -> None:
    """INB-2: 503, so that the peer keeps the delivery; then accepted."""
    alice.peer.routes["/users/alice"] = Answer(status=502)
    await door.send(alice, alice.activity("Like", "x"), expect=503)
    await door.send(alice, alice.activity("Like", "x"), expect=503)
    assert len(alice.peer.asked("/users/alice")) == 1
    alice.publish_profile()
    door.clock.advance(minutes=6)
    await door.send(alice, alice.activity("Like", "x"))


async def deliver_from(door: Door, stranger: Stranger, key_id: str, source: str) -> str:
    raw = json.dumps(stranger.activity("Like", "x")).encode()
    headers = stranger.signed_headers(door.inbox, raw, date=door.runtime.now(), key_id=key_id)
    host = door.url.removeprefix("http://")
    request = SignedRequest("POST", "/inbox", list(headers.items()), raw, frozenset({host}), "http")
    return await receive_activity(door.runtime, request, source=source)


async def test_who_made_us_fetch_in_vain_waits(door: Door, alice: Stranger) -> None:
    """SIG-15, row 15: one failing fetch an address in five minutes, 503 meanwhile; others are not held up."""
    with pytest.raises(NotSignedIn):
        await deliver_from(door, alice, f"{alice.peer.url}/nobody#1", "203.0.113.5")
    for number in range(20):
        with pytest.raises(Unavailable):
            await deliver_from(door, alice, f"{alice.peer.url}/nobody{number}#1", "203.0.113.5")
    assert len(alice.peer.requests) == 1
    assert await deliver_from(door, alice, alice.key_id, "203.0.113.6") == "accepted"
    assert await deliver_from(door, alice, alice.key_id, "203.0.113.5") == "accepted"
    door.clock.advance(minutes=6)
    with pytest.raises(NotSignedIn):
        await deliver_from(door, alice, f"{alice.peer.url}/nobody99#1", "203.0.113.5")


async def test_a_hosts_keys_are_fetched_so_many_times_a_minute(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 15: random key ids from many addresses."""
    monkeypatch.setattr(keys, "FETCHES_PER_HOST", 5)
    for number in range(5):
        with pytest.raises(NotSignedIn):
            await deliver_from(door, alice, f"{alice.peer.url}/k{number}", f"203.0.113.{number}")
    for number in range(5, 50):
        with pytest.raises(TooManyRequests):
            await deliver_from(door, alice, f"{alice.peer.url}/k{number}", f"203.0.113.{number}")
    assert len(alice.peer.requests) == 5


async def test_one_fetch_for_many_at_once(door: Door, alice: Stranger) -> None:
    """ACT-6: single flight."""
    slow = alice.peer.routes["/users/alice"]
    assert isinstance(slow, Answer)
    alice.peer.routes["/users/alice"] = Answer(200, slow.body, slow.content_type, delay=0.2)
    answers = await asyncio.gather(*(alice.deliver(door.inbox, alice.activity("Like", "x")) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {202}
    assert len(alice.peer.asked("/users/alice")) == 1


@pytest.mark.parametrize(
    "key_id",
    ["", "x", "javascript:alert(1)", "http://10.0.0.1:6379/\r\nFLUSHALL", "https://a@b.test/k", "https://a.test./k"],
)
async def test_key_ids_that_are_no_uri(door: Door, alice: Stranger, key_id: str) -> None:
    """Rows 22, 23, 66: refused, never a 5xx."""
    raw = json.dumps(alice.activity("Like", "x")).encode()
    headers = alice.signed_headers(door.inbox, raw, date=door.runtime.now())
    headers["signature"] = headers["signature"].replace(alice.key_id, key_id.replace("\r\n", ""))
    await door.send(alice, raw, change=headers, expect=401 if key_id else 400)


@pytest.mark.parametrize(
    "signature",
    ["x", 'keyId="a"', 'keyId="a",keyId="b",signature="eA=="', 'keyId="a",signature="***"', "," * 5000, 'keyId=""'],
)
async def test_signature_headers_that_cannot_be_read(door: Door, alice: Stranger, signature: str) -> None:
    """SIG-4, row 10: 400, never a 5xx."""
    await door.send(alice, alice.activity("Like", "x"), change={"signature": signature}, expect=400)
