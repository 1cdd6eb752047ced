"""Attacks of the catalogue's kinds that are not in it: neighbours on an honest host, borrowed ids, old proofs.

Cast: `alice` at the honest server, `nora` her neighbour there, `mallory` at the attacker's, `bob` here. In the names of
the tests stands the row of the catalogue that is nearest.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from federation.vocabulary import PUBLIC
from inbox.models import ReceivedActivity
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.ids import time_of
from node.blocks.models import Block
from node.follows.models import Follow
from node.follows.service import follow
from node.moderation.service import set_domain_policy
from node.polls.models import PollVote
from node.polls.rules import PollDraft
from node.posts.consent_models import Authorization
from node.posts.models import Like, Pin, Post
from node.reactions.models import Reaction
from node.remote.actors import fetch_actor
from node.reports.models import Report
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer, document
from tests.support.make import make_post
from tests.support.stranger import Document, Stranger


@pytest.fixture
async def nora(peer: FakePeer) -> Stranger:
    """Alice's neighbour: her ids have the origin of alice's."""
    return Stranger(peer, "nora")


@pytest.fixture
async def bob(door: Door, alice: Stranger, mallory: Stranger) -> Account:
    """One of ours, who follows both."""
    made = await door.person("bob")
    for stranger in (alice, mallory):
        await door.follow(made, stranger)
    return made


def group_of(peer: FakePeer) -> Stranger:
    return Stranger(peer, "club", profile={"type": "Group"})


async def outcome(door: Door, stranger: Stranger, activity: Document) -> str:
    await door.send(stranger, activity)
    return await door.outcome(activity)


async def nothing_open(door: Door) -> bool:
    """Say whether everything has come to its end."""
    return await door.count(ReceivedActivity, ReceivedActivity.done_at.is_(None)) == 0


async def test_row_11_a_neighbour_asks_with_anothers_post(
    door: Door, bob: Account, alice: Stranger, nora: Stranger
) -> None:
    """QuoteRequest whose `instrument` is a post of alice's: nora asks for nobody but herself, by id or embedded."""
    mine = await make_post(door.runtime, bob, "Mine")
    hers = alice.note("See", quote=mine.uri, serve=False)
    await door.send(alice, alice.create(hers))
    for instrument in (hers["id"], {"id": hers["id"]}, hers, {"id": hers["id"], "type": "Note", "quote": mine.uri}):
        ask = nora.activity("QuoteRequest", mine.uri, instrument=instrument, to=[bob.uri])
        assert (await outcome(door, nora, ask)).startswith("refused"), instrument
    nora_id = (await door.account(nora.uri) or bob).id
    assert await door.count(Authorization, Authorization.requester_id == nora_id) == 0


async def test_row_13_a_neighbour_asks_first(door: Door, bob: Account, alice: Stranger, nora: Stranger) -> None:
    """QuoteRequest with the id of a post of alice's that is still to come: it does not keep alice from asking."""
    mine = await make_post(door.runtime, bob, "Mine")
    hers = alice.note("See", quote=mine.uri)
    early = nora.activity("QuoteRequest", mine.uri, instrument=hers["id"], to=[bob.uri])
    await door.send(nora, early)
    asks = [alice.activity("QuoteRequest", mine.uri, instrument=hers["id"], to=[bob.uri]) for _ in range(2)]
    assert await outcome(door, alice, asks[0]) != "done"  # nothing tells yet whose post it is
    await door.send(alice, alice.create(hers))
    assert await outcome(door, alice, asks[1]) == "done"
    assert (await outcome(door, nora, early | {"id": f"{nora.uri}/again"})).startswith("refused")
    author = await door.account(alice.uri)
    assert author is not None
    async with door.runtime.read() as reader:
        (given,) = await reader.scalars(select(Authorization))
    assert (given.requester_id, given.state, given.request_uri) == (author.id, "given", asks[1]["id"])


