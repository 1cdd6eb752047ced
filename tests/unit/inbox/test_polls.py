"""Polls and votes of other servers as they arrive, in the shapes those servers give them (OBJ-9 to OBJ-11, row 45)."""

from datetime import timedelta
from typing import Any

import pytest

from node.accounts.models import Account
from node.polls.models import PollVote
from node.polls.queries import PollState, find_poll
from node.polls.rules import PollDraft
from node.polls.voting import vote
from node.posts.models import Post
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer
from tests.support.make import make_post
from tests.support.stranger import Document, Stranger


async def own_poll(door: Door, author: Account, *, multiple: bool = False, **draft: Any) -> Post:
    poll = PollDraft(options=("Tea", "Coffee", "Both"), expires_in=3600, multiple=multiple)
    return await make_post(door.runtime, author, "What?", poll=poll, **draft)


async def state(door: Door, post_id: int, viewer_id: int | None = None) -> PollState:
    async with door.runtime.read() as reader:
        found = await find_poll(reader, post_id, viewer_id)
    assert found is not None
    return found


async def counts(door: Door, post: Post | None) -> list[int]:
    assert post is not None
    return [votes for _, votes in (await state(door, post.id)).options]


def ballot(voter: Stranger, post: Post, option: str, number: int = 1, **fields: Any) -> Document:
    """Make a vote's Note, as Mastodon writes it."""
    author = post.uri.rpartition("/statuses/")[0]
    return {
        "id": f"{voter.uri}#votes/{number}",
        "type": "Note",
        "name": option,
        "attributedTo": voter.uri,
        "inReplyTo": post.uri,
        "to": author,
        **fields,
    }


def mastodon(voter: Stranger, post: Post) -> Document:
    note = ballot(voter, post, "Coffee")
    return voter.activity("Create", note, id=f"{note['id']}/activity", to=note["to"])


def misskey(voter: Stranger, post: Post) -> Document:
    note = ballot(voter, post, "Coffee", to=[])
    return voter.activity(
        "Create", note, id=f"{voter.uri}#votes/x/activity", published="2026-01-02T03:04:05.678Z", to=[note["inReplyTo"]]
    )


def gotosocial(voter: Stranger, post: Post) -> Document:
    note = ballot(voter, post, "Coffee", 3)
    return voter.activity("Create", [note], id=f"{voter.uri}/activity#vote/{post.uri}", to=note["to"])


def akkoma(voter: Stranger, post: Post) -> Document:
    note = ballot(voter, post, "Coffee", id=f"{voter.peer.url}/objects/1", content="", cc=[], context=post.uri)
    return voter.activity("Create", note | {"actor": voter.uri}, to=[note["to"]], cc=[])


def snac(voter: Stranger, post: Post) -> Document:
    note = ballot(voter, post, "Coffee", id=f"{voter.uri}/p/1767323045.123456", content="", tag=[])
    return voter.activity("Create", note, to=note["to"])


@pytest.mark.parametrize("shape", [mastodon, misskey, gotosocial, akkoma, snac])
async def test_obj_10_a_vote_in_every_shape(door: Door, alice: Stranger, shape: Any) -> None:
    """Counted, never stored as a post; the same again changes nothing."""
    ann = await door.person("ann")
    post = await own_poll(door, ann)
    activity = shape(alice, post)
    await door.send(alice, activity)
    assert await door.outcome(activity) == "done"
    assert await counts(door, post) == [0, 1, 0]
    await door.send(alice, activity | {"id": f"{alice.uri}/again"})
    assert await counts(door, post) == [0, 1, 0]
    assert (await state(door, post.id)).voters_count == 1
    assert await door.count(Post, Post.local.is_(False)) == 0


async def test_obj_10_several_votes(door: Door, alice: Stranger) -> None:
    """GoToSocial sends all choices in one activity, everybody else one each; one voter in any case."""
    ann = await door.person("ann")
    post = await own_poll(door, ann, multiple=True)
    notes = [ballot(alice, post, option, n) for n, option in enumerate(("Tea", "Both"))]
    await door.send(alice, alice.activity("Create", notes))
    assert await counts(door, post) == [1, 0, 1]
    await door.send(alice, alice.activity("Create", ballot(alice, post, "Coffee", 9)))
    assert await counts(door, post) == [1, 1, 1]
    assert (await state(door, post.id)).voters_count == 1


