"""Create, Update and Delete of posts, and boosts: effects, interest, every order (ACV-3 to ACV-5, INB-6, INB-9)."""

from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select

from federation.vocabulary import PUBLIC
from inbox.models import ReceivedActivity, Tombstone
from node.accounts.models import Account
from node.base.ids import time_of
from node.posts.models import Mention, Post
from node.posts.queries import may_see
from node.posts.service import Draft, publish
from node.remote.models import FetchTask
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer, document
from tests.support.stranger import Document, Stranger


async def own_post(door: Door, author: Account, text: str = "Mine", visibility: str = "public") -> Post:
    async with door.runtime.write() as uow:
        draft = Draft(text=text, visibility=visibility)
        return await publish(uow, door.runtime.settings, author, draft, mentions={}, now=door.runtime.now())


def tombstone(note: Document) -> Document:
    return {"id": note["id"], "type": "Tombstone"}


async def test_interest(door: Door, alice: Stranger) -> None:
    """INB-6: followed, answered or named; else dropped, also in a personal inbox."""
    bob = await door.person("bob")
    stray = alice.create(alice.note("Nobody asked"))
    await door.send(alice, stray, to=f"{door.url}/users/{bob.id}/inbox")
    assert await door.outcome(stray) == "ignored no_interest"
    mine = await own_post(door, bob)
    answer, named = alice.note("Re", inReplyTo=mine.uri), alice.note("You", mentions=[bob.uri])
    await door.send(alice, alice.create(answer))
    await door.send(alice, alice.create(named))
    await door.follow(bob, alice)
    followed = alice.note("News")
    await door.send(alice, alice.create(followed))
    assert await door.count(Post, Post.local.is_(False)) == 3
    stored = await door.post(answer["id"])
    assert stored is not None
    assert (stored.in_reply_to_id, stored.in_reply_to_account_id) == (mine.id, bob.id)


@pytest.mark.parametrize("visibility", ["followers", "direct"])
async def test_what_is_not_public_is_for_whom_it_was_sent_to(door: Door, alice: Stranger, visibility: str) -> None:
    """AUD-2, AUD-3: the owner of the inbox reads it, nobody else."""
    bob, carol = await door.person("bob"), await door.person("carol")
    note = alice.note("psst", to=[alice.followers] if visibility == "followers" else [], cc=[])
    shared = alice.create(note)
    await door.send(alice, shared)
    assert await door.outcome(shared) == "ignored no_interest"
    await door.send(alice, alice.create(note), to=f"{door.url}/users/{bob.id}/inbox")
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.visibility == visibility
    async with door.runtime.read() as reader:
        assert await may_see(reader, stored.id, bob.id)
        assert not await may_see(reader, stored.id, carol.id)
        assert not await may_see(reader, stored.id, None)
        (mention,) = await reader.scalars(select(Mention).where(Mention.post_id == stored.id))
    assert mention.silent


async def test_bto_and_bcc_are_not_read(door: Door, alice: Stranger) -> None:
    """AUD-1"""
    bob = await door.person("bob")
    create = alice.create(alice.note(to=[], cc=[], bto=[bob.uri], bcc=[PUBLIC]))
    await door.send(alice, create)
    assert await door.outcome(create) == "ignored no_interest"