async def test_row_41_a_neighbour_accepts(door: Door, alice: Stranger, nora: Stranger) -> None:
    """Accept and Reject of a follow by another actor of the same host, by id and by parties; and of one's own."""
    bob = await door.person("bob")
    target = await fetch_actor(door.runtime, alice.uri)
    async with door.runtime.write() as uow:
        request = await follow(uow, door.runtime.settings, bob, target, now=door.runtime.now())
    inner = {"id": request.uri, "type": "Follow", "actor": bob.uri, "object": alice.uri}
    for what in (request.uri, inner, inner | {"object": nora.uri}):
        for kind in ("Accept", "Reject"):
            activity = nora.activity(kind, what)
            assert (await outcome(door, nora, activity)).split()[0] in {"refused", "retry", "ignored"}
    assert await door.count(Follow, Follow.accepted_at.is_(None)) == 1
    asks = alice.activity("Follow", (await door.person("carol", locked=True)).uri)
    await door.send(alice, asks)
    assert await outcome(door, alice, alice.activity("Accept", asks)) == "refused not_the_followed"
    assert await door.count(Follow, Follow.accepted_at.is_not(None)) == 0


async def test_row_26_a_neighbour_undoes(door: Door, bob: Account, alice: Stranger, nora: Stranger) -> None:
    """Undo of alice's like, reaction, boost, block and follow: her id under nora's name, or without any name."""
    post = await make_post(door.runtime, bob, "Mine")
    acts = [
        alice.activity("Follow", bob.uri),
        alice.activity("Like", post.uri),
        alice.activity("EmojiReact", post.uri, content="🔥"),
        alice.activity("Announce", post.uri, to=[PUBLIC]),
    ]
    for act in acts:
        assert await outcome(door, alice, act) == "done"
        for inner in (act["id"], act | {"actor": nora.uri}, {"id": act["id"], "type": act["type"]}, act):
            await door.send(nora, nora.activity("Undo", inner))
    assert await door.count(Like) + await door.count(Reaction) == 2
    assert await door.count(Post, Post.boost_of_id.is_not(None), Post.deleted_at.is_(None)) == 1
    assert await door.count(Follow) == 3


async def test_row_53_wrappers_within_wrappers(door: Door, bob: Account, alice: Stranger, evil: FakePeer) -> None:
    """A followed Group announces an Announce, a Create of an Announce, an Undo, a Flag, a Move, or itself."""
    club = group_of(evil)
    await door.follow(bob, club)
    note = alice.note("true")
    boost = alice.activity("Announce", note["id"], to=[PUBLIC])
    alice.peer.routes[boost["id"].removeprefix(alice.peer.url)] = document(boost)
    mine = await make_post(door.runtime, bob, "Mine")
    for inner in (
        boost,
        alice.create(boost),
        alice.create(alice.create(note)),
        alice.activity("Undo", alice.activity("Follow", bob.uri)),
        alice.activity("Flag", [bob.uri, mine.uri], content="forged"),
        alice.activity("Move", alice.uri, target=f"{evil.url}/users/mallory"),
        alice.activity("Delete", alice.uri),
        alice.activity("Accept", {"type": "Follow", "actor": bob.uri, "object": alice.uri}),
        alice.activity("Delete", mine.uri),
        alice.activity("Update", {"id": mine.uri, "type": "Note", "attributedTo": bob.uri, "content": "forged"}),
    ):
        wrapped = club.activity("Announce", inner, to=[PUBLIC], cc=[club.followers])
        assert (await outcome(door, club, wrapped)).split()[0] in {"ignored", "refused"}, inner["type"]
    stored, account = await door.post(mine.uri), await door.account(alice.uri)
    assert stored is not None
    assert account is not None
    assert (stored.deleted_at, account.deleted_at, account.moved_to_uri) == (None, None, "")
    assert "Mine" in stored.content
    assert await door.count(Report) == 0
    assert await door.count(Post, Post.local.is_(False)) == 0
    assert await nothing_open(door)


