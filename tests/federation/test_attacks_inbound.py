"""What must bounce off the inbox: rows of the attack catalogue about who may say what (spec/attacks.md).

Cast: `alice` at the honest server `good`, `mallory` at `evil`, `bob` here. "Drop" means no row, no event, no fetch
that the attacker chose, and never a 5xx.
"""

import json
from typing import Any

import pytest

from federation.vocabulary import PUBLIC
from inbox.models import ReceivedActivity
from node.accounts.models import Account
from node.follows.models import Follow
from node.posts.models import Like, Post
from tests.support.doors import Door, serve_inbox
from tests.support.fake_peer import Answer, FakePeer, document, redirect
from tests.support.redis_server import RedisServer
from tests.support.stranger import Document, Stranger


async def bob_follows(door: Door, *strangers: Stranger) -> Account:
    bob = await door.person("bob")
    for stranger in strangers:
        await door.follow(bob, stranger)
    return bob


@pytest.mark.parametrize(
    "kind", ["Create", "Follow", "Like", "Delete", "Undo", "Accept", "Block", "Update", "Announce"]
)
async def test_row_2_signed_by_another_than_the_actor(
    door: Door, alice: Stranger, mallory: Stranger, kind: str
) -> None:
    """Dropped before any effect; alice, unknown here, is not even asked for (SIG-23)."""
    bob = await door.person("bob")
    what: Any = alice.note("forged", mentions=[bob.uri], serve=False) if kind in {"Create", "Update"} else bob.uri
    activity = alice.activity(kind, what, to=[PUBLIC])
    answer = await mallory.deliver(door.inbox, activity, now=door.runtime.now())
    assert answer.status_code in {202, 401, 403}
    await door.settle()
    assert await door.account(alice.uri) is None
    for table in (Post, Follow, Like):
        assert await door.count(table) == 0
    assert not [r for r in alice.peer.requests if not r.path.startswith("/users/alice/statuses/")]


