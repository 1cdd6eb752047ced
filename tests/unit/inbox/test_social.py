"""Follow, Accept, Reject, Undo, Like, Block, and actors' Updates: effects, owners, every order (ACV-1 to ACV-7)."""

from itertools import permutations
from typing import Any

import pytest

from federation.vocabulary import PUBLIC
from inbox.models import Tombstone
from node.blocks.models import Block
from node.blocks.service import block
from node.follows.models import Follow
from node.follows.service import follow
from node.posts.models import Like, Post
from node.reactions.models import Reaction
from node.remote.actors import fetch_actor
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer
from tests.support.stranger import Document, Stranger
from tests.unit.inbox.test_posts import own_post


async def ask_to_follow(door: Door, follower: Any, stranger: Stranger) -> Follow:
    """Let one of ours ask; return the request."""
    followee = await fetch_actor(door.runtime, stranger.uri)
    async with door.runtime.write() as uow:
        return await follow(uow, door.runtime.settings, follower, followee, now=door.runtime.now())


async def test_follow_and_undo(door: Door, alice: Stranger) -> None:
    """ACV-1, ACV-2: accepted at once, answered again when repeated, ended by its Undo."""
    bob = await door.person("bob")
    first, again = alice.activity("Follow", bob.uri), alice.activity("Follow", bob.uri)
    await door.send(alice, first)
    await door.send(alice, again)
    assert len(await door.events("FollowAccepted")) == 2
    assert await door.count(Follow, Follow.uri == again["id"], Follow.accepted_at.is_not(None)) == 1
    await door.send(alice, alice.activity("Undo", again))
    assert await door.count(Follow) == 0
    assert len(await door.events("Unfollowed")) == 1


