"""Reading timelines, all but home (`home`): pages of rendered statuses, full while there is more."""

from collections.abc import Sequence
from typing import Any

from node.base.errors import NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.cards.queries import list_card_ids_of
from node.lists.models import List
from node.posts.rendering import render_posts
from node.timelines.filling import fill
from node.timelines.home_queries import Entry, list_in_list_among, list_list_entries
from node.timelines.queries import list_hashtag_ids, list_link_ids, list_public_ids
from node.timelines.rules import earlier_showings


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
    looked_at: list[Entry] = []
    async with runtime.read() as reader:

        async def find(wanted: Page) -> list[int]:
            entries = await list_list_entries(reader, list_, wanted)
            looked_at.extend(entries)
            return [id_ for id_, _ in entries]

        async def show(ids: Sequence[int]) -> list[dict[str, Any]]:
            earlier = earlier_showings(looked_at, set(ids))
            others = {other for found in earlier.values() for other in found}
            seen = set(await list_in_list_among(reader, list_, [*{*ids, *others}], now=runtime.now()))
            kept = [id_ for id_ in ids if id_ in seen and seen.isdisjoint(earlier.get(id_, ()))]
            return await render_posts(runtime, reader, kept, viewer_id=list_.account_id)

        return await fill(page, find, show)
