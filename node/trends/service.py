"""What trends now, for everybody who shows it: `current_trends`. The same for all; who shows a trend asks who may see.

Read from the board that the last tick wrote, and kept in the process for a moment. Where no worker ticks, a small node
works it out for the reader, from the newest rows, once for all who wait. A larger one shows what the last tick wrote,
nothing before the first, and sees to it that one comes: nobody waits for a page while all people and posts are gone
through.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from node.auth.queries import find_user
from node.base.caches import FOREVER
from node.base.db.unit_of_work import Reader
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.text.lookalikes import skeleton
from node.trends.boards import board_name, set_scene, work_out
from node.trends.noting import TICK, come_soon
from node.trends.queries import find_state, list_authors, list_hashtags, list_ready_cards, list_trendable_posts
from node.trends.rules import KINDS, LONGEST, POSTS_LONGER, Kind, Trend, language_of, read_trend
from node.trends.ruling_queries import Rulings, read_rulings
from node.trends.tick import tallies_of_rows
from node.trends.trust_queries import count_people
from node.trends.trusting import work_out_trust

READ_AGAIN: Final = timedelta(seconds=15)
"""How old what a process knows may be."""
MADE_AGAIN: Final = timedelta(seconds=60)
"""How old at most, where it was worked out by the reader; less where that cost little."""
WORTH: Final = 100
"""It is kept for this many times what it took."""
FOREIGN: Final = 0.5
"""What is in none of the reader's languages goes down by this."""
ASLEEP: Final = timedelta(minutes=10)
"""A tick that is so late does not come."""
FEW_PEOPLE: Final = 300
"""People of a node that works its boards out while somebody waits."""
FEW_NOTES: Final = 2_000
"""Newest notes of a kind that are looked at then."""
NOT_YET: Final = timedelta(seconds=2)
"""How soon to look again whether the first tick has come."""


@dataclass(frozen=True, slots=True)
class Board:
    """Trends of a kind, with what was decided about each, and how each hashtag looks. `until` is when to look again."""

    trends: tuple[Trend, ...]
    verdicts: dict[int, bool | None]
    until: datetime
    looks: Mapping[int, str] = field(default_factory=dict)


async def current_trends(runtime: Runtime, kind: Kind, *, language: str = "") -> list[Trend]:
    """Return what trends, the strongest first: of the whole node, or in a language. Nothing an operator excluded, and
    where trends are reviewed nothing that waits; of hashtags that look the same the strongest."""
    board = await read_board(runtime, kind, language=language)
    wanted = (True,) if runtime.settings.trends_review else (True, None)
    shown = [trend for trend in board.trends if board.verdicts[trend.id] in wanted]
    first = {board.looks.get(trend.id, trend.id): trend.id for trend in reversed(shown)}
    return [trend for trend in shown if first[board.looks.get(trend.id, trend.id)] == trend.id]


async def list_still_trending(runtime: Runtime, reader: Reader, ids: Sequence[int]) -> set[int]:
    """Return which of these posts may still trend: an author who wants to be found no more, or an edit that covers a
    post, takes it away at once and not with the next tick (attack row 106)."""
    if not ids:
        return set()
    rulings = await read_rulings(reader)
    since = runtime.now() - LONGEST * POSTS_LONGER
    found = await list_trendable_posts(reader, ids, since=since, allowed=rulings.ids("post", allowed=True))
    return {fact.id for fact in found}


async def trends_for(runtime: Runtime, kind: Kind, viewer_id: int | None) -> list[Trend]:
    """Return what trends as somebody is to see it: what is in a language of theirs, who reads more than one, first."""
    trends = await current_trends(runtime, kind)
    if viewer_id is None or not trends:
        return trends
    cache = runtime.caches.get("trend_readers", size=5_000, seconds=300)
    languages: set[str] | None = cache.get(viewer_id)
    if languages is None:
        async with runtime.read() as reader:
            user = await find_user(reader, viewer_id)
        languages = {language_of(tag) for tag in (user.default_language, user.locale) if tag} if user else set()
        cache.put(viewer_id, languages)
    own = {trend.id for language in languages for trend in await current_trends(runtime, kind, language=language)}
    if not own:
        return trends
    return sorted(trends, key=lambda trend: trend.score * (1.0 if trend.id in own else FOREIGN), reverse=True)


