"""Pulled accounts and homes: never fanned out, and a switch leaves neither a gap nor a double (architecture 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.accounts.service import set_reported_counts
from node.base.errors import Invalid
from node.base.ids import id_at
from node.base.paging import Page
from node.base.runtime import Runtime
from node.follows.models import Follow
from node.follows.service import follow
from node.posts.models import Post
from node.pulls.models import PulledAccount
from node.pulls.queries import find_pulled, find_state
from node.pulls.rules import SETTLING, Choice
from node.pulls.service import choose, review, settle
from node.timelines.fanout import forget_home, push_post
from node.timelines.home import home_page
from tests.support.homes import listed_ids
from tests.support.nodes import clock_of
from tests.unit.node.accounts.actors import fresh, stranger


async def make_star(runtime: Runtime, *, reported: int = 0) -> Account:
    star = await stranger(runtime, "star", outbox="https://good.test/users/star/outbox")
    async with runtime.write() as uow:
        await set_reported_counts(uow, star.id, followers=reported)
    return await fresh(runtime, star)


async def follow_star(runtime: Runtime, fan: Account, star: Account) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, fan, star, now=now)
        await uow.write(update(Follow).where(Follow.follower_id == fan.id).values(accepted_at=now))
    await forget_home(runtime, fan.id)


async def arrive(runtime: Runtime, star: Account, number: int) -> int:
    now = runtime.now()
    post_id = id_at(now)
    async with runtime.write() as uow:
        uow.add(
            Post(
                id=post_id,
                uri=f"https://good.test/posts/{number}",
                account_id=star.id,
                local=False,
                visibility="public",
                content=f"<p>{number}</p>",
                thread_id=post_id,
                published_at=now,
                created_at=now,
            )
        )
    await push_post(runtime, post_id)
    return post_id


async def reviewed(runtime: Runtime, account: Account) -> PulledAccount | None:
    async with runtime.write() as uow:
        return await review(uow, runtime, await fresh(runtime, account))


async def chosen(runtime: Runtime, account: Account, choice: Choice) -> PulledAccount:
    async with runtime.write() as uow:
        return await choose(uow, runtime, account, choice)


async def home_ids(runtime: Runtime, account: Account) -> list[int]:
    return [int(status["id"]) for status in (await home_page(runtime, account.id, Page())).posts]


async def hear_of_it(runtime: Runtime) -> None:
    """What every process does within a minute, and the passing of the time that a switch takes."""
    clock_of(runtime).advance(seconds=SETTLING.total_seconds() + 1)
    forget_tiers(runtime)


async def is_merged(runtime: Runtime, account: Account) -> bool:
    async with runtime.read() as reader:
        return (await find_state(reader, account.id, runtime.now())).is_merged


def forget_tiers(runtime: Runtime) -> None:
    for cache in ("author_tiers", "merged_authors"):
        runtime.caches.get(cache, size=1, seconds=1).clear()


async def test_a_small_remote_account_is_pushed(runtime: Runtime, ann: Account) -> None:
    star = await make_star(runtime, reported=99_999)
    assert await reviewed(runtime, star) is None
    await follow_star(runtime, ann, star)
    assert await home_ids(runtime, ann) == []
    post_id = await arrive(runtime, star, 1)
    assert post_id in (await listed_ids(runtime, ann.id) or [])


async def test_switching_on_and_off_leaves_neither_gap_nor_double(runtime: Runtime, ann: Account) -> None:
    star = await make_star(runtime, reported=100_000)
    await follow_star(runtime, ann, star)
    made = [await arrive(runtime, star, 1)]
    assert await home_ids(runtime, ann) == made
    row = await reviewed(runtime, star)
    assert row is not None
    assert (row.reason, row.is_on, row.is_merged) == ("reported", True, True)
    made.insert(0, await arrive(runtime, star, 2))
    assert await home_ids(runtime, ann) == made, "still pushed: not every process knows of it"
    await hear_of_it(runtime)
    made.insert(0, await arrive(runtime, star, 3))
    assert made[0] not in (await listed_ids(runtime, ann.id) or []), "never fanned out"
    assert await home_ids(runtime, ann) == made

    await chosen(runtime, star, "off")
    forget_tiers(runtime)
    made.insert(0, await arrive(runtime, star, 4))
    assert made[0] in (await listed_ids(runtime, ann.id) or []), "pushed again at once"
    assert await home_ids(runtime, ann) == made, "and still merged"
    async with runtime.write() as uow:
        await settle(uow, star.id, now=runtime.now())
    assert await is_merged(runtime, star), "too early to end it"
    await hear_of_it(runtime)
    await forget_home(runtime, ann.id)
    async with runtime.write() as uow:
        await settle(uow, star.id, now=runtime.now())
    assert not await is_merged(runtime, star)
    assert await home_ids(runtime, ann) == made


async def test_an_operators_choice_goes_before_the_counts(runtime: Runtime) -> None:
    star = await make_star(runtime, reported=5)
    assert (await chosen(runtime, star, "on")).reason == "chosen"
    row = await chosen(runtime, star, "auto")
    assert (row.reason, row.is_on) == ("", False)
    async with runtime.write() as uow:
        await set_reported_counts(uow, star.id, followers=200_000)
    row = await chosen(runtime, await fresh(runtime, star), "off")
    assert not row.is_on
    assert (await reviewed(runtime, star) or row).is_on is False
    async with runtime.read() as reader:
        state = await find_state(reader, star.id, runtime.now() + timedelta(days=1))
    assert not state.is_pulled


async def test_many_local_followers_are_a_reason_too(runtime: Runtime, ann: Account, bo: Account) -> None:
    runtime = replace(runtime, settings=replace(runtime.settings, active_limit=1, push_limit=1))
    star = await make_star(runtime)
    await follow_star(runtime, ann, star)
    assert await reviewed(runtime, star) is None
    await follow_star(runtime, bo, star)
    row = await reviewed(runtime, star)
    assert row is not None
    assert row.reason == "followed here"


async def test_our_own_people_are_never_pulled(runtime: Runtime, ann: Account) -> None:
    with pytest.raises(Invalid):
        await chosen(runtime, ann, "on")
    async with runtime.read() as reader:
        assert await find_pulled(reader, ann.id) is None