async def test_row_39_a_move_into_a_blocked_domain(
    door: Door, bob: Account, alice: Stranger, evil: FakePeer, mallory: Stranger
) -> None:
    """The target is not asked for, and nobody is taken along."""
    hidden = Stranger(evil, "alice2", profile={"alsoKnownAs": [alice.uri]})
    async with door.runtime.write() as uow:
        await set_domain_policy(uow, door.runtime.settings, evil.domain, "suspend", now=door.runtime.now())
    await door.settle()
    asked = len(evil.requests)
    move = alice.activity("Move", alice.uri, target=hidden.uri)
    assert (await outcome(door, alice, move)).split()[0] in {"refused", "ignored"}
    account = await door.account(alice.uri)
    assert account is not None
    assert account.moved_to_uri == ""
    assert len(evil.requests) == asked
    assert await nothing_open(door)


async def test_row_26_a_report_of_ten_thousand_things(door: Door, bob: Account, alice: Stranger) -> None:
    """One report with what stands here among the first; the rest is not even looked up."""
    mine = await make_post(door.runtime, bob, "Mine")
    many = [f"{alice.peer.url}/notes/{number}" for number in range(10_000)]
    flag = alice.activity("Flag", [bob.uri, mine.uri, *many], content="x" * 100_000)
    assert await outcome(door, alice, flag) == "done"
    async with door.runtime.read() as reader:
        (report,) = await reader.scalars(select(Report))
    assert len(report.comment) <= 5_000


@pytest.mark.parametrize(
    "content", ["🔥" * 50_000, ":" + "a" * 200_000 + ":", "👨‍" * 50_000, "\u202e🔥", "<b>🔥</b>", ":a:b:"]
)
async def test_row_58_reactions_that_are_no_emoji(door: Door, bob: Account, alice: Stranger, content: str) -> None:
    """ACV-6: a like, in no time; nothing of it is stored as an emoji."""
    mine = await make_post(door.runtime, bob, "Mine")
    assert await outcome(door, alice, alice.activity("EmojiReact", mine.uri, content=content)) == "done"
    assert await door.count(Reaction) == 0
    assert await door.count(Like) == 1


async def test_row_45_a_vote_that_is_boosted_fetched_or_passed_on(
    door: Door, bob: Account, alice: Stranger, mallory: Stranger
) -> None:
    """OBJ-10: alice's secret vote, served at her host, is no post; nobody shows it, or votes for her with it."""
    poll = await make_post(door.runtime, bob, "?", poll=PollDraft(options=("Tea", "Coffee"), expires_in=3600))
    vote = alice.note("", name="Tea", inReplyTo=poll.uri, to=[bob.uri], cc=[])
    del vote["content"]
    alice.peer.routes[vote["id"].removeprefix(alice.peer.url)] = document(vote)
    await door.send(mallory, mallory.activity("Announce", vote["id"], to=[PUBLIC]))
    await door.send(mallory, alice.create(vote))
    await door.send(mallory, mallory.create(vote))
    await door.send(mallory, mallory.create(mallory.note("re", inReplyTo=vote["id"])))
    await door.send(mallory, mallory.create([vote, vote | {"id": f"{mallory.uri}/v", "attributedTo": mallory.uri}]))
    assert await door.post(vote["id"]) is None
    assert await door.count(PollVote) == 0
    assert await nothing_open(door)


