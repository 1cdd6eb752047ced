"""Around a post: its thread, its earlier versions, who liked and who boosted it."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.api.answers import Answer, accounts_answer
from node.http.context import runtime
from node.http.paging import page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, optional
from node.posts.queries import get_visible_post, list_boosted_by, list_context, list_edits, list_liked_by
from node.posts.rendering import render_posts
from node.posts.views import edit_views

blueprint = Blueprint("api_threads", __name__, url_prefix="/api/v1/statuses")


@blueprint.get("/<id:post_id>/context")
@optional("read:statuses")
async def context(viewer: Viewer | None, post_id: int) -> dict[str, Any]:
    """Return what the post answers, oldest first, and what answers it, as a tree walk (behaviour 30)."""
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer_id)
        ancestors, descendants = await list_context(reader, post, viewer_id)
        return {
            "ancestors": await render_posts(node, reader, ancestors, viewer_id=viewer_id),
            "descendants": await render_posts(node, reader, descendants, viewer_id=viewer_id),
        }


@blueprint.get("/<id:post_id>/history")
@optional("read:statuses")
async def history(viewer: Viewer | None, post_id: int) -> list[dict[str, Any]]:
    """Return every version of a post, the first one first."""
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer.account_id if viewer else None)
        author = account_view(await get_account(reader, post.account_id), settings=node.settings)
        return edit_views(post, await list_edits(reader, post.id), account=author)


@blueprint.get("/<id:post_id>/favourited_by")
@optional("read:accounts", "read:statuses")
async def favourited_by(viewer: Viewer | None, post_id: int) -> Answer:
    """Return who likes the post."""
    return await _people(viewer, post_id, list_liked_by)


@blueprint.get("/<id:post_id>/reblogged_by")
@optional("read:accounts", "read:statuses")
async def reblogged_by(viewer: Viewer | None, post_id: int) -> Answer:
    """Return who boosted the post."""
    return await _people(viewer, post_id, list_boosted_by)


async def _people(viewer: Viewer | None, post_id: int, query: Any) -> Answer:
    sent = await parameters()
    page = page_from(sent, 40)
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer.account_id if viewer else None)
        entries = await query(reader, post.id, page)
        return await accounts_answer(node, reader, sent, entries)
