"""Looking at rows: which of the proposed posts match, within the time of a search. Called by `service`.

Posts may be made to be dear to look at (a hundred thousand letters, the same word two thousand times), and a search
looks at some thousand. So much text is looked at in a thread, a part of the rows at a time, until time is over: whoever
else is served by this process waits for none of it (attack row 105).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from node.base.db.unit_of_work import Reader
from node.search.matching import Row, matches
from node.search.queries import list_rows
from node.search.steps import Step

PART: Final = 250
"""Rows that are held in memory at a time."""
ALWAYS: Final = 20
"""So few are looked at however late it is."""
LITTLE: Final = 100_000
"""Characters that are looked at on the spot: some two milliseconds."""

T = TypeVar("T")


async def aside(characters: int, work: Callable[[], T]) -> T:
    """Do some work over so many characters, in a thread where they are many."""
    return work() if characters <= LITTLE else await asyncio.to_thread(work)


async def matching(step: Step, rows: Sequence[Row], *, stop_at: float) -> tuple[list[int], bool]:
    """Return the ids of the rows that match, in their order; and whether there was time for all of them."""
    return await aside(sum(len(row.words) for row in rows), lambda: _matching(step, rows, stop_at))


async def matching_of(
    reader: Reader, step: Step, ids: Sequence[int], *, enough: int, stop_at: float
) -> tuple[list[int], bool]:
    """Return those of `ids` whose rows match, newest first, up to about `enough`; and whether all were looked at."""
    newest = sorted(ids, reverse=True)
    found: list[int] = []
    for start in range(0, max(len(newest), 1), PART):  # of none too, as `list_candidates`
        if start and (len(found) >= enough or time.monotonic() > stop_at):
            return found, False
        some, is_all = await matching(step, await list_rows(reader, newest[start : start + PART]), stop_at=stop_at)
        found += some
        if not is_all:
            return found, False
    return found, True


def _matching(step: Step, rows: Sequence[Row], stop_at: float) -> tuple[list[int], bool]:
    found: list[int] = []
    for number, row in enumerate(rows):
        if number >= ALWAYS and time.monotonic() > stop_at:
            return found, False
        if matches(step, row):
            found.append(row.post_id)
    return found, True
