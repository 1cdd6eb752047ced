"""Lists in Redis: complete above their floor, whatever comes late, is cut off, dies in between or is done twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.auth.models import User
from node.base.paging import Page
from node.base.runtime import Runtime
from node.follows.service import follow
from node.lists.models import List
from node.lists.service import add_members, create_list
from node.posts.boosts import boost, unboost
from node.timelines import author_lists, home, home_lists
from node.timelines.fanout import push_post
from node.timelines.home import home_page
from node.timelines.home_lists import author_key, home_key
from node.timelines.models import AuthorTier
from node.timelines.rules import OVERLAP
from node.timelines.service import list_page
from tests.support.homes import lay_list, listed_ids
from tests.support.make import make_account, make_post


class Crowd(NamedTuple):
    """What forty people boosted, by all of whom, and what was written before."""

    birds: List
    boosts: list[int]
    older: list[int]


@pytest.fixture
async def bo(runtime: Runtime, ann: Account) -> Account:
    """Somebody whom ann follows."""
    bo = await make_account(runtime, "bo")
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, ann, bo, now=runtime.now())
    return bo


async def home_ids(runtime: Runtime, account: Account, **page: int) -> list[int]:
    return [int(status["id"]) for status in (await home_page(runtime, account.id, Page(**page))).posts]


async def posts_by(runtime: Runtime, author: Account, number: int) -> list[int]:
    """Return posts, newest first, that were pushed to nobody."""
    return [(await make_post(runtime, author, f"Number {n}")).id for n in range(number)][::-1]


async def test_what_comes_late_tears_no_hole(runtime: Runtime) -> None:
    """A post with an id of the past takes a place in the list; what is cut off for it is known to be missing."""
    redis, key = runtime.gate.redis, home_key(5)
    await lay_list(redis, 5, [])
    for id_ in range(100, 200):
        await home_lists.push(redis, [key], (id_, 0), cap=20)
    for late in (7, 170, 8):
        await home_lists.push(redis, [key], (late, 0), cap=20)
    for id_ in range(200, 250):
        await home_lists.push(redis, [key], (id_, 0), cap=20)
    found = await home_lists.read(redis, key)
    assert found is not None
    assert len(found.entries) <= 20 + home_lists.SLACK
    vouched = [id_ for id_, _ in home_lists.newest_first(found.entries, above=found.floor)]
    assert vouched == list(range(249, found.floor, -1))
    assert found.floor >= 170


async def test_a_list_is_carried_on_only_while_it_is_the_same(runtime: Runtime) -> None:
    redis, key = runtime.gate.redis, home_key(5)
    marker = await home_lists.begin(redis, key)
    assert marker
    now = runtime.now()
    assert await home_lists.finish(redis, key, marker, [(30, 0), (20, 0)], floor=19, now=now, seconds=60)
    before = await home_lists.read(redis, key)
    assert before is not None
    await home_lists.push(redis, [key], (40, 7), cap=20)
    assert await home_lists.extend(redis, key, before.tail, [(10, 0)], floor=9)
    assert not await home_lists.extend(redis, key, before.tail, [(11, 0)], floor=9), "somebody was quicker"
    found = await home_lists.read(redis, key)
    assert found is not None
    assert sorted(found.entries) == [(10, 0), (20, 0), (30, 0), (40, 7)]
    assert (found.floor, found.token) == (9, before.token)
    await lay_list(redis, 5, [50])
    assert not await home_lists.extend(redis, key, found.tail, [(5, 0)], floor=0), "built anew meanwhile"


async def test_whoever_comes_back_reads_at_once_and_the_list_grows_behind(
    runtime: Runtime, ann: Account, bo: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page costs what its entries cost; the rest of the list is laid as it is scrolled to."""
    monkeypatch.setattr(home, "FIRST", 6)
    monkeypatch.setattr(home, "MORE", 8)
    made = await posts_by(runtime, bo, 20)
    assert await home_ids(runtime, ann, limit=4) == made[:4]
    assert await listed_ids(runtime, ann.id) == made[:6]
    assert await home_ids(runtime, ann, limit=4, max_id=made[3]) == made[4:8]
    assert await listed_ids(runtime, ann.id) == made[:14]
    assert await home_ids(runtime, ann, limit=40, max_id=made[7]) == made[8:]
    assert await home_ids(runtime, ann, limit=40) == made
    assert await home_ids(runtime, ann, limit=5, min_id=made[-1]) == made[-6:-1], "upward from below the floor"


