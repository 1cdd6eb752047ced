"""A person's home timeline, read: full pages, newest first, that never end before the data does.

Above its *floor* a home is read from the person's list in Redis and from the lists of the large authors they follow,
merged by id; below it, where there is no list, and when Redis is away, it is read from SQL. A list that is not there is
built on the spot: its first `FIRST` entries, so that the answer is as quick for people who were away as for
others, and `MORE` below them each time somebody scrolls past its floor, until it has its full length.

Whether an entry (still) belongs there is asked of SQL with the rendering, so an unfollow, block or deletion counts at
once. A post that several people boosted is shown once (`rules.earlier_showings`) within what was read as one: all
that lies above the floor, or a page from SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, Final

from redis.asyncio import Redis

from node.base.db.unit_of_work import Reader, ReadSession
from node.base.paging import Page
from node.base.runtime import Runtime
from node.posts.rendering import render_posts
from node.timelines import home_lists
from node.timelines.author_lists import ask_heads, read_shelves
from node.timelines.authored_queries import Entry
from node.timelines.filling import Show, Shown, fill
from node.timelines.home_lists import Listed, home_key
from node.timelines.home_queries import (
    count_posts_among,
    find_last_activity,
    list_home_entries,
    list_in_home_among,
)
from node.timelines.rules import TIER_SECONDS, TIMELINES, earlier_showings, is_merged
from node.timelines.tier_queries import list_followed_tiers

HOME_LIFE: Final = timedelta(days=6)
"""How long a list lives after its owner was noted to be here (`users.last_active_at`, which the fan-out goes by): less
than the 7 days within which an author who is pushed to all is pushed to them."""

FRESH: Final = timedelta(hours=20)
"""The same for whoever follows authors that are pushed to those active in 24 h only."""

NOTED_EVERY: Final = timedelta(hours=1)
"""How often a list that is read is given a longer life."""

FIRST: Final = 100
MORE: Final = 200


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a home that was read as one: complete above `floor`, newest first."""

    entries: list[Entry]
    floor: int
    tail: str = ""
    """The tail of the person's own list, where that may be carried on below the floor."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Whom a reader merges into a list, as long as it is this very list."""

    tail_token: str
    author_ids: tuple[int, ...] = ()
    some_push_active: bool = False


async def home_page(runtime: Runtime, account_id: int, page: Page) -> Shown:
    """Return a page of a person's home timeline, newest first."""
    async with runtime.read() as reader:
        if runtime.database.dialect == "sqlite":  # one view: each may hold a connection that others wait for
            return await _home_page(runtime, reader, reader, account_id, page)
        async with runtime.browse(account_id) as near:
            return await _home_page(runtime, reader, near, account_id, page)


async def _home_page(runtime: Runtime, reader: ReadSession, near: ReadSession, account_id: int, page: Page) -> Shown:
    """Lists are made from what is committed now; what lies in them may be looked up on a replica, `near`."""
    window = await _open_window(runtime, reader, account_id)
    if window is None or (page.min_id is not None and page.min_id < window.floor):
        return await _page_from_sql(runtime, near, account_id, page)
    found = await _page_from(runtime, near, account_id, window, page)
    if page.min_id is not None:
        return found
    while not found.has_more and len(found.posts) < page.limit and window.floor > (page.since_id or 0):
        below = min(window.floor + 1, page.max_id or window.floor + 1)
        rest = replace(page, max_id=below, limit=page.limit - len(found.posts))
        if not window.tail or below <= window.floor:
            return _joined(found, await _page_from_sql(runtime, near, account_id, rest))
        window = await _grow(runtime, reader, account_id, window)
        found = _joined(found, await _page_from(runtime, near, account_id, window, rest))
    return found


def _joined(newer: Shown, older: Shown) -> Shown:
    return Shown([*newer.posts, *older.posts], [*newer.cursors, *older.cursors], older.has_more)


async def _page_from(runtime: Runtime, reader: ReadSession, account_id: int, window: Window, page: Page) -> Shown:
    ids = [id_ for id_, _ in window.entries]
    shown_at: dict[int, int] = {}

    async def pick(wanted: Page) -> list[int]:
        left = ids
        if shown_at:  # a post that hundreds boosted is passed over at once
            left = [id_ for id_, original in window.entries if id_ <= shown_at.get(original, id_)]
        picked = wanted.pick(left)
        if reader.may_lag and await count_posts_among(reader, picked) < len(picked):
            await reader.use_primary()  # the replica has yet to hear of one: nobody shall miss it
        return picked

    return await fill(page, pick, _shower(runtime, reader, account_id, window.entries, shown_at))


async def _page_from_sql(runtime: Runtime, reader: Reader, account_id: int, page: Page) -> Shown:
    runtime.caches.count(TIMELINES, "pages from SQL")
    looked_at: list[Entry] = []

    async def find(wanted: Page) -> list[int]:
        entries = await list_home_entries(reader, account_id, wanted)
        looked_at.extend(entries)
        return [id_ for id_, _ in entries]

    return await fill(page, find, _shower(runtime, reader, account_id, looked_at, {}))


