"""Boosts, which the API calls reblogs: boosting answers the wrapper, taking it back answers the original."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.base.db.unit_of_work import Reader
from node.http.context import runtime
from node.http.limits import DELETES
from node.http.principals import Viewer, needs, pay
from node.posts.boosts import boost, unboost
from node.posts.models import Post
from node.posts.queries import get_visible_post
from node.posts.rendering import render_post
from node.timelines.fanout import push_own

blueprint = Blueprint("api_boosts", __name__, url_prefix="/api/v1/statuses")


@blueprint.post("/<id:post_id>/reblog")
@needs("write:statuses")
async def reblog(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Boost a post; a boost of a boost boosts the original."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        made = await boost(uow, node.settings, me, await _original(uow, viewer, post_id), now=node.now())
        boost_id = made.id
        uow.after_commit(lambda: push_own(node, me.id, boost_id))
        return await render_post(node, uow, boost_id, viewer_id=me.id)


@blueprint.post("/<id:post_id>/unreblog")
@needs("write:statuses")
async def unreblog(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Take a boost back."""
    await pay(viewer, DELETES)
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        original = await _original(uow, viewer, post_id)
        await unboost(uow, me, original, now=node.now())
        return await render_post(node, uow, original.id, viewer_id=me.id)


async def _original(reader: Reader, viewer: Viewer, post_id: int) -> Post:
    """Return the post, or what it boosts, if the viewer may see it."""
    post = await get_visible_post(reader, post_id, viewer.account_id)
    if post.boost_of_id is None:
        return post
    return await get_visible_post(reader, post.boost_of_id, viewer.account_id)
