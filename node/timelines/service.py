"""Reading timelines: pages of rendered statuses, full while there is more.

Home is read from the person's list in Redis, ordered and de-duplicated here, with the posts of large authors
merged in, and goes on from SQL where the list ends, where there is none, and when Redis is away. Whether an
entry (still) belongs there is asked of SQL with the rendering, so an unfollow, block or deletion counts at once.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.cards.queries import list_card_ids_of
from node.lists.models import List
from node.posts.rendering import render_posts
from node.pulls.queries import list_merged_ids
from node.timelines import home_lists
from node.timelines.home_queries import list_home_ids, list_in_list_among, list_list_candidates
from node.timelines.queries import (
    list_followed_among,
    list_hashtag_ids,
    list_large_authors,
    list_link_ids,
    list_public_ids,
    list_recent_ids,
)

SPARE = 5
"""Candidates looked at beyond the page, so that one muted author does not cost a second round."""

Show = Callable[[Sequence[int]], Awaitable[list[dict[str, Any]]]]
"""Turns candidates into statuses, without those that do not belong."""

LARGE_MARGIN = 0.9
"""A read pulls authors a little below the limit too, so that one who crosses it is never in neither way's hands."""


async def home_page(runtime: Runtime, account_id: int, page: Page) -> list[dict[str, Any]]:
    """Return a page of a person's home timeline, newest first."""
    async with runtime.read() as reader:
        pushed = await _pushed_ids(runtime, reader, account_id)
        if pushed is None:
            return await _page_from_sql(runtime, reader, account_id, page)
        entries = sorted({*pushed, *await _pulled_ids(runtime, reader, account_id, page)} - {0}, reverse=True)
        reaches_back = len(pushed) < runtime.settings.home_length
        if page.min_id is not None:
            if not reaches_back and (not entries or page.min_id < entries[-1]):
                return await _page_from_sql(runtime, reader, account_id, page)
            return await _filled(runtime, reader, account_id, page, entries)
        found = await _filled(runtime, reader, account_id, page, entries)
        if len(found) < page.limit and not reaches_back:
            oldest = min(entries[-1], page.max_id or entries[-1])
            rest = replace(page, max_id=oldest, limit=page.limit - len(found))
            found += await _page_from_sql(runtime, reader, account_id, rest)
        return _without_repeats(found)


async def public_page(
    runtime: Runtime,
    page: Page,
    *,
    viewer_id: int | None,
    local: bool = False,
    remote: bool = False,
    only_media: bool = False,
) -> list[dict[str, Any]]:
    """Return a page of the local or federated timeline."""
    async with runtime.read() as reader:
        ids = await list_public_ids(
            reader, page, viewer_id=viewer_id, now=runtime.now(), local=local, remote=remote, only_media=only_media
        )
        return await render_posts(runtime, reader, ids, viewer_id=viewer_id)


async def link_page(runtime: Runtime, page: Page, *, viewer_id: int | None, url: str) -> list[dict[str, Any]]:
    """Return a page of public posts that link to an address. Raises NotFound for one that nobody posted."""
    async with runtime.read() as reader:
        card_ids = await list_card_ids_of(reader, url)
        if not card_ids:
            raise NotFound()
        ids = await list_link_ids(reader, page, viewer_id=viewer_id, now=runtime.now(), card_ids=card_ids)
        return await render_posts(runtime, reader, ids, viewer_id=viewer_id)


async def hashtag_page(
    runtime: Runtime,
    page: Page,
    *,
    viewer_id: int | None,
    any_of: Sequence[str],
    all_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
    local: bool = False,
    remote: bool = False,
    only_media: bool = False,
) -> list[dict[str, Any]]:
    """Return a page of posts by hashtag. Names are folded, without `#`."""
    async with runtime.read() as reader:
        ids = await list_hashtag_ids(
            reader,
            page,
            viewer_id=viewer_id,
            now=runtime.now(),
            any_of=any_of,
            all_of=all_of,
            none_of=none_of,
            local=local,
            remote=remote,
            only_media=only_media,
        )
        return await render_posts(runtime, reader, ids, viewer_id=viewer_id)


async def list_page(runtime: Runtime, list_: List, page: Page) -> list[dict[str, Any]]:
    """Return a page of what the people on a list write, as its owner sees it."""
    async with runtime.read() as reader:

        async def show(ids: Sequence[int]) -> list[dict[str, Any]]:
            kept = await list_in_list_among(reader, list_, ids, now=runtime.now())
            return await render_posts(runtime, reader, kept, viewer_id=list_.account_id)

        return await _fill(page, partial(list_list_candidates, reader, list_), show)


async def _pushed_ids(runtime: Runtime, reader: Reader, account_id: int) -> list[int] | None:
    """Return the person's list, building it first if there is none. None when Redis is away."""
    gate = runtime.gate
    found = await gate.call(lambda redis: home_lists.read(redis, account_id))
    if found is not None or gate.is_shut:
        return found
    if not await gate.call(lambda redis: home_lists.begin(redis, account_id)):
        return None
    cap = runtime.settings.home_length
    # A view opened after the marker was set: what committed before it is seen here, what commits later is pushed.
    async with runtime.read() as fresh:
        ids = await list_home_ids(fresh, account_id, Page(limit=cap))
    await gate.call(lambda redis: home_lists.finish(redis, account_id, ids, cap=cap))
    return ids


async def _pulled_ids(runtime: Runtime, reader: Reader, account_id: int, page: Page) -> list[int]:
    """Return recent posts of the large authors, and of the pulled accounts, that this person follows."""
    known = runtime.caches.get("large_authors", size=1, seconds=60)
    large: list[int] | None = known.get("all")
    if large is None:
        above = int(runtime.settings.active_limit * LARGE_MARGIN)
        large = list({*await list_large_authors(reader, above=above), *await list_merged_ids(reader)})
        known.put("all", large)
    pulled: list[int] = []
    for author_id in await list_followed_among(reader, account_id, large):
        pulled += await list_recent_ids(reader, author_id, replace(page, limit=page.limit * 2))
    return pulled


async def _filled(
    runtime: Runtime, reader: Reader, account_id: int, page: Page, entries: Sequence[int]
) -> list[dict[str, Any]]:
    """Return a page of `entries` (newest first), going on until it is full or the entries end."""

    async def pick(wanted: Page) -> list[int]:
        return wanted.pick(list(entries))

    return await _fill(page, pick, _home_shower(runtime, reader, account_id))


async def _page_from_sql(runtime: Runtime, reader: Reader, account_id: int, page: Page) -> list[dict[str, Any]]:
    find = partial(list_home_ids, reader, account_id)
    return await _fill(page, find, _home_shower(runtime, reader, account_id))


def _home_shower(runtime: Runtime, reader: Reader, account_id: int) -> Show:
    return partial(render_posts, runtime, reader, viewer_id=account_id, home=True)


async def _fill(page: Page, find: Callable[[Page], Awaitable[list[int]]], show: Show) -> list[dict[str, Any]]:
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


def _without_repeats(statuses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the page with each post once: itself rather than a boost of it, else its newest boost."""
    seen = {status["id"] for status in statuses if status["reblog"] is None}
    kept = []
    for status in statuses:
        boosted = status["reblog"]
        if boosted is None or boosted["id"] not in seen:
            kept.append(status)
        if boosted is not None:
            seen.add(boosted["id"])
    return kept