async def test_row_34_what_was_proven_before_its_author_was_suspended_or_deleted_it(
    door: Door, bob: Account, alice: Stranger, mallory: Stranger
) -> None:
    """SIG-22: a stored proof neither brings back a deleted post nor speaks for a suspended actor."""
    now = door.runtime.now()
    alice.publish_proof_key()
    note = alice.note("once", serve=False)
    create = alice.prove(alice.create(note), now=now)
    await door.send(alice, create)
    await door.send(alice, alice.activity("Delete", note["id"]))
    await door.send(mallory, create)
    await door.send(mallory, alice.prove(alice.create(note) | {"id": f"{alice.uri}/again"}, now=now))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.deleted_at is not None
    async with door.runtime.write() as uow:
        (await get_account(uow, stored.account_id)).suspended_at = now
    fresh = alice.prove(alice.create(alice.note("later", serve=False)), now=now)
    assert (await outcome(door, mallory, fresh)).split()[0] in {"refused", "ignored", ""}
    assert await door.count(Post, Post.deleted_at.is_(None)) == 0


async def test_row_34_a_proof_stripped_renamed_or_moved_inside(
    door: Door, bob: Account, alice: Stranger, mallory: Stranger
) -> None:
    """A proof that is not over the whole document says nothing of it: then only its origin is asked."""
    now = door.runtime.now()
    alice.publish_proof_key()
    mine = await make_post(door.runtime, bob, "Mine")
    like = alice.prove(alice.activity("Like", mine.uri), now=now)
    bare = {key: value for key, value in like.items() if key != "proof"}
    wrapped = alice.activity("Undo", like)
    forgeries = [
        bare,
        bare | {"https://w3id.org/security#proof": like["proof"]},
        bare | {"as:proof": like["proof"]},
        bare | {"signature": like["proof"]},
        bare | {"proof": None},
        bare | {"proof": []},
        wrapped,
        bare | {"object": {"id": mine.uri, "proof": like["proof"]}},
        like | {"@context": [*like["@context"], {"object": "as:target"}] if isinstance(like["@context"], list) else []},
        like | {"content": "🔥"},
    ]
    for number, forged in enumerate(forgeries):
        answer = await mallory.deliver(door.inbox, forged, now=now)
        assert answer.status_code in {202, 400, 401}, number
        await door.settle()
    assert await door.count(Like) + await door.count(Reaction) == 0
    await door.send(mallory, like)
    assert await door.count(Like) == 1


async def test_row_43_pins_of_what_is_not_ones_own(door: Door, bob: Account, peer: FakePeer, alice: Stranger) -> None:
    """Add of a neighbour's post, of a boost of another's, and of one of ours."""
    nora = Stranger(peer, "nora")
    nora.profile = {"featured": f"{nora.uri}/featured"}
    nora.publish_profile()
    await door.follow(bob, nora)
    hers = alice.note("hers")
    await door.send(alice, alice.create(hers))
    mine = await make_post(door.runtime, bob, "Mine")
    boost = nora.activity("Announce", hers["id"], to=[PUBLIC])
    await door.send(nora, boost)
    for what in (hers["id"], hers | {"attributedTo": nora.uri}, mine.uri, boost["id"], nora.uri, nora.followers):
        add = nora.activity("Add", what, target=f"{nora.uri}/featured")
        assert (await outcome(door, nora, add)).split()[0] in {"refused", "ignored"}, what
    assert await door.count(Pin) == 0


async def test_row_38_ones_own_later_version_is_not_for_more_people(door: Door, bob: Account, alice: Stranger) -> None:
    """AUD-4: an Update, a second Create and a refetch of a direct post addressed to everybody leave it direct."""
    note = alice.note("private", to=[bob.uri], cc=[], mentions=[bob.uri], published=door.runtime.now())
    await door.send(alice, alice.create(note))
    wide = note | {"to": [PUBLIC], "updated": (door.runtime.now() + timedelta(seconds=1)).isoformat()}
    alice.peer.routes[note["id"].removeprefix(alice.peer.url)] = document(wide)
    for kind in ("Update", "Create"):
        await door.send(alice, alice.activity(kind, wide, to=[PUBLIC]))
    await door.send(alice, alice.activity("Announce", note["id"], to=[PUBLIC]))
    stored = await door.post(note["id"])
    assert stored is not None
    assert stored.visibility == "direct"
    assert await door.count(Post, Post.boost_of_id.is_not(None)) == 0


