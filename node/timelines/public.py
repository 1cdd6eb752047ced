"""Reading the timelines that anybody may read: local and federated, by hashtag, of a link.

A page may be short, even empty, and still go on: for a viewer who hides nearly everything nobody looks through all
there is at once (`node/posts/walks.py`). Its cursors then lead on from where the look ended.
"""

from collections.abc import Sequence

from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.base.runtime import Runtime
from node.cards.queries import list_card_ids_of
from node.posts.rendering import render_posts
from node.posts.walks import Found
from node.timelines.filling import Shown
from node.timelines.public_queries import list_hashtag_ids, list_link_ids, list_public_ids


async def public_page(
    runtime: Runtime,
    page: Page,
    *,
    viewer_id: int | None,
    local: bool = False,
    remote: bool = False,
    only_media: bool = False,
) -> Shown:
    """Return a page of the local or federated timeline."""
    async with runtime.browse(viewer_id) as reader:
        found = await list_public_ids(
            reader, page, viewer_id=viewer_id, now=runtime.now(), local=local, remote=remote, only_media=only_media
        )
        return await _shown(runtime, reader, found, viewer_id)


async def link_page(runtime: Runtime, page: Page, *, viewer_id: int | None, url: str) -> Shown:
    """Return a page of public posts that link to an address. Raises NotFound for one that nobody posted."""
    async with runtime.browse(viewer_id) as reader:
        card_ids = await list_card_ids_of(reader, url)
        if not card_ids:
            raise NotFound()
        found = await list_link_ids(reader, page, viewer_id=viewer_id, now=runtime.now(), card_ids=card_ids)
        return await _shown(runtime, reader, found, viewer_id)


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
) -> Shown:
    """Return a page of posts by hashtag. Names are folded, without `#`."""
    async with runtime.browse(viewer_id) as reader:
        found = await list_hashtag_ids(
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
        return await _shown(runtime, reader, found, viewer_id)


async def _shown(runtime: Runtime, reader: Reader, found: Found, viewer_id: int | None) -> Shown:
    posts = await render_posts(runtime, reader, found.ids, viewer_id=viewer_id)
    return Shown(posts, found.cursors, found.looked_to is not None)
