"""Home timelines: complete with Redis, without it, when it comes back empty, and beyond the window."""

import asyncio
from typing import Any

import pytest

from node.accounts.models import Account
from node.base.paging import Page
from node.base.runtime import Runtime
from node.blocks.service import block, mute
from node.follows.queries import find_follow
from node.follows.service import follow, unfollow
from node.posts.boosts import boost
from node.posts.service import withdraw
from node.timelines import home_lists
from node.timelines.fanout import forget_home, push_post
from node.timelines.home import home_page
from node.timelines.rules import tier
from node.timelines.tiers import tier_for_push
from tests.support.homes import listed_ids
from tests.support.make import make_account, make_post
from tests.support.nodes import Clock, open_node
from tests.support.redis_server import RedisServer


async def follow_now(runtime: Runtime, follower: Account, followee: Account, **options: Any) -> None:
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, follower, followee, now=runtime.now(), **options)


async def is_following(runtime: Runtime, fan: Account, star: Account) -> bool:
    async with runtime.read() as reader:
        return await find_follow(reader, fan.id, star.id) is not None


async def pushed_post(runtime: Runtime, author: Account, text: str = "Hello", **draft: Any) -> int:
    post = await make_post(runtime, author, text, **draft)
    await push_post(runtime, post.id)
    return post.id


async def home_ids(runtime: Runtime, account: Account, **page: Any) -> list[int]:
    return [int(status["id"]) for status in (await home_page(runtime, account.id, Page(**page))).posts]


async def test_a_pushed_post_stands_in_home_once(runtime: Runtime, ann: Account, bo: Account) -> None:
    await follow_now(runtime, ann, bo)
    await home_ids(runtime, ann)
    first = await pushed_post(runtime, bo)
    second = await pushed_post(runtime, bo)
    await push_post(runtime, second)
    assert await home_ids(runtime, ann) == [second, first]
    assert await home_ids(runtime, bo) == [second, first]


async def test_a_list_is_rebuilt_when_redis_lost_it(runtime: Runtime, ann: Account, bo: Account) -> None:
    await follow_now(runtime, ann, bo)
    made = [await pushed_post(runtime, bo, f"Post {n}") for n in range(5)]
    await runtime.gate.redis.flushdb()
    assert await home_ids(runtime, ann) == made[::-1]
    assert await listed_ids(runtime, ann.id) == made[::-1]


async def test_home_answers_without_redis(redis_server: RedisServer) -> None:
    async with open_node(redis_server, redis_url="unix:///nowhere/at/all.sock") as runtime:
        ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
        await follow_now(runtime, ann, bo)
        made = [(await make_post(runtime, bo, f"Post {n}")).id for n in range(30)]
        assert await home_ids(runtime, ann, limit=20) == made[::-1][:20]
        assert await home_ids(runtime, ann, limit=20, max_id=made[10]) == made[:10][::-1]


async def test_scrolling_goes_on_from_sql_beyond_the_window(redis_server: RedisServer) -> None:
    """Home never ends before the data does; every post once, in order, by max_id and back by min_id."""
    async with open_node(redis_server, home_length=40) as runtime:
        ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
        await follow_now(runtime, ann, bo)
        await home_ids(runtime, ann)
        made = [await pushed_post(runtime, bo, f"Post {n}") for n in range(100)]
        assert 40 <= len(await listed_ids(runtime, ann.id) or []) <= 40 + home_lists.SLACK
        seen: list[int] = []
        page = await home_ids(runtime, ann, limit=15)
        while page:
            seen += page
            page = await home_ids(runtime, ann, limit=15, max_id=seen[-1])
        assert seen == made[::-1]
        upward: list[int] = []
        page = await home_ids(runtime, ann, limit=15, min_id=made[0] - 1)
        while page:
            upward = page + upward
            page = await home_ids(runtime, ann, limit=15, min_id=upward[0])
        assert upward == made[::-1]


async def test_a_post_pushed_while_the_list_is_built_is_not_lost(runtime: Runtime, ann: Account, bo: Account) -> None:
    await follow_now(runtime, ann, bo)
    redis, key = runtime.gate.redis, home_lists.home_key(ann.id)
    old = (await make_post(runtime, bo)).id
    marker = await home_lists.begin(redis, key)
    assert marker
    assert await home_lists.begin(redis, key) is None, "two builders at once"
    new = await pushed_post(runtime, bo)
    assert await listed_ids(runtime, ann.id) is None, "a list being built is not read"
    assert await home_ids(runtime, ann) == [new, old], "meanwhile SQL answers"
    assert not await home_lists.finish(redis, key, "*another", [], floor=0, now=runtime.now(), seconds=60)
    assert await home_lists.finish(redis, key, marker, [(old, 0)], floor=0, now=runtime.now(), seconds=60)
    assert await listed_ids(runtime, ann.id) == [new, old]
    assert await home_ids(runtime, ann) == [new, old]


async def test_readers_that_rebuild_together_see_the_same(runtime: Runtime, ann: Account, bo: Account) -> None:
    await follow_now(runtime, ann, bo)
    made = [(await make_post(runtime, bo, f"Post {n}")).id for n in range(10)]
    pages = await asyncio.gather(*(home_ids(runtime, ann) for _ in range(8)))
    assert all(page == made[::-1] for page in pages)


async def test_an_empty_home_is_a_list_too(runtime: Runtime, ann: Account, bo: Account) -> None:
    assert await home_ids(runtime, ann) == []
    assert await listed_ids(runtime, ann.id) == []
    mine = await pushed_post(runtime, ann)
    assert await home_ids(runtime, ann) == [mine]


