"""Filling a page: what finds candidates may find some that are not shown, and a page is full while rows remain."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from node.base.paging import Page

SPARE = 2
"""Candidates looked at beyond the page, so that one muted author does not cost a second round."""
MOST_AT_ONCE = 400
"""Candidates looked at in one round, of which each has twice as many as the one before: there are few of them for
somebody too who sees next to nothing of what they follow."""

Show = Callable[[Sequence[int]], Awaitable[list[dict[str, Any]]]]
"""Turns candidates into statuses, without those that do not belong."""


async def fill(page: Page, find: Callable[[Page], Awaitable[list[int]]], show: Show) -> list[dict[str, Any]]:
    """Show what `find` finds, page after page, until the page is full or nothing is left (client-api 35)."""
    found: list[dict[str, Any]] = []
    times = 1
    while True:
        wanted = min((page.limit - len(found) + SPARE) * times, MOST_AT_ONCE)
        ids = await find(replace(page, limit=wanted))
        if not ids:
            return found
        rendered = await show(ids)
        if page.min_id is not None:
            found = [*rendered, *found][-page.limit :]
            page = replace(page, min_id=ids[0])
        else:
            found = [*found, *rendered][: page.limit]
            page = replace(page, max_id=ids[-1])
        times *= 2
        if len(found) >= page.limit:
            return found