async def test_many_requests_of_one_who_comes_back_build_once(runtime: Runtime, ann: Account, bo: Account) -> None:
    made = await posts_by(runtime, bo, 8)
    pages = await asyncio.gather(*(home_ids(runtime, ann) for _ in range(30)))
    assert all(page == made for page in pages)
    assert runtime.caches.lookups()["timelines:lists built"] == 1


async def test_redis_may_go_while_a_list_is_built(
    runtime: Runtime, ann: Account, bo: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await posts_by(runtime, bo, 8)

    async def gone(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(home_lists, "finish", gone)
        assert await home_ids(runtime, ann) == made
    runtime.gate._shut_until = 0.0
    assert await listed_ids(runtime, ann.id) is None
    assert await home_ids(runtime, ann) == made, "the marker of the dead builder stands in nobody's way"
    await runtime.gate.redis.flushdb()
    assert await home_ids(runtime, ann) == made
    assert await listed_ids(runtime, ann.id) == made


async def test_a_list_lives_by_what_the_fan_out_knows_of_its_owner(runtime: Runtime, ann: Account, bo: Account) -> None:
    """`last_active_at` is written now and then; reads alone, without it, keep no list alive that gets no pushes."""
    await posts_by(runtime, bo, 2)
    async with runtime.write() as uow:
        seen_at = runtime.now() - timedelta(days=2)
        await uow.write(update(User).where(User.account_id == ann.id).values(last_active_at=seen_at))
    await home_ids(runtime, ann)
    two_days, life = timedelta(days=2).total_seconds(), home.HOME_LIFE.total_seconds()
    for _ in range(2):
        found = await home_lists.read(runtime.gate.redis, home_key(ann.id))
        assert found is not None
        assert found.seconds_left <= life - two_days + 1
        await home_ids(runtime, ann)
    async with runtime.write() as uow:
        await uow.write(update(User).where(User.account_id == ann.id).values(last_active_at=runtime.now()))
    await home_ids(runtime, ann)
    found = await home_lists.read(runtime.gate.redis, home_key(ann.id))
    assert found is not None
    assert found.seconds_left > life - 60


async def test_who_was_away_and_follows_a_large_author_gets_a_new_list(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    """An author who is pushed to those active in 24 h did not push to somebody who was away for two days."""
    old = await posts_by(runtime, bo, 1)
    assert await home_ids(runtime, ann) == old
    async with runtime.write() as uow:
        uow.add(AuthorTier(account_id=bo.id, tier="push-active", changed_at=runtime.now() - 2 * OVERLAP))
    missed = await posts_by(runtime, bo, 1)
    runtime.caches.get("merged_authors", size=1, seconds=1).clear()
    assert await home_ids(runtime, ann) == old, "as long as the list counts as fresh"
    away = int((home.HOME_LIFE - home.FRESH).total_seconds()) - 1
    await home_lists.live_on(runtime.gate.redis, home_key(ann.id), away)
    assert await home_ids(runtime, ann) == [*missed, *old]


async def test_large_authors_lists_follow_each_push_in_every_process(
    runtime: Runtime, ann: Account, bo: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(author_lists, "LENGTH", 4)
    runtime = replace(runtime, settings=replace(runtime.settings, push_limit=0, active_limit=0))
    async with runtime.write() as uow:
        uow.add(AuthorTier(account_id=bo.id, tier="pull", before="pull", changed_at=runtime.now() - 2 * OVERLAP))
    await home_ids(runtime, ann)
    made: list[int] = []
    for number in range(7):
        made.insert(0, (await make_post(runtime, bo, f"Number {number}")).id)
        await push_post(runtime, made[0])
        if number % 3 == 2:
            await push_post(runtime, made[1])  # again: the head must not hide what came between
        if number == 4:
            await runtime.gate.redis.delete(author_key(bo.id))
        assert await home_ids(runtime, ann, limit=40) == made
        assert await home_ids(runtime, ann, limit=2, max_id=made[0]) == made[1:3]
    assert await listed_ids(runtime, ann.id) == [], "nothing of it was pushed to a reader"
    assert runtime.caches.lookups()["timelines:pages merged"] > 0


async def test_a_post_that_several_boosted_stands_where_it_came_first(
    runtime: Runtime, ann: Account, bo: Account
) -> None:
    """In a home across pages, and in a list's timeline; when what came first is withdrawn, the next shows it."""
    fans = [await make_account(runtime, f"fan{number}") for number in range(3)]
    post = await make_post(runtime, await make_account(runtime, "star"))
    async with runtime.write() as uow:
        birds = await create_list(uow, ann.id, "Birds", now=runtime.now())
        for fan in fans:
            await follow(uow, runtime.settings, ann, fan, now=runtime.now())
        await add_members(uow, ann.id, birds.id, [fan.id for fan in fans], now=runtime.now())
    boosts, between = [], []
    for fan in fans:
        async with runtime.write() as uow:
            made = await boost(uow, runtime.settings, fan, post, visibility="public", now=runtime.now())
        boosts.append(made.id)
        between += await posts_by(runtime, fan, 2)
    wanted = sorted([boosts[0], *between], reverse=True)
    walked: list[int] = []
    while page := await home_ids(runtime, ann, limit=2, **({"max_id": walked[-1]} if walked else {})):
        walked += page
    assert walked == wanted
    assert [int(status["id"]) for status in (await list_page(runtime, birds, Page(limit=40))).posts] == wanted
    async with runtime.write() as uow:
        await unboost(uow, fans[0].id, post, now=runtime.now())
    assert await home_ids(runtime, ann, limit=40) == sorted([boosts[1], *between], reverse=True)


@pytest.fixture
async def crowd(runtime: Runtime, ann: Account, bo: Account) -> Crowd:
    """A post goes round among those whom ann follows."""
    fans = [await make_account(runtime, f"fan{number}") for number in range(40)]
    older = await posts_by(runtime, bo, 5)
    post = await make_post(runtime, await make_account(runtime, "star"))
    boosts = []
    async with runtime.write() as uow:
        birds = await create_list(uow, ann.id, "Birds", now=runtime.now())
        for fan in fans:
            await follow(uow, runtime.settings, ann, fan, now=runtime.now())
            boosts.append((await boost(uow, runtime.settings, fan, post, now=runtime.now())).id)
        await add_members(uow, ann.id, birds.id, [bo.id, *(fan.id for fan in fans)], now=runtime.now())
    return Crowd(birds, boosts, older)


async def test_a_post_that_everybody_boosted_is_passed_over_at_once(
    runtime: Runtime, ann: Account, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of home asks for its first showing, not for each boost."""
    asked: list[int] = []
    among = home.list_in_home_among

    async def counted(reader: Any, viewer_id: int, ids: Any, **given: Any) -> set[int]:
        asked.append(len(ids))
        return await among(reader, viewer_id, ids, **given)

    monkeypatch.setattr(home, "list_in_home_among", counted)
    assert await home_ids(runtime, ann, limit=4) == [crowd.boosts[0], *crowd.older[:3]]
    assert [number for number in asked if number] == [1]


async def test_a_post_that_everybody_boosted_stands_once_on_a_page_that_takes_several_rounds(
    runtime: Runtime, ann: Account, crowd: Crowd
) -> None:
    """What was found in one round may turn out in the next to repeat what is further down."""
    wanted = [crowd.boosts[0], *crowd.older[:3]]
    assert [int(status["id"]) for status in (await list_page(runtime, crowd.birds, Page(limit=4))).posts] == wanted
    upwards = Page(limit=4, min_id=crowd.older[2])
    found = [int(status["id"]) for status in (await list_page(runtime, crowd.birds, upwards)).posts]
    assert found == [crowd.boosts[0], *crowd.older[:2]]
    runtime.gate._shut_until = float("inf")
    assert await home_ids(runtime, ann, limit=4) == wanted


async def test_many_homes_at_once_do_not_wait_in_a_circle(
    runtime: Runtime, ann: Account, bo: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who holds a connection and waits for what another renders, who waits for a connection."""
    monkeypatch.setattr(home, "FIRST", 3)
    monkeypatch.setattr(home, "MORE", 3)
    older = await posts_by(runtime, bo, 8)
    post = await make_post(runtime, bo)
    fans = [await make_account(runtime, f"fan{number}") for number in range(4)]
    async with runtime.write() as uow:
        for fan in fans:
            await follow(uow, runtime.settings, ann, fan, now=runtime.now())
            await boost(uow, runtime.settings, fan, post, now=runtime.now())
    async with asyncio.timeout(20):
        pages = await asyncio.gather(*(home_ids(runtime, ann, limit=9) for _ in range(40)))
    assert {len(page) for page in pages} == {len(older) + 1}