async def test_row_45_a_thousand_votes_of_one_actor(door: Door, alice: Stranger) -> None:
    """One counts for each option where several may be chosen, the first where one may."""
    ann = await door.person("ann")
    one, several = await own_poll(door, ann), await own_poll(door, ann, multiple=True)
    for post, expected in ((one, [1, 0, 0]), (several, [1, 1, 1])):
        options = ["Tea", *["Coffee", "Both", "Tea"] * 333]
        notes = [ballot(alice, post, option, n) for n, option in enumerate(options)]
        await door.send(alice, alice.activity("Create", notes))
        for n, option in enumerate(("Coffee", "Coffee", "Both", "Tea")):
            await door.send(alice, alice.activity("Create", ballot(alice, post, option, 2000 + n)))
        assert await counts(door, post) == expected
        assert (await state(door, post.id)).voters_count == 1
    assert await door.count(PollVote) == 4


async def test_row_45_votes_in_vain(door: Door, alice: Stranger, peer: FakePeer) -> None:
    """No such option, another's name, a poll that is none, one that is hidden, blocked, or over."""
    ann = await door.person("ann")
    post = await own_poll(door, ann)
    hidden = await own_poll(door, ann, visibility="followers")
    plain = await make_post(door.runtime, ann, "No poll")
    bob = Stranger(peer, "bob")

    async def outcome(note: Document | list[Document]) -> str:
        activity = alice.activity("Create", note)
        await door.send(alice, activity)
        return await door.outcome(activity)

    assert await outcome(ballot(alice, post, "Water")) == "ignored unknown_option"
    assert await outcome(ballot(bob, post, "Tea")) == "refused foreign_object"
    assert await outcome([ballot(alice, post, "Tea"), ballot(alice, hidden, "Tea")]) == "refused mixed_votes"
    assert await outcome(ballot(alice, plain, "Tea")) == "ignored vote"
    assert await outcome(ballot(alice, hidden, "Tea")) == "ignored post_not_visible"
    assert await outcome(ballot(alice, post, "Tea", inReplyTo=f"{post.uri}0")) == "ignored unknown_post"
    door.clock.advance(hours=2)
    assert await outcome(ballot(alice, post, "Tea")) == "ignored poll_over"
    assert await counts(door, post) == [0, 0, 0]
    assert await door.count(PollVote) == 0
    assert await door.count(Post, Post.local.is_(False)) == 0


def question(author: Stranger, **fields: Any) -> Document:
    """Make a poll as Mastodon writes it."""
    return author.note(
        "Tea?",
        type="Question",
        **{
            "oneOf": [choice("Yes", 2), choice("No", 1)],
            "endTime": "2099-01-03T03:04:05Z",
            "votersCount": 3,
            **fields,
        },
    )


def choice(name: str, votes: int) -> Document:
    return {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}}


