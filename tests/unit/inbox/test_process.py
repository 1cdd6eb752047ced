"""The drain: chains, retries, poison, and a worker that dies in the middle (INB-3, INB-9, row 114)."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from federation.errors import FetchFailed, MalformedDocument
from inbox import dispatch, process
from inbox.context import Context
from inbox.dispatch import Handler
from inbox.models import ReceivedActivity
from inbox.process import chains_of, process_due, steps_of
from node.base import publishing
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Unavailable
from node.base.lanes import FETCH, INBOX
from node.base.runtime import Runtime, open_runtime
from node.base.work import DRAINS
from node.follows.models import Follow
from node.moderation.rules import PolicyBook
from node.posts.models import Like, Post
from node.reactions.models import Reaction
from node.remote.models import FetchTask
from tests.support.doors import Door
from tests.support.fake_peer import Answer
from tests.support.stranger import Stranger
from tests.unit.inbox.test_posts import own_post


def row(id_: int, actor: str, object_: str = "", kind: str = "Create") -> ReceivedActivity:
    return ReceivedActivity(id=id_, actor_uri=actor, object_uri=object_, kind=kind)


def test_chains_join_what_shares_an_actor_or_an_object() -> None:
    """INB-9: two chains that meet in a third row become one, in the order of arrival."""
    rows = [row(1, "a", "x"), row(2, "b", "y"), row(3, "c"), row(4, "b", "x"), row(5, "a"), row(6, "d", "z")]
    found = sorted([item.id for item in chain] for chain in chains_of(rows))
    assert found == [[1, 2, 4, 5], [3], [6]]
    assert chains_of([]) == []


def test_only_what_several_do_to_one_object_and_what_does_not_change_it_is_taken_side_by_side() -> None:
    """INB-9: likes wait for the Create before them, and what takes a like back waits for it."""
    rows = [
        row(1, "a", "x"),
        row(2, "b", "x", "Like"),
        row(3, "c", "x", "Announce"),
        row(4, "b", "x", "Like"),
        row(5, "b", "b/1", "Undo"),
        row(6, "d", "x", "Like"),
        row(7, "e", "y", "Like"),
        row(8, "a", "x", "Delete"),
        row(9, "f", "x", "Like"),
    ]
    assert [[item.id for item in step] for step in steps_of(rows)] == [[1], [2, 3], [4], [5], [6], [7], [8], [9]]
    assert steps_of([]) == []


def test_both_lanes_have_a_drain() -> None:
    assert {INBOX, FETCH} <= DRAINS.keys()


async def test_a_peer_that_is_away_is_asked_again(door: Door, alice: Stranger) -> None:
    """What may pass is tried again after a growing wait, and then takes effect."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    note = alice.note()
    path = note["id"].removeprefix(alice.peer.url)
    served, alice.peer.routes[path] = alice.peer.routes[path], Answer(status=503)
    create = alice.activity("Create", note["id"])
    await door.send(alice, create)
    assert await door.outcome(create) == "retry http_status"
    alice.peer.routes[path] = served
    door.clock.advance(minutes=6)
    await door.settle()
    assert await door.outcome(create) == "done"