async def test_a_locked_account_is_asked(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob", locked=True)
    await door.send(alice, alice.activity("Follow", bob.uri))
    assert await door.count(Follow, Follow.accepted_at.is_(None)) == 1
    assert len(await door.events("FollowRequested")) == 1


async def test_a_follow_across_a_block_is_answered_with_a_reject(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    target = await fetch_actor(door.runtime, alice.uri)
    async with door.runtime.write() as uow:
        await block(uow, door.runtime.settings, bob, target, now=door.runtime.now())
    activity = alice.activity("Follow", bob.uri)
    await door.send(alice, activity)
    assert await door.count(Follow) == 0
    (rejected,) = await door.events("FollowRejected")
    assert (rejected["follow_uri"], rejected["followee_id"]) == (activity["id"], bob.id)


@pytest.mark.parametrize("what", ["nobody", "actor", "remote"])
async def test_follows_of_whom_we_do_not_keep(door: Door, alice: Stranger, what: str) -> None:
    uri = {"nobody": f"{door.url}/users/1234", "actor": f"{door.url}/actor", "remote": "https://x.test/u"}[what]
    activity = alice.activity("Follow", uri)
    await door.send(alice, activity)
    assert await door.outcome(activity) == "ignored not_ours"
    assert await door.count(Follow) == 0


async def test_accept_by_id_and_by_parties(door: Door, alice: Stranger) -> None:
    """ACV-1, section 9 (Misskey, Bridgy): matched by our id, else by who and whom; the activity may lack an id."""
    for number, form in enumerate(("string", "embedded", "other id")):
        person = await door.person(f"bob{number}")
        request = await ask_to_follow(door, person, alice)
        inner: Any = {"id": request.uri, "type": "Follow", "actor": person.uri, "object": alice.uri}
        if form == "string":
            inner = request.uri
        elif form == "other id":
            inner["id"] = "https://elsewhere.test/1"
        accept = alice.activity("Accept", inner)
        if form == "embedded":
            del accept["id"]
        await door.send(alice, accept)
        assert await door.count(Follow, Follow.id == request.id, Follow.accepted_at.is_not(None)) == 1, form


async def test_only_the_followed_may_accept(door: Door, alice: Stranger) -> None:
    """Row 4 of the ten rules, row 41."""
    bob = await door.person("bob")
    request = await ask_to_follow(door, bob, alice)
    async with FakePeer() as evil:
        mallory = Stranger(evil, "mallory")
        inner = {"id": request.uri, "type": "Follow", "actor": bob.uri, "object": alice.uri}
        for kind in ("Accept", "Reject"):
            activity = mallory.activity(kind, inner)
            await door.send(mallory, activity)
            assert await door.outcome(activity) == "refused not_the_followed"
    assert await door.count(Follow, Follow.accepted_at.is_(None)) == 1


async def test_an_accept_that_overtakes_our_follow(door: Door, alice: Stranger) -> None:
    """INB-9: looked for again every 5 s, three times; then ignored."""
    bob = await door.person("bob")
    inner = {"type": "Follow", "actor": bob.uri, "object": alice.uri}
    early, stray = alice.activity("Accept", inner), alice.activity("Accept", {**inner, "actor": alice.uri})
    await door.send(alice, early)
    assert await door.outcome(early) == "retry unknown_follow"
    await ask_to_follow(door, bob, alice)
    door.clock.advance(seconds=6)
    await door.settle()
    assert await door.count(Follow, Follow.accepted_at.is_not(None)) == 1
    await door.send(alice, stray)
    for _ in range(4):
        door.clock.advance(seconds=6)
        await door.settle()
    assert await door.outcome(stray) == "ignored unknown_follow"


async def test_reject_ends_request_and_follow(door: Door, alice: Stranger) -> None:
    """ACV-1: also after the Accept."""
    bob = await door.person("bob")
    request = await ask_to_follow(door, bob, alice)
    await door.send(alice, alice.activity("Reject", request.uri))
    assert await door.count(Follow) == 0
    held = await door.follow(bob, alice)
    await door.send(alice, alice.activity("Undo", alice.activity("Accept", held.uri)))
    assert await door.count(Follow) == 0


async def test_like_and_undo(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    post = await own_post(door, bob)
    for undo_by_id in (True, False):
        like = alice.activity("Like", post.uri)
        await door.send(alice, like)
        assert await door.count(Like) == 1
        await door.send(alice, alice.activity("Undo", like["id"] if undo_by_id else {**like, "id": f"{alice.uri}#x"}))
        stored = await door.post(post.uri)
        assert stored is not None
        assert stored.likes_count == 0
    assert len(await door.events("PostUnliked")) == 2


@pytest.mark.parametrize("visibility", ["followers", "direct"])
async def test_nobody_likes_what_they_cannot_see(door: Door, alice: Stranger, visibility: str) -> None:
    """AUD-4: no oracle for private posts."""
    bob = await door.person("bob")
    post = await own_post(door, bob, visibility=visibility)
    like = alice.activity("Like", post.uri)
    await door.send(alice, like)
    assert await door.outcome(like) == "ignored post_not_visible"
    assert await door.count(Like) == 0


async def test_a_like_waits_for_the_create_it_follows(door: Door, alice: Stranger) -> None:
    """INB-9: both are waiting when the drain comes, the Like of another actor behind the Create."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    async with FakePeer() as other:
        carol = Stranger(other, "carol")
        note = alice.note()
        await alice.deliver(door.inbox, alice.create(note))
        await carol.deliver(door.inbox, carol.activity("Like", note["id"]))
        await door.settle()
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.likes_count == 1


async def test_every_order_of_an_act_and_its_undo(door: Door, alice: Stranger) -> None:
    """INB-9, row 115: done and undone, in any order, is undone."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    acts = [
        ("Follow", bob.uri, Follow, {}),
        ("Like", post.uri, Like, {}),
        ("Block", bob.uri, Block, {}),
        ("Announce", post.uri, Post, {"to": [PUBLIC]}),
        ("EmojiReact", post.uri, Reaction, {"content": "🔥"}),
        ("Like", post.uri, Reaction, {"content": "👍"}),
    ]
    for kind, what, table, fields in acts:
        for order in permutations(range(2)):
            act = alice.activity(kind, what, **fields)
            steps = [act, alice.activity("Undo", act)]
            for number in order:
                await door.send(alice, steps[number])
            standing = (Post.boost_of_id.is_not(None), Post.deleted_at.is_(None)) if table is Post else ()
            assert await door.count(table, *standing) == 0, (kind, order)
    assert await door.count(Tombstone) == 11  # of a Follow that stood, the id is free again


async def test_a_block_ends_follows_both_ways(door: Door, alice: Stranger) -> None:
    """ACV-7"""
    bob = await door.person("bob")
    await door.send(alice, alice.activity("Follow", bob.uri))
    await door.follow(bob, alice)
    await door.send(alice, alice.activity("Block", bob.uri))
    assert await door.count(Follow) == 0
    assert await door.count(Block) == 1


async def test_nobody_undoes_anothers(door: Door, alice: Stranger) -> None:
    """Row 26: with alice's Follow embedded, by its bare id, and under an actor of its own."""
    bob = await door.person("bob")
    activity = alice.activity("Follow", bob.uri)
    await door.send(alice, activity)
    async with FakePeer() as evil:
        mallory = Stranger(evil, "mallory")
        for inner in (activity, activity["id"], activity | {"actor": mallory.uri}):
            await door.send(mallory, mallory.activity("Undo", inner))
    assert await door.count(Follow) == 1


async def changed(door: Door, alice: Stranger, document: Document) -> list[str]:
    """Send an Update of the actor; return what was fetched for it."""
    before = len(alice.peer.requests)
    await door.send(alice, alice.activity("Update", document, to=[PUBLIC]))
    return [request.path for request in alice.peer.requests[before:]]


async def test_a_profile_changes(door: Door, alice: Stranger) -> None:
    """ACT-5: words and pictures are taken as they are said by whoever holds the key we know."""
    await door.send(alice, alice.activity("Like", "x"))
    document = alice.actor() | {"name": "Alice <b>B</b>", "summary": "<p>Hi<script>x</script></p>"}
    assert await changed(door, alice, document) == []
    account = await door.account(alice.uri)
    assert account is not None
    assert (account.display_name, account.note) == ("Alice B", "<p>Hi</p>")
    assert account.handle_confirmed


@pytest.mark.parametrize("field", ["inbox", "publicKey", "preferredUsername", "sharedInbox"])
async def test_what_identifies_counts_only_at_the_origin(door: Door, alice: Stranger, field: str) -> None:
    """Row 37: the forged document is dropped for what alice's server says."""
    await door.send(alice, alice.activity("Like", "x"))
    document = alice.actor()
    document |= {
        "inbox": {"inbox": f"{alice.peer.url}/elsewhere"},
        "publicKey": {"publicKey": document["publicKey"] | {"publicKeyPem": "x"}},
        "preferredUsername": {"preferredUsername": "admin"},
        "sharedInbox": {"endpoints": {}},
    }[field]
    before = await door.account(alice.uri)
    assert "/users/alice" in await changed(door, alice, document)
    account = await door.account(alice.uri)
    assert account is not None
    assert before is not None
    assert (account.inbox_url, account.username) == (before.inbox_url, "alice")
    assert account.shared_inbox_url == before.shared_inbox_url
    await door.send(alice, alice.activity("Like", "y"))


async def test_an_inbox_on_another_host_refuses_the_actor(door: Door, alice: Stranger) -> None:
    await door.send(alice, alice.activity("Like", "x"))
    activity = alice.activity("Update", alice.actor() | {"inbox": "https://evil.test/inbox"})
    await door.send(alice, activity)
    assert (await door.outcome(activity)).startswith("refused")


async def test_an_actor_updates_itself_only(door: Door, alice: Stranger) -> None:
    """Row 37: not another of its host, and not under another id."""
    other = Stranger(alice.peer, "other")
    activity = alice.activity("Update", other.actor() | {"name": "Owned"})
    await door.send(alice, activity)
    assert await door.outcome(activity) == "refused foreign_object"
    assert await door.account(other.uri) is None


async def test_suspended_there_and_back(door: Door, alice: Stranger) -> None:
    """ACT-4: while suspended only its own Update counts."""
    bob = await door.person("bob")
    await door.send(alice, alice.activity("Like", "x"))
    await changed(door, alice, alice.actor() | {"suspended": True})
    note = alice.note(mentions=[bob.uri])
    create = alice.create(note)
    await door.send(alice, create)
    assert await door.outcome(create) == "refused actor_suspended"
    await changed(door, alice, alice.actor())
    await door.send(alice, alice.create(note))
    assert await door.post(note["id"]) is not None