async def test_row_115_one_id_for_several_things(door: Door, bob: Account, alice: Stranger) -> None:
    """A boost, a post, an actor and a like that claim one id: the first keeps it, nothing fails for ever."""
    note = alice.note("first")
    await door.send(alice, alice.create(note))
    mine = await make_post(door.runtime, bob, "Mine")
    await door.send(alice, alice.activity("Announce", mine.uri, to=[PUBLIC]) | {"id": note["id"]})
    await door.send(alice, alice.create(note | {"id": alice.uri, "content": "an actor?"}))
    await door.send(alice, alice.activity("Like", mine.uri) | {"id": note["id"]})
    await door.send(alice, alice.activity("Follow", bob.uri) | {"id": alice.uri})
    boost = alice.activity("Announce", mine.uri, to=[PUBLIC])
    await door.send(alice, boost)
    await door.send(alice, alice.create(note | {"id": boost["id"], "content": "a boost?"}))
    for _ in range(10):
        door.clock.advance(hours=3)
        await door.settle()
    stored, account, boosted = await door.post(note["id"]), await door.account(alice.uri), await door.post(boost["id"])
    assert stored is not None
    assert account is not None
    assert (stored.content, stored.boost_of_id, account.display_name) == ("<p>first</p>", None, "Alice")
    assert boosted is None or boosted.boost_of_id == mine.id
    assert await nothing_open(door)


async def test_row_26_lists_that_hide_anothers_post(
    door: Door, bob: Account, alice: Stranger, mallory: Stranger
) -> None:
    """Create, Update, Delete and Announce with several objects, of which one is mallory's own."""
    true = alice.note("true")
    await door.send(alice, alice.create(true))
    false = true | {"content": "<p>false</p>", "updated": door.runtime.now().isoformat()}
    unborn = alice.note("unborn", serve=False)
    own = mallory.note("mine")
    for order in ([own, false, unborn], [false, own, unborn]):
        for kind in ("Create", "Update", "Delete", "Announce"):
            what = [item["id"] for item in order] if kind == "Delete" else order
            await door.send(mallory, mallory.activity(kind, what, to=[PUBLIC]))
    stored = await door.post(true["id"])
    assert stored is not None
    assert (stored.content, stored.deleted_at) == ("<p>true</p>", None)
    assert await door.post(unborn["id"]) is None
    assert await nothing_open(door)


async def test_row_35_our_own_things_in_their_hands(door: Door, bob: Account, mallory: Stranger) -> None:
    """Update, Delete, Undo, Move, Block, Accept in the name or about the things of somebody here."""
    mine = await make_post(door.runtime, bob, "Mine")
    theirs = {"id": mine.uri, "type": "Note", "attributedTo": bob.uri, "content": "forged", "to": [PUBLIC]}
    acts: list[Document] = [
        mallory.activity("Update", theirs),
        mallory.activity("Update", theirs | {"attributedTo": mallory.uri}),
        mallory.activity("Delete", mine.uri),
        mallory.activity("Delete", bob.uri),
        mallory.activity("Undo", {"type": "Create", "actor": bob.uri, "object": mine.uri}),
        mallory.activity("Move", bob.uri, target=mallory.uri),
        mallory.activity("Add", mine.uri, target=f"{bob.uri}/featured"),
        mallory.activity("Remove", mine.uri, target=f"{bob.uri}/featured"),
        mallory.activity("Delete", f"{bob.uri}/quote_authorizations/1"),
    ]
    for act in acts:
        assert (await outcome(door, mallory, act)).split()[0] in {"refused", "ignored"}, act
        as_bob = act | {"actor": bob.uri, "id": f"{bob.uri}/x/{act['id'][-4:]}"}
        answer = await mallory.deliver(door.inbox, as_bob, now=door.runtime.now())
        assert answer.status_code in {202, 400, 401, 403}
    await door.settle()
    stored, account = await door.post(mine.uri), await door.account(bob.uri)
    assert stored is not None
    assert account is not None
    assert "Mine" in stored.content
    assert (stored.deleted_at, account.deleted_at, account.moved_to_uri) == (None, None, "")
    assert await door.count(Block) == 0