@pytest.mark.parametrize(
    "error",
    [RuntimeError("trips"), FetchFailed("timeout"), Unavailable(), TimeoutError(), RecursionError(), KeyError("x")],
)
async def test_poison_is_parked_with_its_reason(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Row 114: eight tries, then shelved; the rest of the queue goes on."""
    tries = []

    async def trip(context: Context) -> None:
        tries.append(context.attempts)
        raise error

    async def nothing(uow: UnitOfWork, context: Context, verified: None) -> None:
        raise AssertionError

    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Move": Handler(trip, nothing)})
    poison = alice.activity("Move", "x")
    await door.send(alice, poison)
    for _ in range(20):
        door.clock.advance(hours=3)
        await door.settle()
    assert tries == list(range(1, process.MAX_ATTEMPTS + 1))
    assert (await door.outcome(poison)).startswith("parked ")
    await door.send(alice, alice.activity("Like", "x"))


async def test_what_kills_its_worker_is_parked_too(door: Door, alice: Stranger) -> None:
    """Row 114: a claim counts before the work begins."""
    activity = alice.activity("Like", "x")
    await alice.deliver(door.inbox, activity)
    async with door.runtime.write() as uow:
        await uow.write(update(ReceivedActivity).values(attempts=process.MAX_ATTEMPTS))
    await door.settle()
    assert await door.outcome(activity) == "parked too_many_attempts"


async def test_effect_and_mark_stand_or_fall_together(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the effect undoes it; the next try has it once."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    handler: Handler[Any] = dispatch.HANDLERS["Like"]
    failures = iter([True])

    async def breaks_once(uow: UnitOfWork, context: Context, verified: Any) -> None:
        await handler.receive(uow, context, verified)
        if next(failures, False):
            raise RuntimeError("the power went")

    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Like": Handler(handler.verify, breaks_once)})
    await door.send(alice, alice.activity("Like", post.uri))
    assert await door.count(Like) == 0
    assert await door.events("PostLiked") == []
    door.clock.advance(minutes=1)
    await door.settle()
    assert await door.count(Like) == 1
    assert len(await door.events("PostLiked")) == 1


async def test_a_lease_that_ran_out_does_not_double(door: Door, alice: Stranger) -> None:
    """Two workers have the same row: one effect."""
    bob = await door.person("bob")
    note = alice.note(mentions=[bob.uri])
    await alice.deliver(door.inbox, alice.create(note))
    async with door.runtime.read() as reader:
        (stored,) = await reader.scalars(select(ReceivedActivity))
    stored.attempts = 1
    batch = process.batch_of(door.runtime, {}, PolicyBook({}))
    await process.process_row(door.runtime, stored, batch)
    await process.process_row(door.runtime, stored, batch)
    assert await door.count(Post) == 1
    assert len(await door.events("PostPublished")) == 1
    async with door.runtime.read() as reader:
        (ended,) = await reader.scalars(select(ReceivedActivity))
    assert ended.outcome == "done"


async def test_likes_that_come_together_take_effect_together(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each counts once, with its own id and event; what stands against one harms no other, and a reaction among them
    stays one."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    strangers = [alice, *(Stranger(alice.peer, f"s{number}") for number in range(5))]
    likes = [stranger.activity("Like", post.uri) for stranger in strangers]
    likes[4]["content"] = "\N{FIRE}"
    await door.send(strangers[3], strangers[3].activity("Undo", likes[3]))
    together = []
    handler = dispatch.HANDLERS["Like"]

    async def noted(uow: UnitOfWork, several: Sequence[tuple[Context, Any]]) -> None:
        together.append(len(several))
        assert handler.receive_all is not None
        await handler.receive_all(uow, several)

    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Like": replace(handler, receive_all=noted)})
    for stranger, like in zip(strangers, likes, strict=True):
        await stranger.deliver(door.inbox, like)
    await door.settle()
    assert max(together) > 1
    liked = {likes[number]["id"] for number in (0, 1, 2, 5)}
    async with door.runtime.read() as reader:
        assert set(await reader.scalars(select(Like.uri))) == liked
    assert await door.count(Reaction) == 1
    assert len(await door.events("PostLiked")) == len(liked)
    assert [await door.outcome(like) for like in likes] == [
        "done",
        "done",
        "done",
        "ignored undone_before",
        "done",
        "done",
    ]
    stored = await door.post(post.uri)
    assert stored is not None
    assert stored.likes_count == len(liked)


async def test_one_that_fails_takes_nobody_of_its_transaction_with_it(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows share a transaction: what was done beside one that fails is done again, once."""
    bob = await door.person("bob")
    strangers = [alice, *(Stranger(alice.peer, f"s{number}") for number in range(4))]
    receive, bad = dispatch.HANDLERS["Create"].receive, strangers[2]

    async def fails_for_one(uow: UnitOfWork, context: Context, verified: Any) -> None:
        if context.activity.actor == bad.uri:
            raise ZeroDivisionError("no")
        await receive(uow, context, verified)

    handler = replace(dispatch.HANDLERS["Create"], receive=fails_for_one)
    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Create": handler})
    for stranger in strangers:
        await stranger.deliver(door.inbox, stranger.create(stranger.note(mentions=[bob.uri])))
    await process_due(door.runtime)
    assert await door.count(Post) == len(await door.events("PostPublished")) == 4
    async with door.runtime.read() as reader:
        ends = {row.actor_uri: row.outcome for row in await reader.scalars(select(ReceivedActivity))}
    assert ends == {stranger.uri: "retry" if stranger is bad else "done" for stranger in strangers}


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_transaction_of_several_ends_where_somebody_publishes(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """Whoever publishes waits for one activity at most; what is left goes into the next transaction, once: one after
    another or, where its handler takes several, at once."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    strangers = [alice, *(Stranger(alice.peer, f"s{number}") for number in range(3))]
    worker = open_runtime(door.runtime.settings, clock=door.runtime.clock, gives_way=True)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    end_row, like = process._end_row, dispatch.HANDLERS["Like"]
    ended: list[int] = []
    taken: list[tuple[int, int]] = []

    async def publish_meanwhile(*arguments: Any, **named: Any) -> bool:
        ended.append(1)
        door.runtime.publishing.notice.put_up(time.monotonic() + 0.5 if len(ended) == 1 else 0.0)
        return await end_row(*arguments, **named)

    async def receive(uow: UnitOfWork, context: Context, verified: Any) -> None:
        taken.append((1, await door.count(Like)))  # as others see it
        await like.receive(uow, context, verified)

    async def receive_all(uow: UnitOfWork, several: Sequence[tuple[Context, Any]]) -> None:
        taken.append((len(several), await door.count(Like)))
        assert like.receive_all is not None
        await like.receive_all(uow, several)

    handler = replace(like, receive=receive, receive_all=receive_all if at_once else None)
    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Like": handler})
    monkeypatch.setattr(process, "_end_row", publish_meanwhile)
    for stranger in strangers:
        await stranger.deliver(door.inbox, stranger.activity("Like", post.uri))
    await process_due(worker)
    await worker.close()
    # How many go into the next transaction depends on who is ready by then: on PostgreSQL not always all.
    assert taken[0] == (1, 0)
    assert taken[1][1] == 1
    assert sum(number for number, _ in taken) == 4
    assert await door.count(Like) == len(await door.events("PostLiked")) == 4


async def test_who_published_only_for_a_moment_has_nothing_skipped(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted as taken is what was taken, also where nobody publishes any more a moment later."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    strangers = [alice, *(Stranger(alice.peer, f"s{number}") for number in range(3))]
    sent = [stranger.activity("Like", post.uri) for stranger in strangers[:3]]
    sent.append(strangers[3].activity("Follow", bob.uri))
    for stranger, activity in zip(strangers, sent, strict=True):
        await stranger.deliver(door.inbox, activity)
    answers = iter([True])
    monkeypatch.setattr(Runtime, "must_give_way", lambda _: next(answers, False))
    await process_due(door.runtime)
    assert [await door.outcome(activity) for activity in sent] == ["done"] * 4
    assert (await door.count(Like), await door.count(Follow)) == (3, 1)


async def test_a_verdict_of_the_wire_is_final(door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreadable(context: Context) -> None:
        raise MalformedDocument("bad_id", "no id")

    async def nothing(uow: UnitOfWork, context: Context, verified: None) -> None:
        raise AssertionError

    monkeypatch.setattr(dispatch, "HANDLERS", {**dispatch.HANDLERS, "Move": Handler(unreadable, nothing)})
    activity = alice.activity("Move", "x")
    await door.send(alice, activity)
    assert await door.outcome(activity) == "refused bad_id"


async def test_the_drain_says_when_nothing_is_left(door: Door) -> None:
    assert await process_due(door.runtime) is False
    assert not await process.is_due(door.runtime, door.runtime.now() + timedelta(days=1))


async def test_a_stale_actor_is_refreshed_some_time_later(door: Door, alice: Stranger) -> None:
    """ACT-6: after seven days, once, within six hours."""
    bob = await door.person("bob")
    await door.follow(bob, alice)
    door.clock.advance(days=8)
    for _ in range(3):
        await door.send(alice, alice.create(alice.note()))
    before = len(alice.peer.asked("/users/alice"))
    assert await door.count(FetchTask, FetchTask.kind == "actor") == 1
    door.clock.advance(hours=7)
    await door.settle()
    assert len(alice.peer.asked("/users/alice")) == before + 1
    assert await door.count(FetchTask) == 0


async def test_what_was_claimed_and_not_begun_is_given_back(
    door: Door, alice: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short lease must not let rows that only waited for their turn run out of tries."""
    bob = await door.person("bob")
    post = await own_post(door, bob)
    like = alice.activity("Like", post.uri)
    await alice.deliver(door.inbox, like)
    begin_seconds = process._BEGIN_SECONDS
    monkeypatch.setattr(process, "_BEGIN_SECONDS", -1.0)
    monkeypatch.setattr(process, "_WORK_SECONDS", 0.2)
    await process_due(door.runtime)
    async with door.runtime.read() as reader:
        (waiting,) = await reader.scalars(select(ReceivedActivity).where(ReceivedActivity.done_at.is_(None)))
    assert (waiting.attempts, waiting.outcome) == (0, "")
    monkeypatch.setattr(process, "_BEGIN_SECONDS", begin_seconds)
    await door.settle()
    assert await door.count(Like) == 1


def test_a_lease_covers_what_is_begun_under_it() -> None:
    assert process._LEASE.total_seconds() > process._BEGIN_SECONDS + process._ROW_SECONDS
