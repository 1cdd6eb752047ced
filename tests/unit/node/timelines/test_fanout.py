"""Fan-outs to many: in turns with others, resumed wherever they broke off, and bounded in every step."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from node.accounts.models import Account
from node.base.db.claims import claim_due
from node.base.runtime import Runtime
from node.follows.service import follow
from node.posts.followed_tags import follow_tag
from node.posts.service import withdraw
from node.timelines import fanout, jobs
from node.timelines.fanout import push_post
from node.timelines.jobs import push_on
from node.timelines.models import FanOut
from node.timelines.queries import list_push_targets
from tests.support.homes import lay_list, listed_ids
from tests.support.make import make_account, make_post
from tests.support.nodes import clock_of
from tests.support.plans import plans

FANS = 7


@pytest.fixture
async def star(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Somebody with `FANS` followers who have a list each, on a node whose chunks hold two."""
    monkeypatch.setattr(fanout, "CHUNK", 2)
    monkeypatch.setattr(jobs, "CHUNKS", 1)
    star = await make_account(runtime, "star")
    for fan in await fans(runtime):
        async with runtime.write() as uow:
            await follow(uow, runtime.settings, fan, star, now=runtime.now())
        await lay_list(runtime.gate.redis, fan.id, [])
    return star


async def fans(runtime: Runtime) -> list[Account]:
    async with runtime.read() as reader:
        found = await reader.scalars(select(Account).where(Account.username.like("fan%")).order_by(Account.id))
    return list(found) or [await make_account(runtime, f"fan{number}") for number in range(FANS)]


async def reached(runtime: Runtime, post_id: int) -> int:
    """Return how many fans' lists have a post."""
    return sum([post_id in (await listed_ids(runtime, fan.id) or []) for fan in await fans(runtime)])


async def under_way(runtime: Runtime) -> list[int]:
    async with runtime.read() as reader:
        return list(await reader.scalars(select(FanOut.post_id).order_by(FanOut.id)))


async def test_what_has_many_readers_goes_on_in_turns(
    runtime: Runtime, star: Account, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two viral posts advance together, and a post with few readers is not behind either of them."""
    first, second = [(await make_post(runtime, star, f"Number {number}")).id for number in range(2)]
    assert await push_post(runtime, first) == 2
    assert await push_post(runtime, second) == 2
    assert await under_way(runtime) == [first, second]
    turns = []

    async def noted(runtime: Runtime, post_id: int, audience: fanout.Audience, *, after_id: int) -> int | None:
        turns.append(post_id)
        return await fanout.push_chunk(runtime, post_id, audience, after_id=after_id)

    monkeypatch.setattr(jobs, "push_chunk", noted)
    (fan, *_) = await fans(runtime)
    async with runtime.write() as uow:
        await follow(uow, runtime.settings, fan, ann, now=runtime.now())
    small = (await make_post(runtime, ann)).id
    assert await push_post(runtime, small) == 1
    assert await push_on(runtime) is False
    assert turns == [first, second] * 3
    assert [await reached(runtime, post_id) for post_id in (first, second, small)] == [FANS, FANS, 1]
    assert await under_way(runtime) == []


async def test_a_fan_out_goes_on_where_its_process_died(runtime: Runtime, star: Account) -> None:
    post_id = (await make_post(runtime, star)).id
    await push_post(runtime, post_id)
    async with runtime.write() as uow:  # a worker takes it, and is killed
        (row_id,) = await claim_due(uow, FanOut, now=runtime.now(), lease=timedelta(seconds=60), limit=1)
    await fanout.push_chunk(runtime, post_id, "followers", after_id=0)
    assert await push_on(runtime) is False
    assert await reached(runtime, post_id) == 2, "nobody takes it from a worker that may be alive"
    clock_of(runtime).advance(seconds=61)
    await push_post(runtime, post_id)  # its event comes again too
    assert await under_way(runtime) == [post_id]
    assert await push_on(runtime) is False
    assert await reached(runtime, post_id) == FANS
    for fan in await fans(runtime):
        assert await listed_ids(runtime, fan.id) == [post_id], "once, however often it was pushed"
    assert row_id


async def test_a_fan_out_waits_for_redis_and_ends_with_its_post(runtime: Runtime, star: Account) -> None:
    lasting, passing = await make_post(runtime, star, "Lasting"), await make_post(runtime, star, "Passing")
    await push_post(runtime, lasting.id)
    await push_post(runtime, passing.id)
    runtime.gate._shut_until = float("inf")
    assert await push_on(runtime) is False
    runtime.gate._shut_until = 0.0
    async with runtime.write() as uow:
        await withdraw(uow, passing, now=runtime.now())
    async with runtime.read() as reader:
        assert set(await reader.scalars(select(FanOut.attempts))) == {0}, "that Redis was away is nobody's fault"
    clock_of(runtime).advance(seconds=3)
    assert await push_on(runtime) is False
    assert await under_way(runtime) == []
    assert await reached(runtime, lasting.id) == FANS
    assert await reached(runtime, passing.id) == 2


async def test_a_fan_out_that_always_fails_is_given_up(runtime: Runtime, star: Account) -> None:
    post_id = (await make_post(runtime, star)).id
    await push_post(runtime, post_id)
    async with runtime.write() as uow:
        await uow.write(update(FanOut).values(attempts=jobs.MAX_ATTEMPTS))
    assert await push_on(runtime) is False
    assert await under_way(runtime) == []


async def test_those_who_follow_a_hashtag_are_reached_in_turns_too(runtime: Runtime, star: Account) -> None:
    bo = await make_account(runtime, "bo")
    for fan in await fans(runtime):
        async with runtime.write() as uow:
            await follow_tag(uow, fan.id, "owls", now=runtime.now())
    post_id = (await make_post(runtime, bo, "Look #owls")).id
    await push_post(runtime, post_id)
    assert await push_on(runtime) is False
    assert await reached(runtime, post_id) == FANS


async def test_a_direct_post_lies_only_in_the_homes_of_those_it_names(runtime: Runtime, star: Account) -> None:
    post_id = (await make_post(runtime, star, "Only you @fan3", visibility="direct")).id
    assert await push_post(runtime, post_id) == 1
    assert await reached(runtime, post_id) == 1


async def test_a_chunk_of_followers_is_one_walk_of_an_index(runtime: Runtime, star: Account) -> None:
    """Without a sort: the hundredth chunk of a viral post costs what the first does."""
    post = await make_post(runtime, star)

    async def work(reader: Any) -> None:
        since = runtime.now() - timedelta(days=7)
        assert len(await list_push_targets(reader, post, active_since=since, after_id=1, limit=3)) == 3

    (plan,) = await plans(runtime, work)
    assert "Seq Scan on follows" not in plan, plan
    if runtime.database.dialect == "sqlite":  # elsewhere statistics decide, and seven followers have none
        assert "ix_follows_ours" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
