"""Likes: the list, and liking or unliking a post. Answers carry the new counts and flags (behaviour 32)."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer, post_answer
from node.api.entities.statuses import Status
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, answers, takes
from node.posts.likes import like_soon, unlike
from node.posts.queries import get_visible_post, list_liked_ids
from node.posts.rendering import render_posts

blueprint = Blueprint("api_favourites", __name__, url_prefix="/api/v1")


@blueprint.get("/favourites")
@needs("read:favourites")
@takes(Paging)
@answers(list[Status])
async def list_them(viewer: Viewer, asked: Paging) -> Answer:
    """Return what the viewer likes, the latest like first."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_liked_ids(reader, viewer.account_id, page_of(asked))
        shown = await render_posts(node, reader, [entry.post_id for entry in entries], viewer_id=viewer.account_id)
    return page_answer(shown, [entry.id for entry in entries])


@blueprint.post("/statuses/<id:post_id>/favourite")
@needs("write:favourites")
@answers(Status)
async def favourite(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Like a post."""
    node = runtime()
    await like_soon(node, viewer.account_id, post_id)
    return await post_answer(node, viewer, post_id)


@blueprint.post("/statuses/<id:post_id>/unfavourite")
@needs("write:favourites")
@answers(Status)
async def unfavourite(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Take a like back."""
    node = runtime()
    async with node.write() as uow:
        await unlike(uow, viewer.account_id, await get_visible_post(uow, post_id, viewer.account_id))
    return await post_answer(node, viewer, post_id)
