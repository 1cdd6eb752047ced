"""Bookmarks: the list, and keeping or dropping a post. Nobody else learns of them."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer, post_answer
from node.api.entities.statuses import Status
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes
from node.posts.bookmarks import bookmark, unbookmark
from node.posts.queries import get_visible_post, list_bookmark_ids
from node.posts.rendering import render_posts

blueprint = Blueprint("api_bookmarks", __name__, url_prefix="/api/v1")


@blueprint.get("/bookmarks")
@needs("read:bookmarks")
@takes(Paging)
@answers(list[Status])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return what the viewer keeps, the latest bookmark first."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_bookmark_ids(reader, viewer.account_id, page_of(asked))
        shown = await render_posts(node, reader, [entry.post_id for entry in entries], viewer_id=viewer.account_id)
    return page_answer(shown, [entry.id for entry in entries])


@blueprint.post("/statuses/<id:post_id>/bookmark")
@needs("write:bookmarks")
@answers(Status)
async def keep(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Keep a post."""
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, viewer.account_id)
        await bookmark(uow, viewer.account_id, post, now=node.now())
    return await post_answer(node, viewer, post_id)


@blueprint.post("/statuses/<id:post_id>/unbookmark")
@needs("write:bookmarks")
@answers(Status)
async def drop(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Drop a post."""
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, viewer.account_id)
        await unbookmark(uow, viewer.account_id, post)
    return await post_answer(node, viewer, post_id)
