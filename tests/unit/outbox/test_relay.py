"""From events to effects: exactly once, whatever fails between (style rule 4, attack row 114)."""

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

import node.events
from node.accounts.models import Account
from node.accounts.service import delete_account, suspend_account
from node.base import publishing
from node.base.db import pieces
from node.base.db.event_log import MAX_ATTEMPTS, Event, EventRow
from node.base.db.unit_of_work import Reader
from node.base.errors import Unavailable
from node.base.lanes import RELAY, WORKING_TTL_MS
from node.base.runtime import Runtime, open_runtime
from node.blocks.domains import block_domain
from node.blocks.models import Mute
from node.blocks.service import block, mute
from node.events import PeerHeard, PostDeleted, PostEdited, PostLeft, PostLiked, PostPublished, ProfileUpdated
from node.follows import service as following
from node.follows.models import Follow
from node.follows.service import follow
from node.notifications.models import Notification
from node.posts import service as posting
from node.posts.bookmarks import bookmark
from node.posts.boosts import boost
from node.posts.likes import unlike
from node.posts.models import Bookmark, Like, Post
from node.posts.reacting import react
from node.posts.service import withdraw
from node.reactions.models import Reaction
from node.timelines import home_lists
from outbox import address, pace, recipients
from outbox import relay as relaying
from outbox.effects import departures
from outbox.effects import notices as noticing
from outbox.effects.table import EFFECTS, Effects
from outbox.models import Delivery, OutgoingActivity
from outbox.occasion import Occasion
from outbox.peers import Health, after_failure, save_health
from outbox.recipients import Recipients, list_inboxes
from outbox.relay import TOGETHER, relay
from tests.support.homes import lay_list
from tests.support.make import like, make_account, make_post
from tests.support.nodes import clock_of
from tests.unit.outbox.test_recipients import remote


@pytest.fixture
async def ann(runtime: Runtime) -> Account:
    account = await make_account(runtime, "ann")
    await relay(runtime)
    return account


async def rows(runtime: Runtime) -> list[EventRow]:
    async with runtime.read() as reader:
        return list(await reader.scalars(select(EventRow).order_by(EventRow.id)))


def later(runtime: Runtime, **amount: float) -> None:
    clock_of(runtime).advance(**amount)


def replace_effects(monkeypatch: pytest.MonkeyPatch, event: type[Event], **changes: Any) -> None:
    monkeypatch.setitem(EFFECTS, event, replace(EFFECTS[event], **changes))


def test_every_event_has_its_effects() -> None:
    named = {name for name, cls in Event.registry.items() if cls.__module__ == node.events.__name__}
    assert {cls.__name__ for cls in EFFECTS} == named


async def test_an_event_is_forgotten_with_its_effects(runtime: Runtime, ann: Account) -> None:
    bo = await make_account(runtime, "bo")
    await make_post(runtime, ann, "Hello @bo")
    assert await relay(runtime) is False
    assert await rows(runtime) == []
    async with runtime.read() as reader:
        (notice,) = await reader.scalars(select(Notification))
    assert (notice.account_id, notice.kind, notice.from_account_id) == (bo.id, "mention", ann.id)


