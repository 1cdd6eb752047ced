"""Homes under strain: `python -m tests.bench.homes [--quick] [--folder PLACE]`, apart from the table of budgets.

A person who follows 5 000 accounts comes back to a cold home; one who follows 50 large authors reads; one post goes to
100 000 local readers while others post. `--folder` keeps what was filled in, for the next time.
"""

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import create_engine, insert, select, update

from admin.schema import metadata
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.auth.models import User
from node.base.ids import new_id
from node.base.paging import Page
from node.base.runtime import Runtime, running
from node.base.settings import load_settings
from node.follows.models import Follow
from node.posts.drafts import Draft
from node.posts.service import publish
from node.timelines import home_lists
from node.timelines.fanout import forget_home, push_post
from node.timelines.home import home_page
from node.timelines.jobs import push_on
from node.timelines.models import AuthorTier, FanOut
from node.timelines.rules import OVERLAP
from tests.bench.filling import Size, add_crowd, fill
from tests.support.redis_server import RedisServer

FULL = Size(people=10_000, edges=100_000, posts=1_000_000, remote_hosts=20)
QUICK = Size(people=500, edges=10_000, posts=20_000, remote_hosts=5)


async def prepare(runtime: Runtime, folder: Path, size: Size) -> dict[str, Any]:
    """Fill the node, or return who is on the one that was filled before."""
    known = folder / "who.json"
    if known.exists():
        return dict(json.loads(known.read_text()))
    made = await fill(runtime, size, lambda what, part: None)
    everybody, reader, fan = made.account_ids, made.account_ids[-1], made.account_ids[-2]
    now, star = runtime.now(), made.account_ids[0]
    async with runtime.write() as uow:
        for person, followed in ((reader, everybody[: size.people // 2]), (fan, everybody[:50])):
            have = set(await uow.scalars(select(Follow.followee_id).where(Follow.follower_id == person)))
            rows = [
                {"id": new_id(), "follower_id": person, "followee_id": id_, "created_at": now, "accepted_at": now}
                for id_ in followed
                if id_ not in have and id_ != person
            ]
            await uow.execute(insert(Follow), rows)
        await uow.write(update(Account).where(Account.id == star).values(followers_count=size.people * 10))
    crowd = await add_crowd(runtime, star, size.people * 10)
    who = {"reader": reader, "fan": fan, "star": star, "large": everybody[:50], "crowd": len(crowd)}
    known.write_text(json.dumps(who))
    return who


async def _time_home(runtime: Runtime, account_id: int, page: Page, *, cold: bool, times: int) -> str:
    wall, spent = [], []
    for _ in range(times):
        if cold:
            await forget_home(runtime, account_id)
        began, used = time.perf_counter(), time.process_time()
        assert len((await home_page(runtime, account_id, page)).posts) == page.limit
        wall.append((time.perf_counter() - began) * 1000)
        spent.append((time.process_time() - used) * 1000)
    return f"median {median(wall):.1f} ms (worst {max(wall):.1f}), CPU {median(spent):.1f} ms"


async def measure(runtime: Runtime, who: dict[str, Any]) -> None:
    """Print what each costs."""
    async with runtime.write() as uow:
        await uow.write(update(User).values(last_active_at=runtime.now()))
    async with runtime.read() as reader:
        followed = len(await reader.scalars(select(Follow.id).where(Follow.follower_id == who["reader"])))
    page = Page(limit=20)
    print(f"cold home, {followed:,} followed:", await _time_home(runtime, who["reader"], page, cold=True, times=7))
    print("the same, warm:", await _time_home(runtime, who["reader"], page, cold=False, times=30))
    print("cold home, 50 large followed:", await _time_home(runtime, who["fan"], page, cold=True, times=7))
    print("warm, all of them pushed:", await _time_home(runtime, who["fan"], page, cold=False, times=50))
    await _make_large(runtime, who["large"])
    await home_page(runtime, who["fan"], page)
    print("warm, all 50 merged at read:", await _time_home(runtime, who["fan"], page, cold=False, times=50))
    await _make_large(runtime, [])
    await _viral(runtime, who)


async def _make_large(runtime: Runtime, author_ids: list[int]) -> None:
    long_ago = runtime.now() - 2 * OVERLAP
    async with runtime.write() as uow:
        await uow.write(AuthorTier.__table__.delete())  # type: ignore[attr-defined]
        for id_ in author_ids:
            uow.add(AuthorTier(account_id=id_, tier="pull", before="pull", changed_at=long_ago))
    for cache in ("author_tiers", "merged_authors"):
        runtime.caches.get(cache, size=1, seconds=1).clear()


async def _post(runtime: Runtime, account_id: int, words: str) -> int:
    async with runtime.write() as uow:
        author = await get_account(uow, account_id)
        made = await publish(uow, runtime.settings, author, Draft(text=words), mentions={}, now=runtime.now())
    return made.id


async def _viral(runtime: Runtime, who: dict[str, Any]) -> None:
    """One post to everybody in the crowd, each with a list, while another person posts."""
    async with runtime.read() as reader:
        fans = list(await reader.scalars(select(Follow.follower_id).where(Follow.followee_id == who["star"])))
    redis = runtime.gate.redis
    for start in range(0, len(fans), 5_000):
        async with redis.pipeline(transaction=False) as pipe:
            for id_ in fans[start : start + 5_000]:
                pipe.rpush(home_lists.home_key(id_), "-0:0:bench")
            await pipe.execute()
    other = await _post(runtime, who["fan"], "Alone")
    began = time.perf_counter()
    await push_post(runtime, other)
    alone = (time.perf_counter() - began) * 1000
    post_id = await _post(runtime, who["star"], "To everybody")
    began, used = time.perf_counter(), time.process_time()
    await push_post(runtime, post_id)
    at_once = (time.perf_counter() - began) * 1000
    going_on = asyncio.create_task(push_on(runtime))
    beside = []
    while not going_on.done():
        other = await _post(runtime, who["fan"], "Meanwhile")
        started = time.perf_counter()
        await push_post(runtime, other)
        beside.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.01)
    assert await going_on is False
    took, cpu = time.perf_counter() - began, time.process_time() - used
    async with runtime.read() as reader:
        assert not await reader.scalars(select(FanOut.id))
    keys = [home_lists.home_key(id_) for id_ in fans]
    counted = 0
    for start in range(0, len(keys), 5_000):
        async with redis.pipeline(transaction=False) as pipe:
            for key in keys[start : start + 5_000]:
                pipe.lpos(
                    key, str(post_id)
                )  # not only the head: who posts meanwhile has that on top, as their readers do
            counted += sum(place is not None for place in await pipe.execute())
    print(f"a post to {len(fans):,}: its event takes {at_once:.0f} ms, all of it {took:.1f} s ({cpu:.1f} s CPU here)")
    print(f"reached {counted:,} lists, {counted / took:,.0f} a second with {len(beside)} other posts between")
    print(f"another's fan-out: {alone:.1f} ms alone, meanwhile median {median(beside):.1f}, worst {max(beside):.1f}")
    for number in range(3):
        started = time.perf_counter()
        reached = await home_lists.push(redis, keys, (number + 1, 0), cap=800)
        print(f"lists alone: {reached / (time.perf_counter() - started):,.0f} pushes a second")


async def run(size: Size, folder: Path) -> None:
    """Fill if need be, and measure on a Redis of its own."""
    redis = RedisServer()
    try:
        folder.mkdir(exist_ok=True)
        settings = load_settings({"ROOKERY_DATA_DIR": str(folder), "ROOKERY_LOG_LEVEL": "error"})
        settings = replace(settings, redis_url=redis.new_url(), push_limit=10**8, active_limit=10**9)
        engine = create_engine(f"sqlite:///{folder / 'rookery.sqlite3'}")
        metadata().create_all(engine)
        engine.dispose()
        async with running(settings) as runtime:
            await measure(runtime, await prepare(runtime, folder, size))
    finally:
        redis.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of it")
    parser.add_argument("--folder", type=Path, help="where the node is, or is put, and stays")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rookery-homes-") as scratch:
        asyncio.run(run(QUICK if asked.quick else FULL, asked.folder or Path(scratch)))


if __name__ == "__main__":
    main()
