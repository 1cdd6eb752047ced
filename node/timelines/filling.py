"""Filling a page: what finds candidates may find some that are not shown, and a page is full while rows remain."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from node.base.paging import Page
from node.timelines.showings import Showings

SPARE = 2
"""Candidates looked at beyond the page, so that one muted author does not cost a second round."""
MOST_AT_ONCE = 160
"""Candidates looked at in one round, of which each has twice as many as the one before: there are few of them for
somebody too who sees next to nothing of what they follow."""
MOST = 1_000
"""Candidates looked at for one page that holds something."""
FARTHEST = 5_000
"""Candidates looked at before a page is left empty: most apps take that for the end."""

Show = Callable[[Sequence[int]], Awaitable[list[dict[str, Any]]]]
"""Turns candidates into statuses, without those that do not belong."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of statuses, the cursors of its links, and whether there may be more although it is not full."""

    posts: list[dict[str, Any]]
    cursors: list[int]
    has_more: bool


async def fill(page: Page, find: Callable[[Page], Awaitable[list[int]]], showings: Showings, show: Show) -> Shown:
    """Show what `find` finds, page after page, each post once, until the page is full or nothing is left (client-api
    35).

    Who mutes all they follow would have everything looked through that was ever written: after `MOST` candidates the
    page stays short, after `FARTHEST` empty, and its cursors lead on.
    """
    found: list[dict[str, Any]] = []
    looked, times = 0, 1
    while True:
        wanted = min((page.limit - len(found) + SPARE) * times, MOST_AT_ONCE)
        ids = await find(replace(page, limit=wanted))
        if not ids:
            return shown(found)
        rendered = await show(await showings.once(ids))
        found = [post for post in found if not showings.repeats(int(post["id"]))]
        if page.min_id is not None:
            found = [*rendered, *found][-page.limit :]
            page = replace(page, min_id=ids[0])
        else:
            found = [*found, *rendered][: page.limit]
            page = replace(page, max_id=ids[-1])
        if len(found) >= page.limit:
            return shown(found)
        looked, times = looked + len(ids), 2 * times
        if looked >= (MOST if found else FARTHEST):
            return shown(found, ids[0] if page.min_id is not None else ids[-1])


def shown(posts: list[dict[str, Any]], looked_to: int | None = None) -> Shown:
    """Return a page of these posts, newest first; nobody looked beyond `looked_to`."""
    cursors = {int(post["id"]) for post in posts}
    if looked_to is not None:
        cursors.add(looked_to)
    return Shown(posts, sorted(cursors, reverse=True), looked_to is not None)