async def read_board(runtime: Runtime, kind: Kind, *, language: str = "") -> Board:
    """Return everything that trends, with what operators decided about it."""
    cache = runtime.caches.get("trends", size=100, seconds=300)
    name = board_name(kind, language)
    found: Board | None = cache.get(name)
    if found is not None and found.until > runtime.now():
        return found
    locks = runtime.caches.get("trends_locks", size=4, seconds=FOREVER)
    loop = asyncio.get_running_loop()
    lock = locks.get(loop)
    if lock is None:
        lock = asyncio.Lock()
        locks.put(loop, lock)
    async with lock:
        found = cache.get(name)
        if found is None or found.until <= runtime.now():
            boards = await _read(runtime, name)
            for each, board in boards.items():
                cache.put(each, board)
            found = boards[name]
    return found


def forget_boards(runtime: Runtime) -> None:
    """Read anew what this process knows: an operator decided something."""
    runtime.caches.get("trends", size=100, seconds=300).clear()


async def _read(runtime: Runtime, name: str) -> dict[str, Board]:
    now = runtime.now()
    if not runtime.settings.trends:
        return {name: Board((), {}, now + MADE_AGAIN)}
    async with runtime.read() as reader:
        tick = await find_state(reader, TICK)
        is_awake = tick is not None and bool(tick.body) and tick.due_at > now - ASLEEP
        is_small = not is_awake and await count_people(reader, limit=FEW_PEOPLE + 1) <= FEW_PEOPLE
    if is_small:
        made, until = await _work_out(runtime, now)
        made.setdefault(name, [])
    else:
        async with runtime.read() as reader:
            state = await find_state(reader, name)
        made = {name: [read_trend(entry) for entry in state.body.get("trends", ())] if state is not None else []}
        until = now + (READ_AGAIN if is_awake else NOT_YET)
        if not is_awake:
            with suppress(Unavailable):
                await come_soon(runtime)
    boards = {}
    async with runtime.read() as reader:
        rulings = await read_rulings(reader)
        for each, trends in made.items():
            of_kind = next(one for one in KINDS if each.partition(":")[0] == one)
            ids = [trend.id for trend in trends]
            tags = await list_hashtags(reader, ids) if of_kind == "tags" and ids else {}
            names = {id_: tag.name for id_, tag in tags.items()}
            verdicts = await _verdicts(reader, of_kind, trends, rulings, names)
            boards[each] = Board(tuple(trends), verdicts, until, {id_: skeleton(names[id_]) for id_ in names})
    return boards


async def _work_out(runtime: Runtime, now: datetime) -> tuple[dict[str, list[Trend]], datetime]:
    """Return every board, from the newest rows, and until when they stand."""
    started = time.monotonic()
    trust = await work_out_trust(runtime, now)
    async with runtime.read() as reader:
        scene = await set_scene(reader, runtime.caches, trust, await read_rulings(reader), now)
        tallies = await tallies_of_rows(reader, scene, limit=FEW_NOTES)
        made = await work_out(reader, runtime.caches, scene, tallies)
    return made, now + min(MADE_AGAIN, WORTH * timedelta(seconds=time.monotonic() - started))


async def _verdicts(
    reader: Reader, kind: Kind, trends: Sequence[Trend], rulings: Rulings, names: Mapping[int, str]
) -> dict[int, bool | None]:
    ids = [trend.id for trend in trends]
    publishers = await list_ready_cards(reader, ids) if kind == "links" and ids else {}
    authors = await list_authors(reader, ids) if kind == "posts" and ids else {}
    return {
        id_: rulings.settles(
            kind, id_, name=names.get(id_, ""), publisher=publishers.get(id_, ""), author_id=authors.get(id_, 0)
        )
        for id_ in ids
    }