SHAPES: dict[str, Document] = {
    "mastodon": {},
    "mastodon, over": {"endTime": "2026-01-02T03:04:05Z", "closed": "2026-01-02T03:04:05Z"},
    "misskey": {
        "votersCount": None,
        "_misskey_votes": 3,
        "oneOf": [{**choice("Yes", 2), "_misskey_votes": 2}, choice("No", 1)],
    },
    "misskey, over": {"endTime": None, "closed": "2026-01-02T03:04:05.000Z", "votersCount": None},
    "misskey, endless": {"endTime": None, "votersCount": None},
    "akkoma": {"endTime": None, "closed": "2099-01-03T03:04:05.000000Z", "votersCount": 3, "voters": []},
    "gotosocial": {"oneOf": [choice("Yes", 2), {"type": "Note", "name": "No", "replies": {"totalItems": 1}}]},
    "snac": {"endTime": "2099-01-03T03:04:05Z", "oneOf": [choice("Yes", 2), choice("No", 1)], "votersCount": None},
    "in content": {"oneOf": [choice("Yes", 2), {"type": "Note", "content": "No", "replies": {"totalItems": 1}}]},
    "closed without a date": {"endTime": None, "closed": True},
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_obj_9_a_poll_in_every_shape(door: Door, alice: Stranger, shape: str) -> None:
    """One normal form: options, counts, an end or none."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    note = {key: value for key, value in question(alice, **SHAPES[shape]).items() if value is not None}
    await door.send(alice, alice.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    poll = await state(door, stored.id)
    assert (stored.kind, poll.options, poll.multiple) == ("Question", [("Yes", 2), ("No", 1)], False)
    assert poll.is_over(door.runtime.now()) == ("over" in shape or shape.startswith("closed"))
    assert (poll.closes_at is None) == ("endless" in shape or shape.startswith("closed"))


async def test_obj_11_counts_come_with_any_update_of_the_author(door: Door, alice: Stranger) -> None:
    """Without a newer `updated` the counts alone change; the words, the options and the history stay."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    now = door.runtime.now()
    note = question(alice, published=now - timedelta(hours=1))
    await door.send(alice, alice.create(note))
    more = note | {"oneOf": [choice("Yes", 5), choice("No", 1)], "votersCount": 6, "content": "<p>Changed</p>"}
    await door.send(alice, alice.activity("Update", more))
    stored = await door.post(note["id"])
    assert await counts(door, stored) == [5, 1]
    other = note | {"oneOf": [choice("Maybe", 50), choice("No", 1)]}
    await door.send(alice, alice.activity("Update", other))
    assert await counts(door, stored) == [5, 1]
    edited = more | {"updated": (now - timedelta(minutes=5)).isoformat()}
    await door.send(alice, alice.activity("Update", edited))
    again = edited | {"oneOf": [choice("Yes", 7), choice("No", 1)]}  # Mastodon: the edit's `updated` stays
    await door.send(alice, alice.activity("Update", again))
    assert await counts(door, stored) == [7, 1]
    assert len(await door.events("PostEdited")) == 1


async def test_obj_11_other_options_void_the_votes(door: Door, alice: Stranger) -> None:
    bob = await door.person("bob")
    await door.follow(bob, alice)
    note = question(alice, published=door.runtime.now() - timedelta(hours=1))
    await door.send(alice, alice.create(note))
    stored = await door.post(note["id"])
    assert stored is not None
    async with door.runtime.write() as uow:
        await vote(uow, door.runtime.settings, bob, stored.id, choices=[1], now=door.runtime.now())
    assert await counts(door, stored) == [2, 2]
    fresh = note | {"oneOf": [choice("Yes", 0), choice("Never", 0)], "updated": door.runtime.now().isoformat()}
    await door.send(alice, alice.activity("Update", fresh))
    assert await counts(door, stored) == [0, 0]
    assert (await state(door, stored.id, bob.id)).chosen == []
    assert len(await door.events("PostEdited")) == 1


async def test_row_45_nobody_else_raises_totals(door: Door, alice: Stranger, peer: FakePeer) -> None:
    """Counts of a remote poll are its author's to say, those of ours nobody's."""
    ann = await door.person("ann")
    await door.follow(ann, alice)
    note = question(alice)
    await door.send(alice, alice.create(note))
    mine = await own_poll(door, ann)
    mallory = Stranger(peer, "mallory")
    forged = note | {"oneOf": [choice("Yes", 1000), choice("No", 1)]}
    ours = {**forged, "id": mine.uri, "attributedTo": ann.uri}
    for lie in (forged, ours, {**ours, "attributedTo": mallory.uri}):
        activity = mallory.activity("Update", lie)
        await door.send(mallory, activity)
        assert (await door.outcome(activity)).split()[0] in {"refused", "ignored"}
    assert await counts(door, await door.post(note["id"])) == [2, 1]
    assert await counts(door, mine) == [0, 0, 0]
    absurd = note | {"oneOf": [choice("Yes", 10**30), choice("No", -5)], "votersCount": 10**30}
    await door.send(alice, alice.activity("Update", absurd))
    assert await counts(door, await door.post(note["id"])) in ([2**53, 0], [0, 0])


@pytest.mark.parametrize("text", ["a\x00b", "\ud800b", "<script>x</script>Tea", "x" * 300_000, "\u202e"])
async def test_options_that_databases_or_pages_refuse(door: Door, alice: Stranger, text: str) -> None:
    """Rows 29 and 75: stripped, cut or kept, never a row that comes back for ever and never markup."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    note = question(alice, oneOf=[choice(text, 1), choice("No", 1)], published=door.runtime.now())
    create = alice.create(note)
    await door.send(alice, create)
    assert await door.outcome(create) == "done"
    stored = await door.post(note["id"])
    assert stored is not None
    ((title, votes), _) = (await state(door, stored.id)).options
    assert votes == 1
    assert title
    assert "<" not in title
    assert len(title) <= 2048
