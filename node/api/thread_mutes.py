"""Muting a thread by one of its posts, and hearing of it again."""

from typing import Any

from quart import Blueprint

from node.api.answers import post_answer
from node.api.entities.statuses import Status
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import answers
from node.posts.queries import get_visible_post
from node.posts.thread_mutes import mute_thread, unmute_thread

blueprint = Blueprint("api_thread_mutes", __name__, url_prefix="/api/v1/statuses")


@blueprint.post("/<id:post_id>/mute")
@needs("write:mutes")
@answers(Status)
async def mute(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Hear no more of the thread of a post: nothing in it notifies the viewer."""
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, viewer.account_id)
        await mute_thread(uow, viewer.account_id, post, now=node.now())
    return await post_answer(node, viewer, post_id)


@blueprint.post("/<id:post_id>/unmute")
@needs("write:mutes")
@answers(Status)
async def unmute(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Hear of it again."""
    node = runtime()
    async with node.write() as uow:
        await unmute_thread(uow, viewer.account_id, await get_visible_post(uow, post_id, viewer.account_id))
    return await post_answer(node, viewer, post_id)
