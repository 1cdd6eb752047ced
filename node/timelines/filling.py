"""Filling a page: what finds candidates may find some that are not shown, and a page is full while rows remain."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from node.base.paging import Page

SPARE = 2
"""Candidates looked at beyond the page, so that one muted author does not cost a second round."""

Show = Callable[[Sequence[int]], Awaitable[list[dict[str, Any]]]]
"""Turns candidates into statuses, without those that do not belong."""


async def fill(page: Page, find: Callable[[Page], Awaitable[list[int]]], show: Show) -> list[dict[str, Any]]:
    """Show what `find` finds, page after page, until the page is full or nothing is left (client-api 35)."""
    found: list[dict[str, Any]] = []
    while True:
        ids = await find(replace(page, limit=page.limit - len(found) + SPARE))
        if not ids:
            return found
        rendered = await show(ids)
        if page.min_id is not None:
            found = [*rendered, *found][-page.limit :]
            page = replace(page, min_id=ids[0])
        else:
            found = [*found, *rendered][: page.limit]
            page = replace(page, max_id=ids[-1])
        if len(found) >= page.limit:
            return found