async def test_row_51_a_post_from_the_future_does_not_stay_on_top(door: Door, bob: Account, alice: Stranger) -> None:
    """GEN-8: sorted by when it came; also one of the year 9999 and one before the epoch."""
    for published in ("2100-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "1969-01-01T00:00:00Z"):
        note = alice.note("when?", mentions=[bob.uri]) | {"published": published}
        assert await outcome(door, alice, alice.create(note)) == "done"
        stored = await door.post(note["id"])
        assert stored is not None
        assert time_of(stored.id) <= door.runtime.now() + timedelta(seconds=2)


@pytest.mark.parametrize("number", ["9" * 5_000, "-" + "9" * 5_000, "1" + "0" * 900_000, "1e999999"])
async def test_row_30_numbers_without_end(door: Door, alice: Stranger, number: str) -> None:
    """A 400 at once, of whatever length."""
    raw = f'{{"type":"Like","actor":"{alice.uri}","object":"x","totalItems":{number}}}'.encode()
    await door.send(alice, raw, expect=400)


async def test_row_115_twenty_copies_of_everything_new(door: Door, alice: Stranger) -> None:
    """INB-3: votes, reactions, pins, moves, reports, quote requests, each twenty times at once and under other ids."""
    bob = await door.person("bob")
    alice.profile = {"featured": f"{alice.uri}/featured"}
    alice.publish_profile()
    await door.follow(bob, alice)
    note = alice.note("pinned")
    await door.send(alice, alice.create(note))
    mine = await make_post(door.runtime, bob, "Mine")
    poll = await make_post(door.runtime, bob, "?", poll=PollDraft(options=("A", "B"), expires_in=3600, multiple=True))
    second = Stranger(alice.peer, "alice2", profile={"alsoKnownAs": [alice.uri]})
    quote = alice.note("See", quote=mine.uri)

    def vote(number: int) -> Document:
        ballot = {"id": f"{alice.uri}#v{number}", "type": "Note", "name": "A", "attributedTo": alice.uri}
        return alice.create(ballot | {"inReplyTo": poll.uri, "to": [bob.uri]})

    makers: list[Any] = [
        vote,
        lambda _: alice.activity("EmojiReact", mine.uri, content="🔥"),
        lambda _: alice.activity("Add", note["id"], target=f"{alice.uri}/featured"),
        lambda _: alice.activity("QuoteRequest", mine.uri, instrument=quote["id"]),
        lambda _: alice.activity("Announce", mine.uri, to=[PUBLIC]),
    ]
    flag, move = alice.activity("Flag", [bob.uri], content="x"), alice.activity("Move", alice.uri, target=second.uri)
    sent = [make(number) for make in makers for number in range(10)]
    sent += [copy for copy in (makers[0](99), flag) for _ in range(20)]
    answers = await asyncio.gather(*(alice.deliver(door.inbox, one, now=door.runtime.now()) for one in sent))
    assert {answer.status_code for answer in answers} == {202}
    await asyncio.gather(door.settle(), door.settle())
    for table in (PollVote, Reaction, Pin, Authorization, Report):
        assert await door.count(table) == 1, table
    assert await door.count(Post, Post.boost_of_id.is_not(None)) == 1
    stored = await door.post(mine.uri)
    assert stored is not None
    assert (stored.reactions_count, stored.boosts_count) == (1, 1)
    answers = await asyncio.gather(*(alice.deliver(door.inbox, move, now=door.runtime.now()) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    await asyncio.gather(door.settle(), door.settle())
    assert len(await door.events("AccountMoved")) == 1
    assert await nothing_open(door)
