"""Transactions that really run side by side: claims, counters, names. On SQLite they queue, on PostgreSQL they meet."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from node.accounts.models import Account
from node.auth.models import User
from node.auth.service import create_setup_link, redeem_setup_link, sign_up
from node.base.db.claims import claim_due
from node.base.db.event_log import EventRow
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Gone, Invalid, RookeryError, Unavailable
from node.base.ids import new_id, time_of
from node.base.runtime import Runtime
from node.counts.jobs import add_up_notes
from node.follows.models import Follow
from node.follows.service import follow, unfollow
from node.posts.boosts import boost, unboost
from node.posts.likes import unlike
from node.posts.models import Like, Post
from tests.support import make
from tests.support.make import like, make_account, make_post
from tests.support.nodes import open_node
from tests.support.postgres import PostgresServer
from tests.support.redis_server import RedisServer

LEASE = timedelta(minutes=1)


async def write(runtime: Runtime, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
    async with runtime.write() as uow:
        return await work(uow)


async def together(runtime: Runtime, works: Iterable[Callable[[UnitOfWork], Awaitable[Any]]]) -> list[Any]:
    """Run each in a transaction of its own, all at once; return what came of each, errors too."""
    return await asyncio.gather(*(write(runtime, work) for work in works), return_exceptions=True)


async def add_events(runtime: Runtime, number: int) -> set[int]:
    ids = {new_id() for _ in range(number)}
    async with runtime.write() as uow:
        for id_ in ids:
            uow.add(EventRow(id=id_, name="x", payload={}, due_at=time_of(id_), attempts=0))
    return ids


async def claim(runtime: Runtime, uow: UnitOfWork, limit: int) -> list[int]:
    return await claim_due(uow, EventRow, now=runtime.now() + LEASE, lease=2 * LEASE, limit=limit)


async def test_a_view_holds_no_connection_between_its_statements(runtime: Runtime) -> None:
    """Whoever holds one may be waiting for what somebody else reads, who waits for a connection."""
    async with AsyncExitStack() as stack, asyncio.timeout(20):
        views = [await stack.enter_async_context(runtime.read()) for _ in range(100)]
        for _ in range(2):
            for view in views:
                assert (await view.execute(select(func.count(Follow.id)))).all() == [(0,)]
                assert await view.scalar(select(func.count(Follow.id))) == 0
                assert await view.scalars(select(Follow)) == []
                assert await view.rows(select(Follow.id)) == []


async def test_a_row_is_claimed_once(runtime: Runtime) -> None:
    ids = await add_events(runtime, 60)

    async def work(uow: UnitOfWork) -> list[int]:
        return await claim(runtime, uow, 7)

    claimed = await together(runtime, [work] * 10)
    assert all(isinstance(some, list) and len(some) <= 7 for some in claimed), claimed
    flat = [id_ for some in claimed for id_ in some]
    assert len(flat) == len(set(flat))
    while more := await write(runtime, work):
        flat += more
    assert sorted(flat) == sorted(ids)
    async with runtime.read() as reader:
        assert set(await reader.scalars(select(EventRow.attempts))) == {1}


async def test_a_claim_does_not_wait_for_another_and_takes_no_more_than_it_may(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """PostgreSQL: what another transaction is about to claim is passed over."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        ids = await add_events(runtime, 40)
        async with runtime.write() as first, asyncio.timeout(5):
            mine = await claim(runtime, first, 10)
            async with runtime.write() as second:
                theirs = await claim(runtime, second, 10)
        assert len(mine) == len(theirs) == 10
        assert mine + theirs == sorted(ids)[:20]


async def test_likes_of_many_and_of_one(runtime: Runtime) -> None:
    author = await make_account(runtime, "author")
    post = await make_post(runtime, author)
    people = [await make_account(runtime, f"p{number}") for number in range(8)]

    def likes(account: Account) -> Callable[[UnitOfWork], Awaitable[Any]]:
        return lambda uow: like(uow, runtime.settings, account, post, now=runtime.now())

    done = await together(runtime, [likes(account) for account in people * 3])
    assert_clean(done, no_wait=True)
    await assert_counted(runtime, post.id)
    assert await count(runtime, Like) == 8


async def test_liking_and_taking_it_back_at_once(runtime: Runtime) -> None:
    author = await make_account(runtime, "author")
    post = await make_post(runtime, author)
    fan = await make_account(runtime, "fan")
    works: list[Callable[[UnitOfWork], Awaitable[Any]]] = [
        lambda uow: like(uow, runtime.settings, fan, post, now=runtime.now()),
        lambda uow: unlike(uow, fan.id, post),
        lambda uow: boost(uow, runtime.settings, fan, post, now=runtime.now()),
        lambda uow: unboost(uow, fan.id, post, now=runtime.now()),
    ]
    for _ in range(6):
        assert_clean(await together(runtime, works * 3))
    await assert_counted(runtime, post.id)


async def test_boosts_of_many(runtime: Runtime) -> None:
    author = await make_account(runtime, "author")
    post = await make_post(runtime, author)
    people = [await make_account(runtime, f"p{number}") for number in range(6)]

    def boosts(account: Account, *, back: bool) -> Callable[[UnitOfWork], Awaitable[Any]]:
        if back:
            return lambda uow: unboost(uow, account.id, post, now=runtime.now())
        return lambda uow: boost(uow, runtime.settings, account, post, now=runtime.now())

    assert_clean(await together(runtime, [boosts(account, back=False) for account in people * 3]), no_wait=True)
    assert_clean(await together(runtime, [boosts(a, back=back) for back in (True, False) for a in people * 2]))
    await assert_counted(runtime, post.id)


