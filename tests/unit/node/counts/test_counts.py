"""Counters under a rush (row 115): nobody waits for a row that is taken, and in the end every one is exact."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import func, select, update

from node.accounts.models import Account
from node.base.errors import NotFound
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.counts.jobs import add_up_notes
from node.counts.models import CountNote
from node.counts.service import add_up, count
from node.follows.service import follow
from node.posts.likes import unlike
from node.posts.models import Post
from node.posts.recounting import recount_all, recount_busy
from node.posts.service import withdraw
from tests.support.make import like, make_account, make_post
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


@pytest.fixture
async def pg(redis_server: RedisServer, new_postgres_url: Callable[[], str]) -> AsyncIterator[Runtime]:
    """A node on PostgreSQL, where a row can be taken while others write."""
    async with open_node(redis_server, database_url=new_postgres_url()) as opened:
        yield opened


async def likes_of(runtime: Runtime, post: Post) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(Post.likes_count).where(Post.id == post.id)))


async def notes_in(runtime: Runtime) -> int:
    """How many likes wait to be added up."""
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count(CountNote.id)).where(CountNote.counter == "likes_count")))


async def do_like(runtime: Runtime, who: Account, post: Post, settings: Settings) -> None:
    async with runtime.write() as uow:
        await like(uow, settings, who, post, now=runtime.now())


async def do_unlike(runtime: Runtime, who: Account, post: Post) -> None:
    async with runtime.write() as uow:
        await unlike(uow, who.id, post)


async def like_while_taken(runtime: Runtime, post: Post, *who: Account) -> None:
    """Like a post in transactions of their own while another holds its row."""
    async with runtime.write() as holder:
        await holder.write(update(Post).where(Post.id == post.id).values(text="being edited"))
        for each in who:
            await asyncio.wait_for(do_like(runtime, each, post, runtime.settings), 20)


async def test_row_115_likes_unlikes_and_a_deletion_at_once_leave_exact_counts(runtime: Runtime, ann: Account) -> None:
    viral, other, doomed = [await make_post(runtime, ann) for _ in range(3)]
    people = [await make_account(runtime, f"p{number}") for number in range(8)]

    async def restless(who: Account, number: int) -> None:
        for post in (viral, other):
            await do_like(runtime, who, post, runtime.settings)
        with contextlib.suppress(NotFound):  # it may be gone by now
            await do_like(runtime, who, doomed, runtime.settings)
        await do_unlike(runtime, who, other)
        if number % 2:
            await do_unlike(runtime, who, viral)
            await do_like(runtime, who, viral, runtime.settings)
        else:
            await do_unlike(runtime, who, viral)

    async def end() -> None:
        async with runtime.write() as uow:
            await withdraw(uow, doomed, now=runtime.now())

    async def drains() -> None:
        for _ in range(5):
            await asyncio.gather(add_up_notes(runtime), add_up_notes(runtime))

    await asyncio.gather(*(restless(who, number) for number, who in enumerate(people)), end(), drains())
    await add_up_notes(runtime)
    assert [await likes_of(runtime, post) for post in (viral, other, doomed)] == [4, 0, 0]
    assert await notes_in(runtime) == 0
    assert await recount_all(runtime) == {"posts": 0, "accounts": 0}


async def test_whoever_finds_a_post_taken_waits_for_nobody_and_is_counted(pg: Runtime) -> None:
    ann, bo, cy = [await make_account(pg, name) for name in ("ann", "bo", "cy")]
    post = await make_post(pg, ann)
    await like_while_taken(pg, post, bo, cy)
    assert (await likes_of(pg, post), await notes_in(pg)) == (0, 2)
    await add_up_notes(pg)
    assert (await likes_of(pg, post), await notes_in(pg)) == (2, 0)


async def test_what_is_taken_back_before_it_was_added_up_counts_for_nothing(pg: Runtime) -> None:
    ann, bo = await make_account(pg, "ann"), await make_account(pg, "bo")
    post = await make_post(pg, ann)
    await like_while_taken(pg, post, bo)
    await do_unlike(pg, bo, post)
    assert (await likes_of(pg, post), await notes_in(pg)) == (0, 2)
    await add_up_notes(pg)
    assert (await likes_of(pg, post), await notes_in(pg)) == (0, 0)


async def test_a_drain_that_is_killed_loses_nothing_and_doubles_nothing(pg: Runtime) -> None:
    ann, bo, cy = [await make_account(pg, name) for name in ("ann", "bo", "cy")]
    post = await make_post(pg, ann)
    await like_while_taken(pg, post, bo, cy)

    async def killed_before_its_commit() -> None:
        async with pg.write() as uow:
            assert await add_up(uow, "posts", post.id)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await killed_before_its_commit()
    assert (await likes_of(pg, post), await notes_in(pg)) == (0, 2)
    await asyncio.gather(*(add_up_notes(pg) for _ in range(4)))
    assert (await likes_of(pg, post), await notes_in(pg)) == (2, 0)


async def test_notes_of_a_post_that_is_deleted_meanwhile_are_dropped(pg: Runtime) -> None:
    ann, bo = await make_account(pg, "ann"), await make_account(pg, "bo")
    post = await make_post(pg, ann)
    await like_while_taken(pg, post, bo)
    async with pg.write() as uow:
        await withdraw(uow, post, now=pg.now())
    await add_up_notes(pg)
    assert (await likes_of(pg, post), await notes_in(pg)) == (0, 0)


async def test_recounting_knows_what_is_noted_already(pg: Runtime) -> None:
    ann, bo = await make_account(pg, "ann"), await make_account(pg, "bo")
    post = await make_post(pg, ann)
    await like_while_taken(pg, post, bo)
    assert await recount_all(pg) == {"posts": 0, "accounts": 0}
    async with pg.write() as uow:
        await uow.write(update(Post).where(Post.id == post.id).values(likes_count=7))
    assert await recount_all(pg) == {"posts": 1, "accounts": 0}
    await add_up_notes(pg)
    assert await likes_of(pg, post) == 1


async def test_recounting_sets_right_what_moved_of_late(runtime: Runtime, ann: Account, bo: Account) -> None:
    post = await make_post(runtime, ann)
    await do_like(runtime, bo, post, runtime.settings)
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, bo, ann, now=runtime.now())
        await uow.write(update(Post).where(Post.id == post.id).values(likes_count=9, replies_count=9, quotes_count=9))
        await uow.write(update(Account).where(Account.id == ann.id).values(followers_count=0, posts_count=5))
    assert await recount_busy(runtime) == 2
    assert await recount_busy(runtime) == 0
    async with runtime.read() as reader:
        counts = select(Account.followers_count, Account.following_count, Account.posts_count)
        rows = await reader.rows(counts.where(Account.id.in_([ann.id, bo.id])).order_by(Account.id))
    assert await likes_of(runtime, post) == 1
    assert [tuple(row) for row in rows] == [(1, 0, 1), (0, 1, 0)]


async def test_a_counter_never_falls_below_zero_and_an_unknown_one_stays_unknown(
    runtime: Runtime, ann: Account
) -> None:
    post = await make_post(runtime, ann)
    async with runtime.write() as uow:
        await count(uow, Post, post.id, {"likes_count": -3, "reported_likes": -3})
    await add_up_notes(runtime)
    async with runtime.read() as reader:
        rows = await reader.rows(select(Post.likes_count, Post.reported_likes).where(Post.id == post.id))
    assert [tuple(row) for row in rows] == [(0, None)]
