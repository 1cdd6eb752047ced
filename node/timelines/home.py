"""A person's home timeline, read: full pages, newest first, that never end before the data does.

Above its *floor* a home is read from the person's list in Redis and from the lists of the large authors they follow,
merged by id; below it, where there is no list, and when Redis is away, it is read from SQL. A list that is not there is
built on the spot: its first `FIRST` entries, so that the answer is as quick for people who were away as for
others, and `MORE` below them each time somebody scrolls past its floor, until it has its full length.

Whether an entry (still) belongs there is asked of SQL with the rendering, so an unfollow, block or deletion counts at
once. A post that several people boosted is shown once (`showings.py`) within what was read as one: all
that lies above the floor, or a page from SQL.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

from node.base.cache import ask_all
from node.base.db.unit_of_work import Reader, ReadSession
from node.base.paging import Page
from node.base.runtime import Runtime
from node.posts.rendering import render_posts
from node.timelines import home_lists
from node.timelines.author_lists import head_questions, read_shelves
from node.timelines.authored_queries import Entry
from node.timelines.filling import Show, Shown, fill
from node.timelines.home_lists import Listed, home_key
from node.timelines.home_queries import (
    count_posts_among,
    find_last_activity,
    list_home_entries,
    list_in_home_among,
)
from node.timelines.rules import TIER_SECONDS, TIMELINES, is_merged
from node.timelines.showings import Showings
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
    # Lists are made from what is committed now; what lies in them may be looked up on a replica.
    async with runtime.read() as reader, runtime.browse(account_id) as near:
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
    showings = _showings(runtime, reader, account_id, window.entries)

    async def pick(wanted: Page) -> list[int]:
        picked = wanted.pick(showings.candidates())
        if reader.may_lag and await count_posts_among(reader, picked) < len(picked):
            await reader.use_primary()  # the replica has yet to hear of one: nobody shall miss it
        return picked

    return await fill(page, pick, showings, _shower(runtime, reader, account_id))


async def _page_from_sql(runtime: Runtime, reader: Reader, account_id: int, page: Page) -> Shown:
    runtime.caches.count(TIMELINES, "pages from SQL")
    looked_at: list[Entry] = []
    showings = _showings(runtime, reader, account_id, looked_at)

    async def find(wanted: Page) -> list[int]:
        entries = await list_home_entries(reader, account_id, wanted)
        looked_at.extend(entries)
        return [id_ for id_, _ in entries]

    return await fill(page, find, showings, _shower(runtime, reader, account_id))


def _showings(runtime: Runtime, reader: Reader, account_id: int, entries: Sequence[Entry]) -> Showings:
    return Showings(entries, lambda ids: list_in_home_among(reader, account_id, ids, now=runtime.now()))


def _shower(runtime: Runtime, reader: Reader, account_id: int) -> Show:
    return lambda ids: render_posts(runtime, reader, ids, viewer_id=account_id, home=True)


async def _open_window(runtime: Runtime, reader: Reader, account_id: int) -> Window | None:
    """Return what is known above the floor, building the person's list if there is none. None: ask SQL."""
    gate = runtime.gate
    kept = runtime.caches.get("merged_authors", size=10_000, seconds=TIER_SECONDS)
    merged: Merged = kept.get(account_id) or Merged("")
    asked = [*home_lists.questions(home_key(account_id)), *head_questions(merged.author_ids)]
    answers = await gate.call(lambda redis: ask_all(redis, asked))
    if answers is None:
        return None
    found, heads = home_lists.listed(answers[:2]), answers[2:]
    if found is None:
        return await _build(runtime, reader, account_id)
    if merged.tail_token != found.token:
        merged = await _whom_to_merge(reader, account_id, found)
        kept.put(account_id, merged)
        heads = await _heads(runtime, merged.author_ids)
    if merged.some_push_active and found.seconds_left < (HOME_LIFE - FRESH).total_seconds():
        await gate.call(lambda redis: home_lists.forget(redis, [home_key(account_id)]))
        return await _build(runtime, reader, account_id)
    if found.seconds_left < (HOME_LIFE - NOTED_EVERY).total_seconds():
        await _let_live(runtime, reader, account_id, found)
    if merged.author_ids:
        runtime.caches.count(TIMELINES, "pages merged")
    shelves = await read_shelves(runtime, reader, merged.author_ids, heads)
    floor = max([found.floor, *(shelf.floor for shelf in shelves)])
    entries = home_lists.newest_first(chain(found.entries, *(shelf.above(floor) for shelf in shelves)), above=floor)
    may_grow = floor == found.floor > 0 and len(found.entries) < runtime.settings.home_length
    return Window(entries, floor, found.tail if may_grow else "")


async def _heads(runtime: Runtime, author_ids: Sequence[int]) -> list[Any]:
    asked = head_questions(author_ids)
    found = await runtime.gate.call(lambda redis: ask_all(redis, asked)) if asked else []
    return [None] * len(author_ids) if found is None else found


async def _whom_to_merge(reader: Reader, account_id: int, found: Listed) -> Merged:
    rows = await list_followed_tiers(reader, account_id)
    return Merged(
        found.token,
        tuple({id_ for id_, tier, changed_at in rows if is_merged(tier, changed_at, found.built_at)}),
        any(tier == "push-active" for _, tier, _ in rows),
    )


async def _build(runtime: Runtime, reader: Reader, account_id: int) -> Window | None:
    """Build the top of a list. None when somebody else is at it, or Redis is away: then SQL answers."""
    key, now = home_key(account_id), runtime.now()
    marker = await runtime.gate.call(lambda redis: home_lists.begin(redis, key))
    if marker is None:
        return None
    runtime.caches.count(TIMELINES, "lists built")
    # Each statement sees what is committed by then: what was before the marker was set is seen here, what commits later
    # is pushed, since the fan-out goes by the same `last_active_at`.
    seen_at = await find_last_activity(reader, account_id)
    entries = await list_home_entries(reader, account_id, Page(limit=FIRST))
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
