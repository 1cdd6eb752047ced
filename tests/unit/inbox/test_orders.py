"""Whatever order things arrive in, they end the same (INB-9, row 115): pins, polls, follows, blocks, moves.

Posts and single acts with their Undo are in `test_posts` and `test_social`.
"""

from datetime import timedelta
from itertools import permutations

import pytest

from node.accounts.models import Account
from node.blocks.models import Block
from node.follows.models import Follow
from node.follows.service import follow
from node.polls.models import PollVote
from node.polls.rules import PollDraft
from node.posts.models import Pin, Post
from node.remote.actors import fetch_actor
from tests.support.doors import Door
from tests.support.fake_peer import Answer, FakePeer
from tests.support.make import make_post
from tests.support.stranger import Document, Stranger


@pytest.fixture
async def curator(peer: FakePeer) -> Stranger:
    """Somebody elsewhere who pins posts."""
    made = Stranger(peer, "cy")
    made.profile = {"featured": f"{made.uri}/featured"}
    made.publish_profile()
    return made


async def arrive(door: Door, stranger: Stranger, steps: list[Document]) -> None:
    """Deliver in this order, and let what has to wait take its time."""
    for step in steps:
        await door.send(stranger, step)
    for _ in range(4):
        door.clock.advance(seconds=6)
        await door.settle()


async def test_inb_9_a_post_its_pin_and_its_end(door: Door, curator: Stranger) -> None:
    """Create, Add and Delete in all six orders: nothing is pinned, and the post is gone."""
    bob = await door.person("bob")
    await door.follow(bob, curator)
    for order in permutations(range(3)):
        note = curator.note("pinned", published=door.runtime.now())
        steps = [
            curator.create(note),
            curator.activity("Add", note["id"], target=f"{curator.uri}/featured"),
            curator.activity("Delete", note["id"]),
        ]
        path = note["id"].removeprefix(curator.peer.url)
        for number in order:
            if number == 2:
                curator.peer.routes[path] = Answer(status=410)
            await door.send(curator, steps[number])
        stored = await door.post(note["id"])
        assert stored is None or stored.deleted_at is not None, order
        assert await door.count(Pin) == 0, order


@pytest.mark.parametrize("pinned_first", [True, False])
async def test_inb_9_a_pin_before_its_post(door: Door, curator: Stranger, pinned_first: bool) -> None:
    """Add before Create: pinned in any case, and the post is news once it is delivered."""
    bob = await door.person("bob")
    await door.follow(bob, curator)
    note = curator.note("pinned", published=door.runtime.now())
    steps = [curator.create(note), curator.activity("Add", note["id"], target=f"{curator.uri}/featured")]
    await arrive(door, curator, steps[::-1] if pinned_first else steps)
    assert await door.count(Pin) == 1
    stored = await door.post(note["id"])
    assert stored is not None
    assert {"post_id": stored.id, "quiet": False} in await door.events("PostPublished")


async def test_inb_9_follow_undo_and_block(door: Door, alice: Stranger) -> None:
    """In all six orders: no follow, and the block stands."""
    for number, order in enumerate(permutations(range(3))):
        bob = await door.person(f"bob{number}")
        asks = alice.activity("Follow", bob.uri)
        steps = [asks, alice.activity("Undo", asks), alice.activity("Block", bob.uri)]
        await arrive(door, alice, [steps[place] for place in order])
        assert await door.count(Follow, Follow.followee_id == bob.id) == 0, order
        assert await door.count(Block, Block.target_id == bob.id) == 1, order


async def test_inb_9_yes_and_no_to_our_follow(door: Door, alice: Stranger) -> None:
    """Accept, Reject and the Undo of the Accept in any order end the follow; none of them comes back for ever."""
    for number, order in enumerate(permutations(range(3))):
        bob = await door.person(f"bob{number}")
        target = await fetch_actor(door.runtime, alice.uri)
        async with door.runtime.write() as uow:
            request = await follow(uow, door.runtime.settings, bob, target, now=door.runtime.now())
        inner = {"id": request.uri, "type": "Follow", "actor": bob.uri, "object": alice.uri}
        yes = alice.activity("Accept", inner)
        steps = [yes, alice.activity("Reject", inner), alice.activity("Undo", yes)]
        await arrive(door, alice, [steps[place] for place in order])
        assert await door.count(Follow, Follow.follower_id == bob.id) == 0, order
        assert (await door.outcome(yes)).split()[0] in {"done", "ignored"}


async def test_inb_9_votes_and_the_end_of_a_poll(door: Door, alice: Stranger) -> None:
    """Two votes where one may be given: the first counts, whichever it is; a copy of it later changes nothing."""
    bob = await door.person("bob")
    for done, order in enumerate(permutations(range(2)), start=1):
        draft = PollDraft(options=("A", "B"), expires_in=3600)
        poll = await make_post(door.runtime, bob, "?", poll=draft)
        votes = [vote(alice, bob, poll, option) for option in ("A", "B")]
        await arrive(door, alice, [votes[order[0]], votes[order[1]], votes[order[0]]])
        assert await door.count(PollVote) == done


def vote(voter: Stranger, author: Account, poll: Post, option: str) -> Document:
    """Make a vote as Mastodon does."""
    note = {"id": f"{voter.uri}#votes/{poll.id}/{option}", "type": "Note", "name": option, "inReplyTo": poll.uri}
    return voter.create(note | {"attributedTo": voter.uri, "to": [author.uri]})


async def test_inb_9_a_poll_its_counts_and_its_end(door: Door, alice: Stranger) -> None:
    """Create, Update and Delete of a Question in all orders: gone."""
    bob = await door.person("bob")
    now = door.runtime.now()
    for order in permutations(range(3)):
        note = alice.note("?", mentions=[bob.uri], published=now - timedelta(minutes=5), serve=False)
        note |= {"type": "Question", "oneOf": [{"type": "Note", "name": "A", "replies": {"totalItems": 0}}]}
        counted = note | {"oneOf": [{"type": "Note", "name": "A", "replies": {"totalItems": 7}}], "votersCount": 7}
        steps = [alice.create(note), alice.activity("Update", counted), alice.activity("Delete", note["id"])]
        await arrive(door, alice, [steps[place] for place in order])
        stored = await door.post(note["id"])
        assert stored is None or stored.deleted_at is not None, order


async def test_inb_9_a_move_and_the_profile_that_tells_of_it(door: Door, alice: Stranger) -> None:
    """Move, and Update with `movedTo`, in both orders and twice: one move."""
    for number, order in enumerate(permutations(range(2))):
        old = Stranger(alice.peer, f"old{number}")
        new = Stranger(alice.peer, f"new{number}", profile={"alsoKnownAs": [old.uri]})
        await door.follow(await door.person(f"bob{number}"), old)
        old.profile = {"movedTo": new.uri}
        old.publish_profile()
        steps = [old.activity("Move", old.uri, target=new.uri), old.activity("Update", old.actor())]
        again = old.activity("Move", old.uri, target=new.uri)
        await arrive(door, old, [*(steps[place] for place in order), again])
        account = await door.account(old.uri)
        assert account is not None
        assert account.moved_to_uri == new.uri
        assert len(await door.events("AccountMoved")) == number + 1
