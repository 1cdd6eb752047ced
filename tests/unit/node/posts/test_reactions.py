"""Likes, boosts and bookmarks: once each, counted right under concurrency, never further than allowed."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from node.accounts.models import Account
from node.base.db.event_log import EventRow
from node.base.errors import Forbidden, Invalid, NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.counts.jobs import add_up_notes
from node.posts.bookmarks import bookmark, unbookmark
from node.posts.boosts import boost, unboost
from node.posts.like_queries import find_like, find_like_by_uri
from node.posts.likes import unlike
from node.posts.models import Like, Post
from node.posts.queries import (
    find_boost,
    find_post,
    list_bookmark_ids,
    list_boosted_by,
    list_liked_by,
    list_liked_ids,
)
from node.posts.service import withdraw
from tests.support.make import like, make_account, make_post


async def fresh(runtime: Runtime, post: Post) -> Post:
    async with runtime.read() as reader:
        found = await find_post(reader, post.id)
    assert found is not None
    return found


async def do_like(runtime: Runtime, account: Account, post: Post) -> Like:
    async with runtime.write() as uow:
        await like(uow, runtime.settings, account, post, now=runtime.now())
        found = await find_like(uow, account.id, post.boost_of_id or post.id)
    assert found is not None
    return found


async def do_unlike(runtime: Runtime, account: Account, post: Post) -> bool:
    async with runtime.write() as uow:
        return await unlike(uow, account.id, post)


async def do_boost(runtime: Runtime, account: Account, post: Post, visibility: str | None = None) -> Post:
    async with runtime.write() as uow:
        return await boost(uow, runtime.settings, account, post, now=runtime.now(), visibility=visibility)


async def do_unboost(runtime: Runtime, account: Account, post: Post) -> bool:
    async with runtime.write() as uow:
        return await unboost(uow, account.id, post, now=runtime.now())


async def count_events(runtime: Runtime, name: str) -> int:
    async with runtime.read() as reader:
        count: int = await reader.scalar(select(func.count()).select_from(EventRow).where(EventRow.name == name))
    return count


async def test_row_115_twenty_likers_at_once_are_twenty(runtime: Runtime, ann: Account) -> None:
    post = await make_post(runtime, ann)
    people = [await make_account(runtime, f"p{number}") for number in range(20)]
    await asyncio.gather(*(do_like(runtime, person, post) for person in people))
    await asyncio.gather(*(do_boost(runtime, person, post) for person in people))
    await add_up_notes(runtime)
    stored = await fresh(runtime, post)
    assert (stored.likes_count, stored.boosts_count) == (20, 20)
    await asyncio.gather(*(do_unlike(runtime, person, post) for person in people[:15]))
    await asyncio.gather(*(do_unboost(runtime, person, post) for person in people[:15]))
    await add_up_notes(runtime)
    stored = await fresh(runtime, post)
    assert (stored.likes_count, stored.boosts_count) == (5, 5)


async def test_row_115_one_person_twenty_times_at_once_is_one(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await make_post(runtime, ann)
    likes = await asyncio.gather(*(do_like(runtime, bo, post) for _ in range(20)))
    boosts = await asyncio.gather(*(do_boost(runtime, bo, post) for _ in range(20)))
    assert len({one.id for one in likes}) == len({one.id for one in boosts}) == 1
    stored = await fresh(runtime, post)
    assert (stored.likes_count, stored.boosts_count) == (1, 1)
    assert await count_events(runtime, "PostLiked") == 1
    assert sum(await asyncio.gather(*(do_unlike(runtime, bo, post) for _ in range(20)))) == 1
    assert sum(await asyncio.gather(*(do_unboost(runtime, bo, post) for _ in range(20)))) == 1
    stored = await fresh(runtime, post)
    assert (stored.likes_count, stored.boosts_count) == (0, 0)
    assert await count_events(runtime, "PostUnliked") == 1


Step = Callable[[Runtime, Account, Post], Awaitable[object]]


async def test_row_115_any_order_leaves_counters_that_match_the_rows(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    steps: list[Step] = [do_like, do_unlike, do_boost, do_unboost]
    for order in itertools.permutations(range(4)):
        post = await make_post(runtime, ann)
        for index in order:
            await steps[index](runtime, bo, post)
        stored = await fresh(runtime, post)
        async with runtime.read() as reader:
            likes = await reader.scalar(select(func.count()).select_from(Like).where(Like.post_id == post.id))
            boosts = 0 if await find_boost(reader, bo.id, post.id) is None else 1
        assert (stored.likes_count, stored.boosts_count) == (likes, boosts), order
        assert (likes == 1) == (order.index(0) > order.index(1)), order


async def test_a_boost_may_be_made_again_after_it_was_taken_back(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await make_post(runtime, ann)
    first = await do_boost(runtime, bo, post)
    await do_unboost(runtime, bo, first)
    second = await do_boost(runtime, bo, first)
    assert (second.boost_of_id, (await fresh(runtime, post)).boosts_count) == (post.id, 1)
    assert second.uri.endswith(f"/statuses/{second.id}/activity")


async def test_what_is_done_to_a_boost_is_done_to_the_original(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await make_post(runtime, ann)
    shared = await do_boost(runtime, bo, post)
    assert (await do_like(runtime, ann, shared)).post_id == post.id
    assert (await do_boost(runtime, ann, shared)).boost_of_id == post.id
    async with runtime.write() as uow:
        assert await bookmark(uow, ann.id, shared, now=runtime.now())
        assert not await bookmark(uow, ann.id, post, now=runtime.now())
        assert await unbookmark(uow, ann.id, shared)
    assert await do_unlike(runtime, ann, shared)


@pytest.mark.parametrize("visibility", ["followers", "direct"])
async def test_rows_42_107_what_cannot_be_seen_cannot_be_touched(
    runtime: Runtime, ann: Account, bo: Account, visibility: str
) -> None:
    post = await make_post(runtime, ann, visibility=visibility)
    with pytest.raises(NotFound):
        await do_like(runtime, bo, post)
    with pytest.raises(NotFound):
        await do_boost(runtime, bo, post)
    with pytest.raises(NotFound):
        async with runtime.write() as uow:
            await bookmark(uow, bo.id, post, now=runtime.now())
    assert (await fresh(runtime, post)).likes_count == 0


async def test_aud_4_boosts_never_reach_further(runtime: Runtime, ann: Account, bo: Account) -> None:
    public = await make_post(runtime, ann)
    unlisted = await make_post(runtime, ann, visibility="unlisted")
    own = await make_post(runtime, ann, visibility="followers")
    note = await make_post(runtime, ann, "@bo hi", visibility="direct")
    assert (await do_boost(runtime, bo, public)).visibility == "public"
    assert (await do_boost(runtime, ann, public, "followers")).visibility == "followers"
    assert (await do_boost(runtime, bo, unlisted, "public")).visibility == "unlisted"
    assert (await do_boost(runtime, ann, own, "public")).visibility == "followers"
    for account in (ann, bo):
        with pytest.raises(Forbidden):
            await do_boost(runtime, account, note)
    with pytest.raises(Invalid):
        await do_boost(runtime, bo, public, "direct")


async def test_lists_are_paged_by_the_row_that_ties(runtime: Runtime, ann: Account, bo: Account) -> None:
    posts = [await make_post(runtime, ann, f"post {number}") for number in range(3)]
    likes = [await do_like(runtime, bo, post) for post in reversed(posts)]
    await do_boost(runtime, bo, posts[0])
    async with runtime.write() as uow:
        for post in posts:
            await bookmark(uow, bo.id, post, now=runtime.now())
    async with runtime.read() as reader:
        liked = await list_liked_ids(reader, bo.id, Page(limit=2))
        assert [(entry.id, entry.post_id) for entry in liked] == [
            (likes[2].id, posts[0].id),
            (likes[1].id, posts[1].id),
        ]
        older = await list_liked_ids(reader, bo.id, Page(limit=2, max_id=liked[-1].id))
        assert [entry.post_id for entry in older] == [posts[2].id]
        kept = await list_bookmark_ids(reader, bo.id, Page(limit=1))
        assert [entry.post_id for entry in kept] == [posts[2].id]
        assert await list_bookmark_ids(reader, ann.id, Page()) == []
        assert [entry.account_id for entry in await list_liked_by(reader, posts[0].id, Page())] == [bo.id]
        assert [entry.account_id for entry in await list_boosted_by(reader, posts[0].id, Page())] == [bo.id]
        found = await find_like_by_uri(reader, likes[0].uri)
        assert found is not None
        assert await find_like_by_uri(reader, "") is None
    async with runtime.write() as uow:
        await withdraw(uow, posts[2], now=runtime.now())
    async with runtime.read() as reader:
        assert [entry.post_id for entry in await list_bookmark_ids(reader, bo.id, Page())] == [posts[1].id, posts[0].id]
