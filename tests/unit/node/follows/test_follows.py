"""Follows: at once or by consent (row 41), repeats (ACV-1), counters under concurrency (row 115), lists and tiers."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.accounts.service import delete_account, suspend_account
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.service import block, mute
from node.counts.jobs import add_up_notes
from node.events import FollowAccepted, FollowRejected, FollowRequested, Unfollowed
from node.follows.models import Follow
from node.follows.queries import (
    count_follow_requests,
    find_follow,
    find_follow_by_uri,
    list_follow_requests,
    list_followers,
    list_following,
    list_relationships,
)
from node.follows.service import (
    accept_follow,
    follow,
    reject_follow,
    remove_follower,
    sever_some,
    unfollow,
)
from node.follows.views import relationship_view
from node.pulls.queries import count_local_followers
from tests.support.make import make_account
from tests.unit.node.accounts.actors import fresh, recorded, stranger


async def start(runtime: Runtime, follower: Account, followee: Account, **options: object) -> Follow:
    """Let one follow the other in a transaction of its own."""
    async with runtime.write() as uow:
        return await follow(uow, runtime.settings, follower, followee, now=runtime.now(), **options)  # type: ignore[arg-type]


async def counts(runtime: Runtime, *accounts: Account) -> list[tuple[int, int]]:
    """Return (following, followers) of each."""
    rows = [await fresh(runtime, account) for account in accounts]
    return [(row.following_count, row.followers_count) for row in rows]


async def test_following_an_unlocked_neighbour_holds_at_once(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    row = await start(runtime, ann, bo)
    assert row.accepted_at is not None
    assert row.uri == f"http://localhost:8000/follows/{row.id}"
    assert await counts(runtime, ann, bo) == [(1, 0), (0, 1)]
    assert await recorded(runtime) == [FollowAccepted(row.id, ann.id, bo.id)]


async def test_a_remote_or_locked_account_is_asked_and_nothing_holds_before_it_answers(runtime: Runtime) -> None:
    """Row 41: whatever a remote profile says of itself."""
    ann, locked = await make_account(runtime, "ann"), await make_account(runtime, "bo", locked=True)
    alice = await stranger(runtime, manuallyApprovesFollowers=False)
    for asked in (locked, alice):
        row = await start(runtime, ann, asked)
        assert row.accepted_at is None
        async with runtime.read() as reader:
            relationship = (await list_relationships(reader, ann.id, [asked.id]))[asked.id]
            assert (relationship.following, relationship.requested) == (False, True)
            assert await list_following(reader, ann.id, Page()) == []
    assert await counts(runtime, ann, locked, alice) == [(0, 0)] * 3
    assert [type(event) for event in await recorded(runtime)] == [FollowRequested] * 2


async def test_a_silenced_stranger_has_to_ask(runtime: Runtime) -> None:
    """MOD-2."""
    ann = await make_account(runtime, "ann")
    assert (await start(runtime, await stranger(runtime, "q"), ann, uri="u1")).accepted_at is not None
    quiet = await stranger(runtime, "z")
    quiet.silenced_at = runtime.now()
    assert (await start(runtime, quiet, ann, uri="u2")).accepted_at is None


async def test_accepting_happens_once(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo", locked=True)
    row = await start(runtime, ann, bo)

    async def accept() -> bool:
        async with runtime.write() as uow:
            return await accept_follow(uow, row)

    assert sorted(await asyncio.gather(*(accept() for _ in range(10)))) == [False] * 9 + [True]
    assert await counts(runtime, ann, bo) == [(1, 0), (0, 1)]
    assert (await recorded(runtime)).count(FollowAccepted(row.id, ann.id, bo.id)) == 1


async def test_refusing_a_request_and_removing_a_follower(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo", locked=True)
    cy = await make_account(runtime, "cy")
    asked, held = await start(runtime, ann, bo), await start(runtime, ann, cy)
    async with runtime.write() as uow:
        assert await reject_follow(uow, asked)
        assert not await reject_follow(uow, asked)
        assert await remove_follower(uow, cy.id, ann.id)
        assert not await remove_follower(uow, cy.id, ann.id)
    assert await counts(runtime, ann, bo, cy) == [(0, 0)] * 3
    assert (await recorded(runtime))[-2:] == [
        FollowRejected(asked.id, asked.uri, ann.id, bo.id),
        FollowRejected(held.id, held.uri, ann.id, cy.id),
    ]


async def test_withdrawing_a_follow_or_a_request(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    row = await start(runtime, ann, bo)
    async with runtime.write() as uow:
        assert await unfollow(uow, ann.id, bo.id)
        assert not await unfollow(uow, ann.id, bo.id)
    assert await counts(runtime, ann, bo) == [(0, 0), (0, 0)]
    assert (await recorded(runtime))[-1] == Unfollowed(row.id, row.uri, ann.id, bo.id)


async def test_repeating_changes_options_and_nothing_else(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    await start(runtime, ann, bo, notify=True)
    row = await start(runtime, ann, bo, show_boosts=False)
    assert (row.notify, row.show_boosts) == (True, False)
    assert await counts(runtime, ann, bo) == [(1, 0), (0, 1)]
    assert len(await recorded(runtime)) == 1


async def test_a_remote_repeat_brings_a_new_id_and_is_answered_again(runtime: Runtime) -> None:
    """ACV-1: their server has lost our Accept."""
    ann, alice = await make_account(runtime, "ann"), await stranger(runtime)
    row = await start(runtime, alice, ann, uri="https://good.test/f/1")
    await start(runtime, alice, ann, uri="https://good.test/f/2")
    await start(runtime, alice, ann, uri="")
    async with runtime.read() as reader:
        assert await find_follow_by_uri(reader, "https://good.test/f/1") is None
        again = await find_follow_by_uri(reader, "https://good.test/f/2")
        assert again is not None
        assert again.id == row.id
        assert await find_follow_by_uri(reader, "") is None
    assert await recorded(runtime) == [FollowAccepted(row.id, alice.id, ann.id)] * 3
    assert await counts(runtime, alice, ann) == [(1, 0), (0, 1)]


async def test_a_waiting_request_holds_when_asked_again_after_unlocking(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo", locked=True)
    assert (await start(runtime, ann, bo)).accepted_at is None
    bo.locked = False
    assert (await start(runtime, ann, bo)).accepted_at is not None


async def test_oneself_the_gone_and_those_behind_a_block_cannot_be_followed(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    gone = await make_account(runtime, "dee", suspended_at=runtime.now())
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, bo, now=runtime.now())
        await block(uow, runtime.settings, cy, ann, now=runtime.now())
    for target, error in ((ann, Invalid), (gone, NotFound), (bo, Forbidden), (cy, Forbidden)):
        with pytest.raises(error):
            await start(runtime, ann, target)
    async with runtime.read() as reader:
        assert await reader.scalars(select(Follow)) == []


async def test_twenty_follows_and_unfollows_at_once_leave_counters_and_rows_equal(runtime: Runtime) -> None:
    """Row 115."""
    bo = await make_account(runtime, "bo")
    people = [await make_account(runtime, f"p{number}") for number in range(5)]

    async def toggle(number: int) -> None:
        person = people[number % 5]
        if number % 3 == 2:
            async with runtime.write() as uow:
                await unfollow(uow, person.id, bo.id)
        else:
            await start(runtime, person, bo)

    await asyncio.gather(*(toggle(number) for number in range(20)))
    await add_up_notes(runtime)
    async with runtime.read() as reader:
        standing = {row.follower_id for row in await reader.scalars(select(Follow))}
    assert await counts(runtime, bo) == [(0, len(standing))]
    for person in people:
        assert await counts(runtime, person) == [(int(person.id in standing), 0)]


async def test_two_who_follow_each_other_at_once_do_not_wait_in_a_circle(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    await asyncio.gather(*(start(runtime, *pair) for pair in [(ann, bo), (bo, ann)] * 10))
    await add_up_notes(runtime)
    assert await counts(runtime, ann, bo) == [(1, 1), (1, 1)]


async def test_the_end_of_an_account_takes_it_off_everybodys_counters(runtime: Runtime) -> None:
    ann, bo, cy = [await make_account(runtime, name) for name in ("ann", "bo", "cy")]
    locked = await make_account(runtime, "dee", locked=True, followers_count=0)
    for follower, followee in ((ann, bo), (bo, ann), (cy, ann), (ann, locked), (cy, bo)):
        await start(runtime, follower, followee)
    async with runtime.write() as uow:
        await delete_account(uow, ann.id, now=runtime.now())
        while await sever_some(uow, ann.id):
            pass
    assert await counts(runtime, ann, bo, cy, locked) == [(0, 0), (0, 1), (1, 0), (0, 0)]


async def test_lists_are_paged_by_the_follow_newest_first_without_the_gone(runtime: Runtime) -> None:
    bo = await make_account(runtime, "bo")
    people = [await make_account(runtime, f"p{number}") for number in range(4)]
    rows = [await start(runtime, person, bo) for person in people]
    async with runtime.write() as uow:
        await suspend_account(uow, people[2].id, now=runtime.now())
    async with runtime.read() as reader:
        first = await list_followers(reader, bo.id, Page(limit=2))
        assert [entry.account_id for entry in first] == [people[3].id, people[1].id]
        rest = await list_followers(reader, bo.id, Page(limit=2, max_id=first[-1].id))
        assert [entry.id for entry in rest] == [rows[0].id]
        after = await list_followers(reader, bo.id, Page(limit=1, min_id=rows[0].id))
        assert [entry.account_id for entry in after] == [people[1].id]
        assert [entry.account_id for entry in await list_following(reader, people[0].id, Page())] == [bo.id]
        assert await list_following(reader, bo.id, Page()) == []


async def test_requests_are_listed_apart(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo", locked=True)
    await start(runtime, ann, bo)
    async with runtime.read() as reader:
        assert [entry.account_id for entry in await list_follow_requests(reader, bo.id, Page())] == [ann.id]
        assert await count_follow_requests(reader, bo.id) == 1
        assert await list_followers(reader, bo.id, Page()) == []
        assert await count_local_followers(reader, bo.id, at_most=10) == 0


async def test_only_our_own_people_count_as_local_followers(runtime: Runtime) -> None:
    """What decides the fan-out's tier."""
    bo, alice = await make_account(runtime, "bo"), await stranger(runtime)
    people = [await make_account(runtime, f"p{number}") for number in range(3)]
    for follower in (*people, alice):
        await start(runtime, follower, bo, uri="https://good.test/f")
    async with runtime.read() as reader:
        assert await count_local_followers(reader, bo.id, at_most=10) == 3
    assert await counts(runtime, bo) == [(0, 4)]