def _shower(
    runtime: Runtime, reader: Reader, account_id: int, entries: Sequence[Entry], shown_at: dict[int, int]
) -> Show:
    """Return what shows candidates, each post once; it notes in `shown_at` by which entry a boosted post is shown."""

    async def seen_among(ids: set[int]) -> set[int]:
        return await list_in_home_among(reader, account_id, ids, now=runtime.now()) if ids else set()

    async def show(ids: Sequence[int]) -> list[dict[str, Any]]:
        earlier = earlier_showings(entries, set(ids))
        if earlier:
            seen = await seen_among({found[0] for found in earlier.values()})  # nearly always: then that is all
            seen |= await seen_among(
                {other for found in earlier.values() if found[0] not in seen for other in found[1:]}
            )
            boosted = dict(entries)
            for id_, found in earlier.items():
                if (first := next((other for other in found if other in seen), None)) is not None:
                    shown_at[boosted[id_]] = min(first, shown_at.get(boosted[id_], first))
            ids = [id_ for id_ in ids if id_ <= shown_at.get(boosted[id_], id_)]
        return await render_posts(runtime, reader, ids, viewer_id=account_id, home=True)

    return show


async def _open_window(runtime: Runtime, reader: Reader, account_id: int) -> Window | None:
    """Return what is known above the floor, building the person's list if there is none. None: ask SQL."""
    gate = runtime.gate
    kept = runtime.caches.get("merged_authors", size=10_000, seconds=TIER_SECONDS)
    merged: Merged = kept.get(account_id) or Merged("")
    answers = await gate.call(partial(_ask, account_id=account_id, author_ids=merged.author_ids))
    if answers is None:
        return None
    found, heads = home_lists.listed(answers[:2]), answers[2:]
    if found is None:
        return await _build(runtime, account_id)
    if merged.tail_token != found.token:
        merged = await _whom_to_merge(reader, account_id, found)
        kept.put(account_id, merged)
        heads = await _heads(runtime, merged.author_ids)
    if merged.some_push_active and found.seconds_left < (HOME_LIFE - FRESH).total_seconds():
        await gate.call(lambda redis: home_lists.forget(redis, [home_key(account_id)]))
        return await _build(runtime, account_id)
    if found.seconds_left < (HOME_LIFE - NOTED_EVERY).total_seconds():
        await _let_live(runtime, reader, account_id, found)
    if merged.author_ids:
        runtime.caches.count(TIMELINES, "pages merged")
    shelves = await read_shelves(runtime, reader, merged.author_ids, heads)
    floor = max([found.floor, *(shelf.floor for shelf in shelves)])
    entries = home_lists.newest_first(chain(found.entries, *(shelf.above(floor) for shelf in shelves)), above=floor)
    may_grow = floor == found.floor > 0 and len(found.entries) < runtime.settings.home_length
    return Window(entries, floor, found.tail if may_grow else "")


async def _ask(redis: Redis, *, account_id: int, author_ids: Sequence[int]) -> list[Any]:
    async with redis.pipeline(transaction=False) as pipe:
        home_lists.ask(pipe, home_key(account_id))
        ask_heads(pipe, author_ids)
        return list(await pipe.execute())


async def _heads(runtime: Runtime, author_ids: Sequence[int]) -> list[Any]:
    async def ask(redis: Redis) -> list[Any]:
        async with redis.pipeline(transaction=False) as pipe:
            ask_heads(pipe, author_ids)
            return list(await pipe.execute())

    found = await runtime.gate.call(ask) if author_ids else []
    return [None] * len(author_ids) if found is None else found


async def _whom_to_merge(reader: Reader, account_id: int, found: Listed) -> Merged:
    rows = await list_followed_tiers(reader, account_id)
    return Merged(
        found.token,
        tuple({id_ for id_, tier, changed_at in rows if is_merged(tier, changed_at, found.built_at)}),
        any(tier == "push-active" for _, tier, _ in rows),
    )


async def _build(runtime: Runtime, account_id: int) -> Window | None:
    """Build the top of a list. None when somebody else is at it, or Redis is away: then SQL answers."""
    key, now = home_key(account_id), runtime.now()
    marker = await runtime.gate.call(lambda redis: home_lists.begin(redis, key))
    if marker is None:
        return None
    runtime.caches.count(TIMELINES, "lists built")
    # A view opened after the marker was set: what committed before it is seen here, what commits later is pushed, since
    # the fan-out goes by the same `last_active_at`. Its connection is given back before anything is rendered.
    async with runtime.read() as fresh:
        seen_at = await find_last_activity(fresh, account_id)
        entries = await list_home_entries(fresh, account_id, Page(limit=FIRST))
    floor = _floor_of(entries, FIRST)
    seconds = _life_from(seen_at, now)
    await runtime.gate.call(
        lambda redis: (
            home_lists.finish(redis, key, marker, entries, floor=floor, now=now, seconds=seconds)
            if seconds > 0
            else home_lists.forget(redis, [key])
        )
    )
    return Window(entries, floor)


async def _grow(runtime: Runtime, reader: Reader, account_id: int, window: Window) -> Window:
    """Carry a window, and the list under it, on below its floor."""
    runtime.caches.count(TIMELINES, "lists carried on")
    entries = await list_home_entries(reader, account_id, Page(limit=MORE, max_id=window.floor + 1))
    floor = _floor_of(entries, MORE)
    key = home_key(account_id)
    await runtime.gate.call(lambda redis: home_lists.extend(redis, key, window.tail, entries, floor=floor))
    return Window([*window.entries, *entries], floor)


async def _let_live(runtime: Runtime, reader: Reader, account_id: int, found: Listed) -> None:
    seconds = _life_from(await find_last_activity(reader, account_id), runtime.now())
    if seconds > found.seconds_left:
        await runtime.gate.call(lambda redis: home_lists.live_on(redis, home_key(account_id), seconds))


def _life_from(seen_at: datetime | None, now: datetime) -> int:
    return 0 if seen_at is None else int((HOME_LIFE - max(now - seen_at, timedelta())).total_seconds())


def _floor_of(entries: Sequence[Entry], limit: int) -> int:
    return entries[-1][0] - 1 if len(entries) == limit else 0
