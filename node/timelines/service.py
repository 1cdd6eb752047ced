"""Reading the timeline of a list: pages of statuses, full while there is more. Home: `home`, others: `public`."""

from collections.abc import Collection, Sequence
from typing import Any

from node.base.paging import Page
from node.base.runtime import Runtime
from node.lists.models import List
from node.posts.rendering import render_posts
from node.timelines.authored_queries import Entry
from node.timelines.filling import Shown, fill
from node.timelines.list_queries import list_in_list_among, list_list_entries
from node.timelines.showings import Showings


async def list_page(runtime: Runtime, list_: List, page: Page) -> Shown:
    """Return a page of what the people on a list write, as its owner sees it."""
    looked_at: list[Entry] = []
    async with runtime.browse(list_.account_id) as reader:

        async def seen_among(ids: Collection[int]) -> list[int]:
            return await list_in_list_among(reader, list_, ids, now=runtime.now())

        async def find(wanted: Page) -> list[int]:
            entries = await list_list_entries(reader, list_, wanted)
            looked_at.extend(entries)
            return [id_ for id_, _ in entries]

        async def show(ids: Sequence[int]) -> list[dict[str, Any]]:
            return await render_posts(runtime, reader, await seen_among(ids), viewer_id=list_.account_id)

        return await fill(page, find, Showings(looked_at, seen_among), show)
