"""Pinning the viewer's own posts to their page, and taking them down."""

from typing import Any

from quart import Blueprint

from node.api.answers import post_answer
from node.api.entities.statuses import Status
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import answers
from node.posts.pins import pin, unpin
from node.posts.queries import get_own_post

blueprint = Blueprint("api_pins", __name__, url_prefix="/api/v1/statuses")


@blueprint.post("/<id:post_id>/pin")
@needs("write:accounts")
@answers(Status)
async def put_up(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Pin an own post."""
    node = runtime()
    async with node.write() as uow:
        await pin(uow, await get_own_post(uow, post_id, viewer.account_id), now=node.now())
    return await post_answer(node, viewer, post_id)


@blueprint.post("/<id:post_id>/unpin")
@needs("write:accounts")
@answers(Status)
async def take_down(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Take an own post down."""
    node = runtime()
    async with node.write() as uow:
        await unpin(uow, await get_own_post(uow, post_id, viewer.account_id))
    return await post_answer(node, viewer, post_id)