async def test_what_no_longer_belongs_is_gone_at_once(runtime: Runtime, ann: Account, bo: Account) -> None:
    """Row 106: unfollow, mute, block and deletion count with the next read, whatever the list holds."""
    cy, di = await make_account(runtime, "cy"), await make_account(runtime, "di")
    for other in (bo, cy, di):
        await follow_now(runtime, ann, other)
    await home_ids(runtime, ann)
    by_bo, by_cy, by_di = [await pushed_post(runtime, author) for author in (bo, cy, di)]
    assert await home_ids(runtime, ann) == [by_di, by_cy, by_bo]
    async with runtime.write() as uow:
        await unfollow(uow, ann.id, bo.id)
        await mute(uow, ann, cy, now=runtime.now())
    assert await home_ids(runtime, ann) == [by_di]
    async with runtime.write() as uow:
        await block(uow, runtime.settings, di, ann, now=runtime.now())
    assert await home_ids(runtime, ann) == []


async def test_a_deleted_post_leaves_every_home(runtime: Runtime, ann: Account, bo: Account) -> None:
    await follow_now(runtime, ann, bo)
    await home_ids(runtime, ann)
    post = await make_post(runtime, bo)
    await push_post(runtime, post.id)
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    assert await home_ids(runtime, ann) == []


async def test_a_page_is_full_while_rows_remain(runtime: Runtime, ann: Account, bo: Account) -> None:
    """client-api 35: filtered entries never shorten a page."""
    cy = await make_account(runtime, "cy")
    await follow_now(runtime, ann, bo)
    await follow_now(runtime, ann, cy)
    await home_ids(runtime, ann)
    wanted = [await pushed_post(runtime, bo, f"Wanted {n}") for n in range(20)]
    for n in range(60):
        await pushed_post(runtime, cy, f"Muted {n}")
    async with runtime.write() as uow:
        await mute(uow, ann, cy, now=runtime.now())
    assert await home_ids(runtime, ann, limit=20) == wanted[::-1]


async def test_replies_to_strangers_stay_out(runtime: Runtime, ann: Account, bo: Account) -> None:
    cy = await make_account(runtime, "cy")
    await follow_now(runtime, ann, bo)
    await home_ids(runtime, ann)
    root = await pushed_post(runtime, cy)
    reply = await pushed_post(runtime, bo, "To cy", in_reply_to_id=root)
    own_thread = await pushed_post(runtime, bo, "First")
    to_self = await pushed_post(runtime, bo, "Second", in_reply_to_id=own_thread)
    mine = await pushed_post(runtime, ann, "Mine")
    to_me = await pushed_post(runtime, bo, "To ann", in_reply_to_id=mine)
    assert await home_ids(runtime, ann) == [to_me, mine, to_self, own_thread]
    await runtime.gate.redis.flushdb()
    assert await home_ids(runtime, ann) == [to_me, mine, to_self, own_thread], "SQL says the same"
    await follow_now(runtime, ann, cy)
    await forget_home(runtime, ann.id)
    assert reply in await home_ids(runtime, ann)


async def test_boosts_may_be_switched_off_and_repeat_nothing(runtime: Runtime, ann: Account, bo: Account) -> None:
    cy, di = await make_account(runtime, "cy"), await make_account(runtime, "di")
    await follow_now(runtime, ann, bo)
    await follow_now(runtime, ann, cy, show_boosts=False)
    await home_ids(runtime, ann)
    post = await make_post(runtime, di)
    async with runtime.write() as uow:
        by_bo = await boost(uow, runtime.settings, bo, post, visibility="public", now=runtime.now())
        by_cy = await boost(uow, runtime.settings, cy, post, visibility="public", now=runtime.now())
    for boosted in (by_bo, by_cy):
        await push_post(runtime, boosted.id)
    assert await home_ids(runtime, ann) == [by_bo.id]
    await follow_now(runtime, ann, di)
    await forget_home(runtime, ann.id)
    assert await home_ids(runtime, ann) == [post.id], "the post itself, and no boost of it above"


async def test_an_author_changes_tier_while_people_read(redis_server: RedisServer) -> None:
    """Up through all tiers and down again: no gap and no double, and nobody is pushed to while the author is pulled."""
    clock = Clock()
    async with open_node(redis_server, push_limit=1, active_limit=2, clock=clock) as runtime:
        star = await make_account(runtime, "star")
        fans = [await make_account(runtime, f"fan{n}") for n in range(4)]
        made: list[int] = []
        tiers: list[str] = []
        for fan in [*fans, *fans[:0:-1]]:
            if await is_following(runtime, fan, star):
                async with runtime.write() as uow:
                    await unfollow(uow, fan.id, star.id)
            else:
                await follow_now(runtime, fan, star)
            await forget_home(runtime, fan.id)
            for minutes in (0, 6):
                clock.advance(minutes=minutes)
                for cache in ("author_tiers", "merged_authors"):
                    runtime.caches.get(cache, size=1, seconds=1).clear()
                made.insert(0, await pushed_post(runtime, star, f"After {minutes} minutes"))
                tiers.append((await tier_for_push(runtime, star.id)).pushed_as)
                for reader in fans:
                    if await is_following(runtime, reader, star):
                        assert await home_ids(runtime, reader, limit=20) == made, tiers
            if tiers[-1] == "pull":
                assert made[0] not in (await listed_ids(runtime, fans[0].id) or [])
        assert tiers[1::2] == ["push", "push-active", "pull", "pull", "pull", "pull", "push-active"]


@pytest.mark.parametrize(
    ("followers", "expected"),
    [(0, "push"), (10_000, "push"), (10_001, "push-active"), (100_000, "push-active"), (100_001, "pull")],
)
async def test_the_tier_is_decided_by_local_followers(runtime: Runtime, followers: int, expected: str) -> None:
    assert tier(followers, runtime.settings) == expected