async def test_a_relationship_shows_both_sides(runtime: Runtime) -> None:
    ann, bo, cy, dee = [await make_account(runtime, name) for name in ("ann", "bo", "cy", "dee")]
    await start(runtime, ann, bo, notify=True, show_boosts=False)
    await start(runtime, bo, ann)
    async with runtime.write() as uow:
        await block(uow, runtime.settings, ann, cy, now=runtime.now())
        await mute(uow, ann, bo, notifications=False, now=runtime.now())
        await mute(uow, ann, dee, duration=timedelta(seconds=1), now=runtime.now() - timedelta(hours=1))
    async with runtime.read() as reader:
        found = await list_relationships(reader, ann.id, [cy.id, bo.id, dee.id, 999, bo.id])
        back = (await list_relationships(reader, cy.id, [ann.id]))[ann.id]
        assert await find_follow(reader, ann.id, bo.id) is not None
    assert list(found) == [cy.id, bo.id, dee.id, 999]
    shown = relationship_view(found[bo.id])
    assert {key for key, value in shown.items() if value is True} == {"following", "notifying", "followed_by", "muting"}
    assert (shown["note"], shown["languages"]) == ("", None)
    assert (found[cy.id].blocking, back.blocked_by) == (True, True)
    assert not found[dee.id].muting  # it has run out