async def test_old_posts_are_no_news(door: Door, alice: Stranger) -> None:
    """INB-10, GEN-8: sorted by their own time, and quiet."""
    bob = await door.person("bob")
    long_ago = door.runtime.now() - timedelta(days=8)
    note = alice.note(mentions=[bob.uri], published=long_ago)
    await door.send(alice, alice.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    assert abs(time_of(stored.id) - long_ago) < timedelta(seconds=2)
    assert await door.events("PostPublished") == [{"post_id": stored.id, "quiet": True}]


async def test_a_create_of_a_bare_id_is_fetched_as_its_reader(door: Door, alice: Stranger) -> None:
    """ACV-3, SIG-18: a followers-only post is asked for in the name of somebody it was sent to."""
    bob = await door.person("bob")
    note = alice.note("quiet", to=[alice.followers], cc=[], serve=False)
    path = note["id"].removeprefix(alice.peer.url)
    reader_key = f'keyId="{bob.uri}#main-key"'
    alice.peer.routes[path] = lambda request: (
        document(note) if reader_key in (request.header("signature") or "") else Answer(status=404)
    )
    await door.send(alice, alice.activity("Create", note["id"]), to=f"{door.url}/users/{bob.id}/inbox")
    assert await door.post(note["id"]) is not None


async def test_an_edit(door: Door, alice: Stranger) -> None:
    """OBJ-11: newer counts, older and equal do not."""
    bob = await door.person("bob")
    now = door.runtime.now()
    note = alice.note("one", mentions=[bob.uri], published=now - timedelta(minutes=5))
    await door.send(alice, alice.create(note))

    def version(text: str, age: int) -> Document:
        updated = (now - timedelta(minutes=age)).isoformat()
        return alice.activity("Update", note | {"content": f"<p>{text}</p>", "updated": updated})

    for text, age, expected in (("two", 3, "two"), ("late", 4, "two"), ("same", 3, "two"), ("three", 1, "three")):
        await door.send(alice, version(text, age))
        stored = await door.post(note["id"])
        assert stored is not None
        assert stored.content == f"<p>{expected}</p>"
    assert len(await door.events("PostEdited")) == 2


async def test_every_order_of_create_update_and_delete_ends_the_same(door: Door, alice: Stranger) -> None:
    """INB-9, row 115: the tombstone wins; without a Delete the newest version stands."""
    bob = await door.person("bob")
    now = door.runtime.now()
    for order in permutations(range(3)):
        note = alice.note("one", mentions=[bob.uri], published=now - timedelta(minutes=5))
        edited = note | {"content": "<p>two</p>", "updated": now.isoformat()}
        steps = [
            alice.create(note),
            alice.activity("Update", edited),
            alice.activity("Delete", tombstone(note)),
        ]
        for number in order:
            await door.send(alice, steps[number])
        stored = await door.post(note["id"])
        assert stored is None or stored.deleted_at is not None, order
        assert await door.count(Tombstone, Tombstone.uri == note["id"]) == 1
    for reverse in (False, True):
        note = alice.note("one", mentions=[bob.uri], published=now - timedelta(minutes=5))
        edited = note | {"content": "<p>two</p>", "updated": now.isoformat()}
        pair = [alice.create(note), alice.activity("Update", edited)]
        for step in reversed(pair) if reverse else pair:
            await door.send(alice, step)
        stored = await door.post(note["id"])
        assert stored is not None
        assert stored.content == "<p>two</p>", reverse


async def test_delete_forms(door: Door, alice: Stranger) -> None:
    """ACV-4: an id, a Tombstone, the whole post."""
    bob = await door.person("bob")
    for form in (lambda note: note["id"], tombstone, lambda note: note):
        note = alice.note(mentions=[bob.uri])
        await door.send(alice, alice.create(note))
        await door.send(alice, alice.activity("Delete", form(note)))
        stored = await door.post(note["id"])
        assert stored is not None
        assert stored.deleted_at is not None
        assert stored.content == ""
    assert len(await door.events("PostDeleted")) == 3


async def test_an_actor_deletes_itself(door: Door, alice: Stranger) -> None:
    """MOD-1: and nothing it says counts from then on."""
    bob = await door.person("bob")
    await door.send(alice, alice.activity("Follow", bob.uri))
    await door.send(alice, alice.activity("Delete", alice.uri))
    account = await door.account(alice.uri)
    assert account is not None
    assert account.deleted_at is not None
    late = alice.note(mentions=[bob.uri])
    answer = await alice.deliver(door.inbox, alice.create(late))
    assert answer.status_code in {202, 401}
    await door.settle()
    assert await door.post(late["id"]) is None


async def test_a_boost_of_an_unknown_post_is_fetched(door: Door, alice: Stranger) -> None:
    """ACV-5: from its own server, without being news itself."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    async with FakePeer() as other:
        carol = Stranger(other, "carol")
        note = carol.note("Boost me")
        boost = alice.activity("Announce", note["id"], to=[PUBLIC], cc=[carol.uri, alice.followers])
        await door.send(alice, boost)
        assert await door.outcome(boost) == "done"
        stored, row = await door.post(note["id"]), await door.post(boost["id"])
    assert stored is not None
    assert row is not None
    assert row.boost_of_id == stored.id
    assert stored.boosts_count == 1
    assert [event["quiet"] for event in await door.events("PostPublished")] == [True, False]


async def test_boosts_that_do_not_count(door: Door, alice: Stranger) -> None:
    """AUD-4, ACV-5, row 53: of strangers' by strangers, of private posts, of boosts, of activities, of nothing."""
    bob = await door.person("bob")
    public, private = await own_post(door, bob), await own_post(door, bob, visibility="followers")
    stray = alice.activity("Announce", alice.note()["id"], to=[PUBLIC])
    await door.send(alice, stray)
    assert await door.outcome(stray) == "ignored no_interest"
    await door.follow(bob, alice)
    first = alice.activity("Announce", public.uri, to=[PUBLIC])
    await door.send(alice, first)
    assert await door.outcome(first) == "done"
    for what in (private.uri, first["id"], first, alice.activity("Follow", bob.uri), alice.activity("Delete", "x"), 5):
        activity = alice.activity("Announce", what, to=[PUBLIC])
        await door.send(alice, activity)
        assert (await door.outcome(activity)).split()[0] in {"ignored", "refused"}, what
    own_private = alice.note("mine", to=[alice.followers], cc=[])
    activity = alice.activity("Announce", own_private["id"], to=[PUBLIC])
    await door.send(alice, activity)
    assert await door.post(own_private["id"]) is None
    assert await door.count(Post, Post.boost_of_id.is_not(None)) == 1


async def test_a_communitys_create_is_unwrapped_to_an_id(door: Door, peer: FakePeer) -> None:
    """Section 9, Lemmy: the copy inside is not believed."""
    bob = await door.person("bob")
    group, alice = Stranger(peer, "group", profile={"type": "Group"}), Stranger(peer, "alice")
    await door.follow(bob, group)
    note = alice.note("True")
    forged = alice.create(note | {"content": "<p>False</p>"})
    await door.send(group, group.activity("Announce", forged, to=[PUBLIC], cc=[group.followers]))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.content == "<p>True</p>"
    assert stored.boosts_count == 1


async def test_a_missing_parent_is_fetched(door: Door, alice: Stranger) -> None:
    """INB-7: the child stands at once, the chain above it is filled in, quietly."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    root = alice.note("root")
    middle = alice.note("middle", inReplyTo=root["id"])
    leaf = alice.note("leaf", inReplyTo=middle["id"])
    await door.send(alice, alice.create(leaf))
    posts = [await door.post(note["id"]) for note in (root, middle, leaf)]
    ids = [post.id if post else None for post in posts]
    assert None not in ids
    assert [post.in_reply_to_id if post else None for post in posts] == [None, ids[0], ids[1]]
    assert [event["quiet"] for event in await door.events("PostPublished")] == [False, True, True]


async def test_an_endless_thread_ends(door: Door, alice: Stranger) -> None:
    """INB-7, row 50: thirty levels, however long the chain is made; nothing left to fetch."""
    bob = await door.person("bob")
    await door.follow(bob, alice)

    def generated(number: int) -> Document:
        note = alice.note("again", serve=False, inReplyTo=f"{alice.peer.url}/chain/{number + 1}")
        return note | {"id": f"{alice.peer.url}/chain/{number}"}

    for number in range(100):
        alice.peer.routes[f"/chain/{number}"] = document(generated(number))
    await door.send(alice, alice.create(generated(0)))
    assert await door.count(Post) == 31
    assert len([r for r in alice.peer.requests if r.path.startswith("/chain/")]) == 30
    assert await door.count(FetchTask) == 0


async def test_circles_of_replies(door: Door, alice: Stranger) -> None:
    """Row 50: A answers B answers A; and a post that answers itself."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    first, second = alice.note("A", serve=False), alice.note("B", serve=False)
    first["inReplyTo"], second["inReplyTo"] = second["id"], first["id"]
    for note in (first, second):
        alice.peer.routes[note["id"].removeprefix(alice.peer.url)] = document(note)
    await door.send(alice, alice.create(first))
    selfish = alice.note("I", serve=False)
    selfish["inReplyTo"] = selfish["id"]
    await door.send(alice, alice.create(selfish))
    assert await door.count(Post) == 3


async def test_a_parent_that_cannot_be_had_is_asked_for_four_times(door: Door, alice: Stranger) -> None:
    """INB-7: retried three times, then remembered for an hour."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    alice.peer.routes["/away"] = Answer(status=503)
    await door.send(alice, alice.create(alice.note(inReplyTo=f"{alice.peer.url}/away")))
    for _ in range(6):
        door.clock.advance(minutes=31)
        await door.settle()
    assert len(alice.peer.asked("/away")) == 4
    assert await door.count(FetchTask, FetchTask.parked_at.is_not(None)) == 1


async def test_no_tag_makes_us_fetch(door: Door, alice: Stranger) -> None:
    """Row 54: five hundred fresh hosts in tags, none is asked."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    tags = [{"type": "Mention", "href": f"https://h{n}.test/u", "name": f"@u@h{n}.test"} for n in range(500)]
    before = len(alice.peer.requests)
    note = alice.note("many", tag=tags)
    await door.send(alice, alice.create(note))
    assert await door.post(note["id"]) is not None
    assert len(alice.peer.requests) == before


async def test_unknown_types_are_counted_and_dropped(door: Door, alice: Stranger) -> None:
    """ACV-9"""
    for kind in ("View", "Read", "Dislike", "Gibberish", "x" * 5000):
        activity = alice.activity(kind, alice.note()["id"])
        await door.send(alice, activity)
        assert await door.outcome(activity) == "ignored unknown_type"
    assert await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0