async def test_everybody_follows_everybody_both_ways_at_once(runtime: Runtime) -> None:
    """Two people who follow each other in the same moment must not wait for each other for ever."""
    people = [await make_account(runtime, f"p{number}") for number in range(5)]
    pairs = [(a, b) for a in people for b in people if a is not b]

    def works(a: Account, b: Account, *, back: bool) -> Callable[[UnitOfWork], Awaitable[Any]]:
        if back:
            return lambda uow: unfollow(uow, a.id, b.id)
        return lambda uow: follow(uow, runtime.settings, a, b, now=runtime.now())

    shuffle = random.Random(7)
    for back in (False, None, True, False):
        mixed = [works(a, b, back=shuffle.random() < 0.5 if back is None else back) for a, b in pairs]
        shuffle.shuffle(mixed)
        assert_clean(await together(runtime, mixed), no_wait=True)
    await add_up_notes(runtime)
    async with runtime.read() as reader:
        for person in people:
            fresh = await reader.scalar(select(Account).where(Account.id == person.id))
            assert (fresh.followers_count, fresh.following_count) == (4, 4)
    assert await count(runtime, Follow) == len(pairs)


async def test_replies_at_once_are_all_counted(runtime: Runtime) -> None:
    author = await make_account(runtime, "author")
    post = await make_post(runtime, author)
    people = [await make_account(runtime, f"p{number}") for number in range(6)]
    await asyncio.gather(*(make_post(runtime, p, "Yes", in_reply_to_id=post.id) for p in people for _ in range(2)))
    await add_up_notes(runtime)
    async with runtime.read() as reader:
        assert (await reader.scalar(select(Post).where(Post.id == post.id))).replies_count == 12
        assert set(await reader.scalars(select(Account.posts_count).where(Account.username != "author"))) <= {0, 2}


@pytest.mark.parametrize(("same_name", "same_mail"), [(True, False), (False, True)])
async def test_a_name_and_an_address_are_given_once(runtime: Runtime, same_name: bool, same_mail: bool) -> None:
    def joins(number: int) -> Callable[[UnitOfWork], Awaitable[Any]]:
        return lambda uow: sign_up(
            uow,
            runtime.settings,
            username="ann" if same_name else f"ann{number}",
            email="ann@example.com" if same_mail else f"ann{number}@example.com",
            password="correct horse battery",
            now=runtime.now(),
            key_pair=make.test_key_pair(),
        )

    done = await together(runtime, [joins(number) for number in range(6)])
    assert sorted(type(each).__name__ for each in done) == ["Invalid"] * 5 + ["User"], done
    assert await count(runtime, User) == 1
    assert await count(runtime, Account) == 2  # and the instance actor


async def test_the_setup_link_makes_one_admin(runtime: Runtime) -> None:
    """Attacks row 113."""
    secret = await write(runtime, lambda uow: create_setup_link(uow, runtime.now()))

    def redeems(number: int) -> Callable[[UnitOfWork], Awaitable[Any]]:
        return lambda uow: redeem_setup_link(
            uow,
            secret,
            runtime.settings,
            username=f"admin{number}",
            email=f"admin{number}@example.com",
            password="correct horse battery",
            now=runtime.now(),
            key_pair=make.test_key_pair(),
        )

    done = await together(runtime, [redeems(number) for number in range(5)])
    assert sorted(type(each).__name__ for each in done) == ["Gone"] * 4 + ["User"], done
    assert await count(runtime, User) == 1


async def test_a_transaction_given_up_for_another_is_a_clean_answer(
    redis_server: RedisServer, new_postgres_url: Callable[[], str]
) -> None:
    """A deadlock, made on purpose: one of the two commits, the other is told to try again."""
    async with open_node(redis_server, database_url=new_postgres_url()) as runtime:
        a, b = await make_account(runtime, "a"), await make_account(runtime, "b")
        met = asyncio.Barrier(2)

        async def crosses(first: int, second: int) -> None:
            async with runtime.write() as uow:
                await uow.write(update(Account).where(Account.id == first).values(note="x"))
                await met.wait()
                await uow.write(update(Account).where(Account.id == second).values(note="x"))

        done = await asyncio.gather(crosses(a.id, b.id), crosses(b.id, a.id), return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["NoneType", "Unavailable"], done


async def test_a_server_that_is_away_is_a_clean_answer(
    redis_server: RedisServer, postgres_server: PostgresServer
) -> None:
    url = "postgresql+asyncpg://nobody@/nothing?host=/nowhere/at/all"
    with pytest.raises(Unavailable):
        async with open_node(redis_server, database_url=url):
            pass
    with pytest.raises(Unavailable):  # the server is there, the database is not
        async with open_node(redis_server, database_url=postgres_server.empty_url().replace("/rookery_", "/absent_")):
            pass


def assert_clean(results: Iterable[Any], *, no_wait: bool = False) -> None:
    """Every result is one, or an error with a public face; `no_wait`: not even "try again"."""
    for result in results:
        if isinstance(result, BaseException):
            assert isinstance(result, RookeryError), repr(result)
            assert isinstance(result, (Gone, Invalid)) or not no_wait, repr(result)


async def count(runtime: Runtime, table: Any) -> int:
    async with runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


async def assert_counted(runtime: Runtime, post_id: int) -> None:
    """The counters say what the rows say, once what was noted is added up."""
    await add_up_notes(runtime)
    async with runtime.read() as reader:
        post = await reader.scalar(select(Post).where(Post.id == post_id))
        likes = await reader.scalar(select(func.count()).select_from(Like).where(Like.post_id == post_id))
        boosts = await reader.scalar(
            select(func.count()).select_from(Post).where(Post.boost_of_id == post_id, Post.deleted_at.is_(None))
        )
        assert (post.likes_count, post.boosts_count) == (likes, boosts)
