"""What large authors wrote lately: `author:{account}`, a list as homes are (`home_lists`), read by all who follow them.

Built by the first reader who needs it, then pushed to by the fan-out whatever the author's tier is. Each process
keeps the lists it read; a list that grew has another head, so one look at the heads of all tells which to read again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.base.cache import Question, ask_all
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime
from node.timelines.authored_queries import Entry
from node.timelines.home_lists import author_key, begin, finish, forget, listed, newest_first, questions
from node.timelines.home_queries import list_recent_entries

LENGTH: Final = 400
SECONDS: Final = 24 * 3600
"""A list is made anew once a day."""
KEPT: Final = 500
"""Lists a process keeps: a few dozen kilobytes each."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """An author's newest posts, newest first, complete above `floor`."""

    head: bytes
    entries: tuple[Entry, ...]
    floor: int

    def above(self, floor: int) -> Sequence[Entry]:
        """Return the entries above some id."""
        return self.entries[: bisect_left(self.entries, -floor, key=lambda entry: -entry[0])]


def head_questions(author_ids: Sequence[int]) -> list[Question]:
    """Return the commands that ask for the heads of some lists: one an author."""
    return [("LINDEX", author_key(author_id), 0) for author_id in author_ids]


async def read_shelves(
    runtime: Runtime, reader: Reader, author_ids: Sequence[int], heads: Sequence[bytes | None]
) -> list[Shelf]:
    """Return what some authors wrote lately, from SQL what Redis has not; `heads` answer their `head_questions`."""
    kept = runtime.caches.get("author_lists", size=KEPT, seconds=SECONDS)
    shelves: dict[int, Shelf] = {}
    grown = []
    for author_id, head in zip(author_ids, heads, strict=True):
        shelf: Shelf | None = kept.get(author_id)
        if shelf is not None and shelf.head == head:
            shelves[author_id] = shelf
        else:
            grown.append(author_id)
    if grown:
        for author_id, shelf in (await _read(runtime, grown)).items():
            shelves[author_id] = shelf
            kept.put(author_id, shelf)
    for author_id in grown:
        if author_id not in shelves:
            shelves[author_id] = await _build(runtime, reader, author_id)
    return [shelves[author_id] for author_id in author_ids]


async def forget_author(runtime: Runtime, author_id: int) -> None:
    """Drop an author's list, which the next reader builds anew: what came in was no news, and so was not pushed."""
    await runtime.gate.call(lambda redis: forget(redis, [author_key(author_id)]))


async def _read(runtime: Runtime, author_ids: Sequence[int]) -> dict[int, Shelf]:
    asked = [question for author_id in author_ids for question in questions(author_key(author_id))]
    answers = await runtime.gate.call(lambda redis: ask_all(redis, asked)) or []
    found = {}
    for author_id, place in zip(author_ids, range(0, len(answers), 2), strict=False):
        one = listed(answers[place : place + 2])
        if one is not None:
            found[author_id] = Shelf(answers[place][0], tuple(newest_first(one.entries, above=one.floor)), one.floor)
    return found


async def _build(runtime: Runtime, reader: Reader, author_id: int) -> Shelf:
    """Make a list from SQL. Whoever comes while another is at it reads SQL for themselves alone."""
    key, now = author_key(author_id), runtime.now()
    marker = await runtime.gate.call(lambda redis: begin(redis, key))
    if marker is None:
        return await _from_sql(reader, author_id)
    # A view opened after the marker was set: what committed before it is seen here, what commits later is pushed.
    async with runtime.read() as fresh:
        shelf = await _from_sql(fresh, author_id)
    await _finish(runtime, key, marker, shelf, now)
    return shelf


async def _finish(runtime: Runtime, key: str, marker: str, shelf: Shelf, now: datetime) -> None:
    await runtime.gate.call(
        lambda redis: finish(redis, key, marker, shelf.entries, floor=shelf.floor, now=now, seconds=SECONDS)
    )


async def _from_sql(reader: Reader, author_id: int) -> Shelf:
    entries = await list_recent_entries(reader, author_id, Page(limit=LENGTH))
    return Shelf(b"", tuple(entries), entries[-1][0] - 1 if len(entries) == LENGTH else 0)