async def test_row_2_a_known_alice_fares_no_better(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """With followers here and posts stored."""
    bob = await bob_follows(door, alice)
    note = alice.note("true")
    await door.send(alice, alice.create(note))
    follow = alice.activity("Follow", bob.uri)
    await door.send(alice, follow)
    forgeries = [
        alice.activity("Undo", follow),
        alice.activity("Delete", note["id"]),
        alice.activity("Delete", alice.uri),
        alice.activity("Update", note | {"content": "false", "updated": door.runtime.now().isoformat()}),
        alice.activity("Update", alice.actor() | {"name": "Mallory"}),
        alice.activity("Block", bob.uri),
    ]
    for forgery in forgeries:
        await door.send(mallory, forgery)
        assert await door.outcome(forgery) != "done" or forgery["type"] == "Update"
    stored, account = await door.post(note["id"]), await door.account(alice.uri)
    assert stored is not None
    assert account is not None
    assert (stored.content, stored.deleted_at, account.deleted_at) == ("<p>true</p>", None, None)
    assert account.display_name == "Alice"
    assert await door.count(Follow) == 2


async def test_a_forgery_does_not_occupy_the_id_of_the_true_one(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """INB-3: known only by what its signer proved."""
    bob = await door.person("bob")
    follow = alice.activity("Follow", bob.uri)
    await door.send(mallory, follow)
    await door.send(alice, follow)
    assert await door.count(Follow) == 1


async def test_sig_23_a_forwarded_create_is_refetched(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """Only what alice's server says is kept."""
    await bob_follows(door, alice)
    note = alice.note("true")
    await door.send(mallory, alice.create(note | {"content": "<p>false</p>"}))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>true</p>"
    made_up = alice.note("made up", serve=False)
    create = alice.create(made_up)
    await door.send(mallory, create)
    assert await door.outcome(create) == "refused not_at_origin"
    assert await door.post(made_up["id"]) is None


async def test_sig_23_a_forwarded_reply_is_kept_for_its_thread(door: Door, alice: Stranger, mallory: Stranger) -> None:
    bob = await bob_follows(door, mallory)
    root = mallory.note("root")
    await door.send(mallory, mallory.create(root))
    answer = alice.note("re", inReplyTo=root["id"])
    await door.send(mallory, alice.create(answer))
    assert await door.post(answer["id"]) is not None
    assert bob.id


async def test_sig_23_a_forwarded_delete_counts_when_the_origin_agrees(
    door: Door, alice: Stranger, mallory: Stranger
) -> None:
    await bob_follows(door, alice)
    note = alice.note()
    await door.send(alice, alice.create(note))
    await door.send(mallory, alice.activity("Delete", note["id"]))
    kept = await door.post(note["id"])
    assert kept is not None
    assert kept.deleted_at is None
    alice.peer.routes[note["id"].removeprefix(alice.peer.url)] = Answer(status=404)
    await door.send(mallory, alice.activity("Delete", note["id"]))
    gone = await door.post(note["id"])
    assert gone is not None
    assert gone.deleted_at is not None


async def test_sig_23_a_forwarded_update_is_refetched(door: Door, alice: Stranger, mallory: Stranger) -> None:
    await bob_follows(door, alice)
    note = alice.note("one")
    await door.send(alice, alice.create(note))
    edited = note | {"content": "<p>two</p>", "updated": door.runtime.now().isoformat()}
    alice.peer.routes[note["id"].removeprefix(alice.peer.url)] = document(edited)
    await door.send(mallory, alice.activity("Update", edited | {"content": "<p>forged</p>"}))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>two</p>"


async def test_rows_21_and_26_foreign_objects(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """A post of alice's, one at her server, one by her, one by both: in mallory's own, well signed Create."""
    await bob_follows(door, alice, mallory)
    own = mallory.note("mine", serve=False)
    hers = alice.note("hers", serve=False)
    forged: list[Document] = [
        hers,
        own | {"id": hers["id"]},
        own | {"attributedTo": alice.uri},
        own | {"attributedTo": [mallory.uri, alice.uri]},
        hers | {"attributedTo": mallory.uri},
        own | {"attributedTo": None},
        own | {"id": None},
        own | {"id": mallory.uri.replace("http://", "http://x@") + "/1"},
    ]
    for note in forged:
        for kind in ("Create", "Update"):
            activity = mallory.activity(kind, note, to=[PUBLIC])
            await door.send(mallory, activity)
            assert (await door.outcome(activity)).startswith("refused"), (kind, note)
    assert await door.count(Post) == 0


async def test_row_22_an_activity_id_of_another_origin(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """INB-4: another host, port or scheme."""
    bob = await bob_follows(door, mallory)
    port = mallory.peer.port
    for foreign in (
        f"{alice.uri}/activities/1",
        f"http://127.0.0.1:{port + 1}/a",
        f"https://127.0.0.1:{port}/a",
        f"http://localhost:{port}/a",
    ):
        activity = mallory.create(mallory.note(mentions=[bob.uri])) | {"id": foreign}
        await door.send(mallory, activity)
        assert await door.outcome(activity) == "refused foreign_id"
    assert await door.count(Post) == 0


async def test_row_25_an_announce_with_a_forged_copy(door: Door, alice: Stranger, mallory: Stranger) -> None:
    await bob_follows(door, mallory)
    note = alice.note("true")
    forged = note | {"content": "<p>false</p>", "to": [PUBLIC]}
    await door.send(mallory, mallory.activity("Announce", forged, to=[PUBLIC]))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>true</p>"


async def test_row_35_updates_and_deletes_of_anothers_post(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """By another host, and by another actor of alice's own host."""
    await bob_follows(door, alice)
    note = alice.note("true")
    await door.send(alice, alice.create(note))
    neighbour = Stranger(alice.peer, "neighbour")
    for forger in (mallory, neighbour):
        newer = note | {"content": "<p>false</p>", "updated": door.runtime.now().isoformat()}
        for kind, what in (
            ("Update", newer),
            ("Update", newer | {"attributedTo": forger.uri}),
            ("Delete", note["id"]),
            ("Delete", {"id": note["id"], "type": "Tombstone"}),
            ("Delete", alice.uri),
        ):
            activity = forger.activity(kind, what)
            await door.send(forger, activity)
            assert (await door.outcome(activity)).split()[0] in {"refused", "ignored"}, (forger.name, kind)
    stored, account = await door.post(note["id"]), await door.account(alice.uri)
    assert stored is not None
    assert account is not None
    assert (stored.content, stored.deleted_at, account.deleted_at) == ("<p>true</p>", None, None)


async def test_row_35_nobody_buries_anothers_post_before_it_is_born(door: Door, alice: Stranger) -> None:
    """A neighbour's Delete of an id of alice's is no tombstone against alice."""
    bob = await door.person("bob")
    neighbour = Stranger(alice.peer, "neighbour")
    note = alice.note(mentions=[bob.uri])
    await door.send(neighbour, neighbour.activity("Delete", note["id"]))
    await door.send(neighbour, neighbour.activity("Undo", {"type": "Follow", "id": f"{alice.uri}/f/1"}))
    await door.send(alice, alice.create(note))
    await door.send(alice, alice.activity("Follow", bob.uri) | {"id": f"{alice.uri}/f/1"})
    assert await door.post(note["id"]) is not None
    assert await door.count(Follow) == 1


async def test_row_38_a_wider_audience_by_another_author(door: Door, alice: Stranger) -> None:
    """The stored post stays as it is: also for a neighbour who claims its id."""
    bob = await door.person("bob")
    note = alice.note("private", to=[bob.uri], cc=[], mentions=[bob.uri])
    await door.send(alice, alice.create(note))
    neighbour = Stranger(alice.peer, "neighbour")
    await door.send(neighbour, neighbour.create(note | {"attributedTo": neighbour.uri, "to": [PUBLIC]}))
    await door.send(alice, alice.create(note | {"to": [PUBLIC]}))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.visibility == "direct"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/json", "application/octet-stream", "image/png", "application/ld+json", "text/html"],
)
async def test_row_19_an_upload_that_poses_as_a_post(
    door: Door, alice: Stranger, mallory: Stranger, content_type: str
) -> None:
    """INB-5: only the types of ActivityPub are believed."""
    await bob_follows(door, mallory)
    note = alice.note("uploaded", serve=False) | {"id": f"{alice.peer.url}/media/f.json"}
    alice.peer.routes["/media/f.json"] = document(note, content_type=content_type)
    await door.send(mallory, mallory.activity("Announce", note["id"], to=[PUBLIC]))
    assert await door.count(Post) == 0


async def test_row_17_a_document_that_claims_a_foreign_id(door: Door, alice: Stranger, mallory: Stranger) -> None:
    await bob_follows(door, mallory)
    forged = alice.note("false", serve=False)
    mallory.peer.routes["/x"] = document(forged)
    await door.send(mallory, mallory.activity("Announce", f"{mallory.peer.url}/x", to=[PUBLIC]))
    assert await door.count(Post) == 0


async def test_row_18_a_redirect_to_the_attacker(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """The final URL decides."""
    await bob_follows(door, mallory)
    forged = alice.note("false", serve=False) | {"id": f"{alice.peer.url}/go"}
    alice.peer.routes["/go"] = redirect(f"{mallory.peer.url}/x")
    mallory.peer.routes["/x"] = document(forged)
    await door.send(mallory, mallory.activity("Announce", f"{alice.peer.url}/go", to=[PUBLIC]))
    assert await door.count(Post) == 0


PRIVATE = [
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest",
    "https://[::ffff:10.0.0.1]/x",
    "https://192.168.1.1/",
]
PRIVATE += ["https://0x7f.1/x", "https://[64:ff9b::a00:1]/x", "https://[2002:a00:1::]/x", "https://2130706433/x"]
LOCAL = ["http://127.0.0.1/x", "https://localhost/x", "https://foo.internal/x", "https://a.onion/x", "https://[::1]/x"]


@pytest.mark.parametrize("uri", PRIVATE)
async def test_rows_61_to_65_private_addresses(door: Door, mallory: Stranger, uri: str) -> None:
    """Through the actor, the key, the object, the parent and the boosted post: nothing is sent, nothing retried."""
    await bob_follows(door, mallory)
    activity = mallory.activity("Create", mallory.note())
    raw = json.dumps(activity | {"actor": uri, "id": f"{uri}/1"}).encode()
    answer = await mallory.deliver(door.inbox, raw, now=door.runtime.now())
    assert answer.status_code in {202, 400, 401}
    answer = await mallory.deliver(door.inbox, activity, key_id=f"{uri}#main-key", now=door.runtime.now())
    assert answer.status_code == 401
    for what in (
        mallory.activity("Announce", uri, to=[PUBLIC]),
        mallory.activity("Create", uri),
        mallory.create(mallory.note(inReplyTo=uri)),
    ):
        await door.send(mallory, what)
    assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0
    assert await door.count(Post, Post.uri == uri) == 0


@pytest.mark.parametrize("uri", PRIVATE + LOCAL)
async def test_rows_61_and_62_as_in_production(redis_server: RedisServer, mallory: Stranger, uri: str) -> None:
    """Without `insecure_peers` loopback and local names are refused as well, before any packet or look-up."""
    async with serve_inbox(redis_server, insecure_peers=()) as strict:
        activity = mallory.activity("Create", mallory.note())
        await strict.send(mallory, activity, key_id=uri, expect=401)
        await strict.send(mallory, activity, expect=401)
    assert not mallory.peer.requests


async def test_row_65_a_redirect_to_a_private_address(door: Door, mallory: Stranger) -> None:
    await bob_follows(door, mallory)
    mallory.peer.routes["/go"] = redirect("https://10.0.0.1/x")
    boost = mallory.activity("Announce", f"{mallory.peer.url}/go", to=[PUBLIC])
    await door.send(mallory, boost)
    assert await door.outcome(boost) == "refused private_address"


async def test_row_70_a_handle_of_another_domain(door: Door, good: FakePeer, evil: FakePeer, alice: Stranger) -> None:
    """DISC-4: the domain of the handle must confirm it."""
    await door.send(alice, alice.activity("Like", "x"))
    thief = Stranger(evil, "m", profile={"webfinger": alice.handle, "preferredUsername": "alice"})
    await door.send(thief, thief.activity("Like", "x"))
    account, real = await door.account(thief.uri), await door.account(alice.uri)
    assert account is not None
    assert real is not None
    assert not account.handle_confirmed
    assert account.domain == evil.domain
    assert real.acct == alice.handle


async def test_row_53_boosts_of_boosts(door: Door, mallory: Stranger) -> None:
    """A chain of Announces, served and delivered, makes at most one boost of a post."""
    await bob_follows(door, mallory)
    note = mallory.note()
    boosts = [mallory.activity("Announce", note["id"], to=[PUBLIC])]
    for _ in range(3):
        boosts.append(mallory.activity("Announce", boosts[-1]["id"], to=[PUBLIC]))
    for boost in boosts:
        mallory.peer.routes[boost["id"].removeprefix(mallory.peer.url)] = document(boost)
    for boost in reversed(boosts):
        await door.send(mallory, boost)
    await door.send(mallory, mallory.activity("Announce", note["id"], to=[PUBLIC]))
    assert await door.count(Post, Post.boost_of_id.is_not(None)) == 1


async def test_row_75_a_post_full_of_script(door: Door, mallory: Stranger) -> None:
    """Clean text on the way in; `javascript:` links become the id (row 77)."""
    await bob_follows(door, mallory)
    note = mallory.note(
        "x<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>y</a>",
        url="javascript:alert(1)",
        summary="<b onclick=x>cw</b>",
    )
    await door.send(mallory, mallory.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    for bad in ("script", "onerror", "onclick", "<img"):
        assert bad not in stored.content + stored.spoiler_text + stored.url
    assert stored.url == note["id"]
