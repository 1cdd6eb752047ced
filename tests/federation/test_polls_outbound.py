"""What leaves a node because of polls: votes to their author alone, counts at most every three minutes (OBJ-10)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from node.accounts.models import Account
from node.base.db.event_log import EventRow
from node.emojis.service import add_emoji
from node.media.service import store_emoji
from node.polls.jobs import tell_due
from node.polls.models import Poll
from node.polls.queries import find_poll
from node.polls.rules import PollDraft
from node.polls.service import recount
from node.polls.voting import take_vote, vote
from node.posts.models import Post
from node.posts.service import withdraw
from node.remote.posts import fetch_post
from tests.support.fake_peer import FakePeer
from tests.support.make import make_account, make_post
from tests.support.redis_server import RedisServer
from tests.support.sending import SendingNode, sending_node
from tests.support.stranger import Document, Stranger
from tests.unit.node.media.pictures import picture


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> Any:
    async with sending_node(redis_server, database_url=database_url) as opened:
        yield opened


@pytest.fixture
async def ann(node: SendingNode) -> Account:
    return await make_account(node.runtime, "ann")


async def asked(node: SendingNode, author: Account, **draft: Any) -> Post:
    poll = PollDraft(options=("Tea", "Coffee"), expires_in=3600, multiple=True)
    return await make_post(node.runtime, author, draft.pop("text", "What?"), poll=poll, **draft)


async def voted(node: SendingNode, voter: Account, post: Post, option: str) -> None:
    async with node.runtime.write() as uow:
        assert await take_vote(uow, post.id, voter.id, option=option, now=node.runtime.now())


async def told(node: SendingNode, peer: FakePeer) -> list[Document]:
    """Let everything that is due go out and return what the peer was sent since the last time."""
    await tell_due(node.runtime)
    await node.send()
    found = await node.taken(peer)
    peer.requests.clear()
    return found


def totals(activity: Document) -> list[int]:
    return [option["replies"]["totalItems"] for option in activity["object"]["anyOf"]]


async def test_obj_10_a_vote_goes_to_the_author_alone(
    node: SendingNode, ann: Account, peer: FakePeer, alice: Stranger
) -> None:
    """One Create for each choice, without `content`, to the personal inbox; no follower hears of it."""
    await node.known(alice)
    await node.known(Stranger(peer, "fan"), follows=ann)
    question = alice.note(
        "Tea?", type="Question", anyOf=[{"type": "Note", "name": name} for name in ("Yes", "No", "Both")]
    )
    post = await fetch_post(node.runtime, question["id"])
    assert post is not None
    async with node.runtime.write() as uow:
        await vote(uow, node.runtime.settings, ann, post.id, choices=[0, 2], now=node.runtime.now())
    sent = await told(node, peer)
    assert [activity["object"]["name"] for activity in sent] == ["Yes", "Both"]
    assert len({activity["id"] for activity in sent}) == 2
    for activity in sent:
        assert activity["type"] == "Create"
        assert activity["to"] == activity["object"]["to"] == [alice.uri]
        assert "cc" not in activity
        assert "content" not in activity["object"]
        assert (activity["object"]["type"], activity["object"]["inReplyTo"]) == ("Note", question["id"])
        assert activity["id"].startswith(f"{ann.uri}#votes/")


async def test_obj_10_counts_go_out_every_three_minutes_and_at_the_end(
    node: SendingNode, ann: Account, peer: FakePeer
) -> None:
    """To a follower and to who voted without following, however many vote; nothing without a vote."""
    fan = await node.known(Stranger(peer, "fan"), follows=ann)
    async with FakePeer(host="127.0.0.2") as other:
        passer_by = await node.known(Stranger(other, "passer"))
        post = await asked(node, ann)
        (create,) = await told(node, peer)
        assert (create["object"]["type"], totals(create)) == ("Question", [0, 0])
        for minute in range(3):
            await voted(node, fan if minute < 2 else passer_by, post, "Coffee" if minute == 1 else "Tea")
            assert await told(node, peer) == []
            node.clock.advance(minutes=1)
        (update,) = await told(node, peer)
        assert (update["type"], totals(update), update["object"]["votersCount"]) == ("Update", [2, 1], 2)
        assert "updated" not in update["object"]
        assert [totals(activity) for activity in await told(node, other)] == [[2, 1]]
        node.clock.advance(minutes=10)
        assert await told(node, peer) == []
        await voted(node, passer_by, post, "Coffee")
        (update,) = await told(node, peer)
        assert totals(update) == [2, 2]
        node.clock.advance(hours=1)
        (final,) = await told(node, peer)
        assert final["object"]["closed"] == final["object"]["endTime"]
        assert [totals(activity) for activity in await told(node, other)] == [[2, 2], [2, 2]]
        node.clock.advance(hours=1)
        assert await told(node, peer) == []


async def test_a_poll_for_followers_is_not_told_to_others(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """AUD: who voted and follows no more hears nothing."""
    voter = await node.known(Stranger(peer, "voter"))
    post = await asked(node, ann, visibility="followers")
    await voted(node, voter, post, "Tea")
    node.clock.advance(minutes=5)
    assert await told(node, peer) == []


async def test_the_end_of_a_poll_is_recorded_once_by_however_many_workers(node: SendingNode, ann: Account) -> None:
    """Attack row 115: two drains at once, and one that comes later."""
    await asked(node, ann)
    node.clock.advance(hours=2)
    await asyncio.gather(*(tell_due(node.runtime) for _ in range(3)))
    await tell_due(node.runtime)
    async with node.runtime.read() as reader:
        ends = await reader.scalar(select(func.count()).select_from(EventRow).where(EventRow.name == "PollEnded"))
    assert ends == 1


async def test_counts_are_made_anew_from_the_votes(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """Row 45: what is counted is what is there."""
    voter = await node.known(Stranger(peer, "voter"))
    post = await asked(node, ann)
    await voted(node, voter, post, "Tea")
    await voted(node, voter, post, "Coffee")
    async with node.runtime.write() as uow:
        await uow.write(Poll.__table__.update().values(voters_count=99))  # type: ignore[attr-defined]
        await recount(uow, post.id)
    async with node.runtime.read() as reader:
        poll = await find_poll(reader, post.id)
    assert poll is not None
    assert (poll.options, poll.voters_count) == ([("Tea", 1), ("Coffee", 1)], 1)


async def test_who_voted_hears_of_the_end_of_the_post(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """DLV-1: a Delete goes to voters too; then poll and votes are gone here."""
    voter = await node.known(Stranger(peer, "voter"))
    post = await asked(node, ann)
    await voted(node, voter, post, "Tea")
    async with node.runtime.write() as uow:
        await withdraw(uow, post, now=node.runtime.now())
    assert [activity["type"] for activity in await told(node, peer)] == ["Delete"]
    async with node.runtime.read() as reader:
        assert await find_poll(reader, post.id) is None


async def test_custom_emoji_of_options_go_with_the_poll(node: SendingNode, ann: Account, peer: FakePeer) -> None:
    """OBJ-6, OBJ-9: they are tags of the Question, as those of its text."""
    await node.known(Stranger(peer, "fan"), follows=ann)
    key, static_key = await store_emoji(node.runtime, picture("PNG"))
    async with node.runtime.write() as uow:
        await add_emoji(uow, "rook", storage_key=key, static_key=static_key, now=node.runtime.now())
    poll = PollDraft(options=("Crow", ":rook: Rook"), expires_in=3600)
    await make_post(node.runtime, ann, "Which?", poll=poll)
    (create,) = await told(node, peer)
    assert [tag["name"] for tag in create["object"]["tag"]] == [":rook:"]