async def test_effects_and_the_end_of_the_event_are_one_transaction(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last effect fails: nothing of the first one stays, and the event does."""

    async def fails(on: Any, event: Any) -> None:
        raise ZeroDivisionError("no")

    await make_account(runtime, "bo")
    await remote(runtime, "cy", "cy.example", follows=ann)
    await relay(runtime)
    told = await activities(runtime)
    effects = EFFECTS[PostPublished]
    replace_effects(monkeypatch, PostPublished, stored=(*effects.stored, fails))
    await make_post(runtime, ann, "Hello @bo")
    await relay(runtime)
    (row,) = await rows(runtime)
    assert row.last_error == "ZeroDivisionError: no"
    assert row.attempts == 1
    assert row.due_at > runtime.now()
    assert await kinds(runtime) == ["follow"]
    assert await activities(runtime) == told
    monkeypatch.undo()
    later(runtime, seconds=10)
    await relay(runtime)
    assert await kinds(runtime) == ["follow", "mention"]
    assert await activities(runtime) == [*told, ("Create", 1)]
    assert await rows(runtime) == []


async def test_a_failing_event_does_not_hold_up_the_next_and_is_parked_at_last(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(on: Any, event: Any) -> None:
        raise ValueError("never")

    replace_effects(monkeypatch, ProfileUpdated, stored=(fails,))
    async with runtime.write() as uow:
        await uow.record(ProfileUpdated(ann.id))
    await make_post(runtime, ann, "Hello")
    await relay(runtime)
    assert [row.name for row in await rows(runtime)] == ["ProfileUpdated"]
    for _ in range(MAX_ATTEMPTS):
        later(runtime, hours=2)
        await relay(runtime)
    (row,) = await rows(runtime)
    assert row.parked_at is not None
    assert row.last_error == "ValueError: never"
    later(runtime, days=1)
    await relay(runtime)
    assert (await rows(runtime))[0].attempts == MAX_ATTEMPTS


async def test_an_event_that_kills_its_worker_is_parked_too(runtime: Runtime, ann: Account) -> None:
    """Attack row 114: claimed again and again, never finished, nobody there to write down why."""
    await make_post(runtime, ann, "Hello")
    for _ in range(MAX_ATTEMPTS):
        await relaying._claim(runtime)
        later(runtime, seconds=relaying.LEASE.total_seconds() + 1)
    await relay(runtime)
    (row,) = await rows(runtime)
    assert row.parked_at is not None
    assert "never came to an end" in (row.last_error or "")


async def test_what_a_killed_worker_had_claimed_waits_for_the_next_one_only(runtime: Runtime, ann: Account) -> None:
    """Whoever starts takes it up at once; but not what was claimed twice, or failed: that may be what kills."""
    await make_post(runtime, ann, "Hello")
    await relaying._claim(runtime)
    assert await relaying._claim(runtime) == []
    assert await relaying.take_over(runtime) == 1
    (claimed,) = await relaying._claim(runtime)
    assert claimed.attempts == 2
    assert await relaying.take_over(runtime) == 0
    later(runtime, seconds=relaying.LEASE.total_seconds() + 1)
    await relay(runtime)
    assert await rows(runtime) == []


async def test_what_is_taken_over_from_a_living_worker_ends_once(runtime: Runtime, ann: Account) -> None:
    bo = await make_account(runtime, "bo")
    await make_post(runtime, ann, "Hello @bo")
    claimed = await relaying._claim(runtime)
    assert await relaying.take_over(runtime) == 1
    await relay(runtime)
    await relaying.apply(runtime, claimed)
    assert await rows(runtime) == []
    async with runtime.read() as reader:
        assert len(await reader.scalars(select(Notification).where(Notification.account_id == bo.id))) == 1


async def test_on_sqlite_a_relay_at_work_keeps_a_second_one_away(runtime: Runtime, ann: Account) -> None:
    """Where one writes at a time, its flag goes up again with each claim, for a moment: not for longer, it may die."""
    await make_post(runtime, ann)
    await runtime.nudger.finish()
    await runtime.nudger.lower_flag(RELAY)
    await relay(runtime)
    left = await runtime.gate.redis.pttl("{rookery}:nudged:relay")
    assert (0 < left <= WORKING_TTL_MS) == (runtime.database.dialect == "sqlite")


async def test_one_that_fails_takes_nobody_of_its_transaction_with_it(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events share a transaction: what was done beside one that fails is done again, once."""
    bo = await make_account(runtime, "bo")
    for number in range(5):
        await make_post(runtime, ann, f"{number} @bo")
    posts = [row.payload["post_id"] for row in await rows(runtime)]

    async def fails(on: Any, event: Any) -> None:
        if event.post_id == posts[2]:
            raise ZeroDivisionError("no")

    replace_effects(monkeypatch, PostPublished, stored=(*EFFECTS[PostPublished].stored, fails))
    await relay(runtime)
    (row,) = await rows(runtime)
    assert (row.payload["post_id"], row.last_error) == (posts[2], "ZeroDivisionError: no")
    async with runtime.read() as reader:
        told = await reader.scalars(select(Notification).order_by(Notification.id))
    assert [(item.account_id, item.post_id) for item in told] == [(bo.id, id_) for id_ in posts if id_ != posts[2]]


async def test_a_transaction_of_several_events_ends_where_somebody_publishes(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever publishes waits for one event at most; what is left of the transaction goes into the next, once."""
    worker = open_runtime(runtime.settings, clock=runtime.clock, gives_way=True)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)
    left: list[int] = []
    pushed: list[int] = []

    async def push(_: Runtime, event: ProfileUpdated) -> None:
        pushed.append(event.account_id)

    async def publish_meanwhile(on: Occasion, event: ProfileUpdated) -> None:
        left.append(len(await rows(runtime)))  # as others see it
        runtime.publishing.notice.put_up(time.monotonic() + 0.5 if len(left) == 1 else 0.0)

    replace_effects(monkeypatch, ProfileUpdated, pushed=(push,), stored=(publish_meanwhile,))
    async with runtime.write() as uow:
        await uow.record(*(ProfileUpdated(ann.id) for _ in range(4)))
    await relaying.apply(worker, await relaying._claim(worker))
    await worker.close()
    assert left == [4, 3, 3, 3]
    assert len(pushed) == 4
    assert await rows(runtime) == []


async def test_nobody_waits_while_it_is_found_out_who_gets_an_activity(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred thousand followers it takes a second to find where they are: nothing is held meanwhile."""
    for number in range(3):
        await remote(runtime, f"p{number}", f"h{number}.example", follows=ann)
    post = await make_post(runtime, ann, "Hello")
    await relay(runtime)
    asked: list[Recipients] = []

    async def find(reader: Reader, to: Recipients, **how: Any) -> list[str]:
        asked.append(to)
        async with runtime.write() as uow, asyncio.timeout(5):  # as anybody who posts
            await uow.write(update(Account).where(Account.id == ann.id).values(note="busy"))
        return await list_inboxes(reader, to, **how)

    monkeypatch.setattr(recipients, "FEW", 2)
    monkeypatch.setattr(address, "list_inboxes", find)
    second = await make_post(runtime, ann, "Hello again")
    async with runtime.write() as uow:
        await uow.record(PostEdited(post.id), ProfileUpdated(ann.id), PostDeleted(second.id))
    await relay(runtime)
    async with runtime.read() as reader:
        told = select(OutgoingActivity.kind, func.count()).join(Delivery, Delivery.activity_id == OutgoingActivity.id)
        told = told.where(OutgoingActivity.kind != "Accept").group_by(OutgoingActivity.id, OutgoingActivity.kind)
        sent = sorted(map(tuple, await reader.execute(told)))
    assert len(asked) == 4
    assert sent == [("Create", 3), ("Create", 3), ("Delete", 3), ("Update", 3), ("Update", 3)]
    assert await rows(runtime) == []


async def test_a_part_that_is_away_costs_no_attempt(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(runtime: Any, event: Any) -> None:
        raise Unavailable("Redis is away")

    replace_effects(monkeypatch, PostPublished, pushed=(away,), missed=None)
    await make_post(runtime, ann, "Hello")
    for _ in range(MAX_ATTEMPTS + 3):
        await relay(runtime)
        later(runtime, seconds=5)
    (row,) = await rows(runtime)
    assert (row.attempts, row.parked_at) == (0, None)
    monkeypatch.undo()
    await relay(runtime)
    assert await rows(runtime) == []


async def test_an_unknown_event_is_kept_for_the_version_that_knows_it(runtime: Runtime, ann: Account) -> None:
    async with runtime.write() as uow:
        await uow.record(ProfileUpdated(ann.id))
        (row,) = await uow.scalars(select(EventRow))
        row.name = "FromTheFuture"
    await relay(runtime)
    (row,) = await rows(runtime)
    assert "FromTheFuture" in (row.last_error or "")


async def test_two_relays_apply_an_event_once(runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that ran out under a slow worker: whoever comes second finds the row gone and does nothing."""
    calls: list[int] = []

    async def counts(on: Any, event: Any) -> None:
        calls.append(on.event_id)

    monkeypatch.setitem(EFFECTS, PostPublished, Effects(stored=(counts,)))
    await make_post(runtime, ann, "Hello")
    (row,) = await relaying._claim(runtime)
    await relaying.apply(runtime, [row])
    await relaying.apply(runtime, [row])
    assert calls == [row.id]


async def test_likes_that_another_worker_took_in_part_are_sent_once(runtime: Runtime, ann: Account) -> None:
    """Its deliveries have gone out and are forgotten: they are not made anew beside those of the others."""
    bo = await remote(runtime, "bo", "bo.example")
    post = await make_post(runtime, bo, "Hello")
    fans = [await make_account(runtime, name) for name in ("cy", "di", "ed")]
    await relay(runtime)
    told = await activities(runtime)
    async with runtime.write() as uow:
        for fan in fans:
            await like(uow, runtime.settings, fan, post, now=runtime.now())
    claimed = await relaying._claim(runtime)
    assert [row.name for row in claimed] == ["PostLiked"] * 3
    await relaying.apply(runtime, claimed[1:2])
    async with runtime.write() as uow:
        await uow.write(delete(Delivery))
    await relaying.apply(runtime, claimed)
    assert await activities(runtime) == [*told, ("Like", 1), ("Like", 0), ("Like", 1)]
    assert await rows(runtime) == []


async def test_what_is_sent_is_read_after_what_decides_to_whom(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server is heard of again, another is blocked, and a post is written at once."""
    monkeypatch.setattr(pace, "UNKNOWN_SECONDS", 0.0001)  # they might share a transaction
    await remote(runtime, "bo", "back.example", follows=ann)
    await remote(runtime, "cy", "blocked.example", follows=ann)
    await relay(runtime)
    told, health, now = await activities(runtime), Health(), runtime.now()
    for day in range(7):
        health = after_failure(health, now=now - timedelta(days=6 - day), error="timeout")
    async with runtime.write() as uow:
        await save_health(uow, {"back.example": health}, now=now)
        await uow.record(PeerHeard("back.example", "cavage"))
    await make_post(runtime, ann, "To both")
    await relay(runtime)
    assert await activities(runtime) == [*told, ("Create", 2)]
    async with runtime.write() as uow:
        await block_domain(uow, runtime.settings, ann, "blocked.example", now=runtime.now())
    await make_post(runtime, ann, "To one")
    await relay(runtime)
    assert await activities(runtime) == [*told, ("Create", 2), ("Create", 1), ("Reject", 1)]


async def test_likes_follows_and_their_end_are_told_and_taken_back(runtime: Runtime, ann: Account) -> None:
    bo = await make_account(runtime, "bo")
    post = await make_post(runtime, ann, "Hello")
    async with runtime.write() as uow:
        await like(uow, runtime.settings, bo, post, now=runtime.now())
        await follow(uow, runtime.settings, bo, ann, now=runtime.now())
    await relay(runtime)
    assert await kinds(runtime) == ["favourite", "follow"]
    async with runtime.write() as uow:
        await unlike(uow, bo.id, post)
    await relay(runtime)
    assert await kinds(runtime) == ["follow"]


async def test_a_departed_account_is_cleared_away_in_pieces(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOD-1: posts, follows, likes and notifications go, each transaction a short one."""
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", 0)
    for module in (pieces, following, departures):
        monkeypatch.setattr(module, "PIECE", 2)
    bo = await make_account(runtime, "bo")
    post = await make_post(runtime, bo, "Hello")
    fans = [await make_account(runtime, f"fan{number}") for number in range(5)]
    for number in range(8):
        await make_post(runtime, ann, f"@bo {number}")
    async with runtime.write() as uow:
        await like(uow, runtime.settings, ann, post, now=runtime.now())
        await follow(uow, runtime.settings, ann, bo, now=runtime.now())
        for fan in fans:
            await follow(uow, runtime.settings, fan, ann, now=runtime.now())
            await mute(uow, fan, ann, now=runtime.now())
    await relay(runtime)
    async with runtime.write() as uow:
        await delete_account(uow, ann.id, now=runtime.now())
    await relay(runtime)
    assert await rows(runtime) == []
    assert await kinds(runtime) == []
    async with runtime.read() as reader:
        assert await reader.scalars(select(Post.id).where(Post.account_id == ann.id, Post.deleted_at.is_(None))) == []
        assert await reader.scalars(select(Like)) == []
        assert await reader.scalars(select(Follow)) == await reader.scalars(select(Mute)) == []
        stored = {row.id: row for row in await reader.scalars(select(Account))}
    assert stored[bo.id].followers_count == 0
    assert {stored[fan.id].following_count for fan in fans} == {0}


async def test_a_suspended_follower_of_many_is_refused_piece_by_piece(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOD-1: somebody elsewhere follows no one here any more, and each of ours is told once."""
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", 0)
    stranger = await remote(runtime, "stranger", "b.example")
    people = [ann, *[await make_account(runtime, f"p{number}") for number in range(3)]]
    async with runtime.write() as uow:
        for person in people:
            await follow(uow, runtime.settings, stranger, person, now=runtime.now())
    await relay(runtime)
    async with runtime.write() as uow:
        await suspend_account(uow, stranger.id, now=runtime.now())
    await relay(runtime)
    assert await rows(runtime) == []
    async with runtime.read() as reader:
        assert await reader.scalars(select(Follow)) == []
        told = await reader.scalars(select(Notification.account_id).where(Notification.kind == "severed_relationships"))
        assert set(await reader.scalars(select(Account.followers_count))) == {0}
    assert sorted(told) == sorted(person.id for person in people)


async def test_what_others_did_with_a_deleted_post_is_cleared_away_in_pieces(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that went round was liked, boosted and kept by thousands: nobody waits for all of it."""
    for module in (pieces, posting, departures):
        monkeypatch.setattr(module, "PIECE", 2)
    post = await make_post(runtime, ann, "Hello")
    fans = [await make_account(runtime, f"fan{number}") for number in range(5)]
    async with runtime.write() as uow:
        for fan in fans:
            await like(uow, runtime.settings, fan, post, now=runtime.now())
            await boost(uow, runtime.settings, fan, post, now=runtime.now())
            await bookmark(uow, fan.id, post, now=runtime.now())
            await react(uow, runtime.settings, fan, post, name="🔥", now=runtime.now())
    await relay(runtime)
    taken: list[int] = []

    async def clear(on: Occasion, event: Any) -> None:
        await departures.clear_post(on, event)
        taken.append(len(await on.uow.scalars(select(Like))))

    for event in (PostDeleted, PostLeft):
        effects = [clear if effect is departures.clear_post else effect for effect in EFFECTS[event].stored]
        replace_effects(monkeypatch, event, stored=tuple(effects))
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    await relay(runtime)
    assert [taken.count(number) for number in (5, 3, 1)] == [11, 1, 1]  # 15 notifications, boosts and bookmarks before
    assert await rows(runtime) == []
    async with runtime.read() as reader:
        for table in (Like, Bookmark, Reaction):
            assert await reader.scalars(select(table)) == []
        assert await reader.scalars(select(Post).where(Post.deleted_at.is_(None))) == []
        assert set(await reader.scalars(select(Account.posts_count))) == {0}


@pytest.mark.parametrize(("rows_at_most", "seconds", "people"), [(2, 60, 2), (20, 0, 1)])
async def test_thousands_who_are_to_be_told_of_a_post_are_told_in_pieces(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch, rows_at_most: int, seconds: int, people: int
) -> None:
    """Each once: who asked for her posts, and of an edit who boosted or quoted one."""
    monkeypatch.setattr(noticing, "PIECE", rows_at_most)
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", seconds)
    fans = [await make_account(runtime, f"fan{number}") for number in range(5)]
    async with runtime.write() as uow:
        for fan in fans:
            await follow(uow, runtime.settings, fan, ann, notify=True, now=runtime.now())
    post = await make_post(runtime, ann, "Hello")
    async with runtime.write() as uow:
        for fan in fans:
            await boost(uow, runtime.settings, fan, post, now=runtime.now())
    quotes = [await make_post(runtime, fan, "See", quoted_id=post.id) for fan in fans]
    assert {quote.quote_state for quote in quotes} == {"accepted"}
    async with runtime.write() as uow:
        await uow.record(PostEdited(post.id))
    at_once: Counter[tuple[int, str]] = Counter()

    async def tell(on: Occasion, account_id: int, kind: Any, *about: int) -> None:
        at_once[on.event_id, kind] += 1
        await telling(on, account_id, kind, *about)

    telling = noticing.tell
    monkeypatch.setattr(noticing, "tell", tell)
    await relay(runtime)
    assert await rows(runtime) == []
    async with runtime.read() as reader:
        told = await reader.scalars(select(Notification).where(Notification.from_account_id == ann.id))
    for kind, about in (("status", {post.id}), ("update", {post.id}), ("quoted_update", {one.id for one in quotes})):
        assert {one.account_id for one in told if one.kind == kind} == {fan.id for fan in fans}
        assert {one.post_id for one in told if one.kind == kind} == about
    assert len(told) == 15
    assert max(at_once[event_id, kind] for event_id, kind in at_once if kind != "quote") == people


async def test_likes_that_stand_in_line_are_taken_at_once_and_overtake_nothing(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog of likes of a post that goes round is worked off in few transactions, each event in its turn."""
    taken: list[Any] = []

    async def note(on: Any, about: Any) -> None:
        taken.append([event.account_id for event in about] if isinstance(about, list) else type(about))

    fans = [await make_account(runtime, f"fan{number}") for number in range(TOGETHER + 3)]
    bo = await make_account(runtime, "bo")
    post = await make_post(runtime, ann, "Goes round")
    await relay(runtime)
    for event in (PostLiked, PostPublished):
        replace_effects(monkeypatch, event, stored=(*EFFECTS[event].stored, note))
    for fan in fans:
        async with runtime.write() as uow:
            await like(uow, runtime.settings, fan, post, now=runtime.now())
    await make_post(runtime, bo, "Hello @ann")
    async with runtime.write() as uow:
        await like(uow, runtime.settings, bo, post, now=runtime.now())
    await relay(runtime)
    assert taken == [[fan.id for fan in fans], PostPublished, [bo.id]]
    async with runtime.read() as reader:
        told = list(await reader.scalars(select(Notification).order_by(Notification.id)))
    expected = [*(("favourite", fan.id) for fan in fans), ("mention", bo.id), ("favourite", bo.id)]
    assert [(notice.kind, notice.from_account_id) for notice in told] == expected


async def test_a_like_that_fails_takes_no_other_along(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, fans = await make_post(runtime, ann, "Goes round"), [await make_account(runtime, f"fan{n}") for n in range(4)]
    await relay(runtime)

    async def fails(on: Any, events: list[PostLiked]) -> None:
        if any(event.account_id == fans[1].id for event in events):
            raise ValueError("no")

    replace_effects(monkeypatch, PostLiked, stored=(*EFFECTS[PostLiked].stored, fails))
    async with runtime.write() as uow:
        for fan in fans:
            await like(uow, runtime.settings, fan, post, now=runtime.now())
    await relay(runtime)
    async with runtime.read() as reader:
        told = set(await reader.scalars(select(Notification.from_account_id)))
    assert told == {fan.id for fan in fans} - {fans[1].id}
    assert [row.payload["account_id"] for row in await rows(runtime)] == [fans[1].id]


async def test_while_redis_is_away_only_homes_wait(runtime: Runtime) -> None:
    """Nothing is lost, nobody else waits, and what piles up is tried ever less often until Redis is back."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, bo, ann, now=runtime.now())
    await relay(runtime)
    key = home_lists.home_key(bo.id)
    await lay_list(runtime.gate.redis, bo.id, [])
    runtime.gate._shut_until = float("inf")
    post = await make_post(runtime, ann, "Hello @bo")
    await relay(runtime)
    assert await kinds(runtime) == ["follow", "mention"], "bo is told without Redis"
    assert [row.name for row in await rows(runtime)] == ["HomesMissed"]
    later(runtime, hours=1)
    await relay(runtime)
    (row,) = await rows(runtime)
    assert (row.attempts, row.parked_at) == (0, None)
    assert row.due_at > runtime.now() + relaying.LONGEST_AWAY_WAIT / 2

    runtime.gate._shut_until = 0.0
    await relay(runtime)
    assert len(await rows(runtime)) == 1, "it is not due yet"
    assert await relaying.release_missed(runtime) == 1
    await relay(runtime)
    assert await rows(runtime) == []
    assert (await runtime.gate.redis.lrange(key, 0, 0)) == [str(post.id).encode()]


async def test_follows_and_blocks_do_not_wait_for_redis_either(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    runtime.gate._shut_until = float("inf")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, bo, ann, now=runtime.now())
    await relay(runtime)
    assert await kinds(runtime) == ["follow"]
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, bo, now=runtime.now())
    for _ in range(2):
        await relay(runtime)
    assert {row.name for row in await rows(runtime)} == {"HomeChanged"}
    runtime.gate._shut_until = 0.0
    later(runtime, seconds=30)
    await relay(runtime)
    assert await rows(runtime) == []


async def activities(runtime: Runtime) -> list[tuple[str, int]]:
    """Return what was sent, in order, and to how many inboxes."""
    async with runtime.read() as reader:
        told = select(OutgoingActivity.kind, func.count(Delivery.id)).outerjoin(
            Delivery, Delivery.activity_id == OutgoingActivity.id
        )
        by_id = told.group_by(OutgoingActivity.id, OutgoingActivity.kind).order_by(OutgoingActivity.id)
        return [(kind, number) for kind, number in await reader.execute(by_id)]


async def kinds(runtime: Runtime) -> list[str]:
    async with runtime.read() as reader:
        return sorted(await reader.scalars(select(Notification.kind)))


def test_a_lease_outlasts_what_a_relay_works_without_looking_up() -> None:
    assert timedelta(seconds=relaying.WORKING_SECONDS) < relaying.LEASE
