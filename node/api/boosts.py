"""Boosts, which the API calls reblogs: boosting answers the wrapper, taking it back answers the original."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.answers import post_answer
from node.api.entities.statuses import Status, Visibility
from node.http.context import runtime
from node.http.limits import DELETES, costs
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes
from node.posts.boosts import boost, unboost
from node.posts.queries import get_visible_post
from node.posts.views import VISIBILITY_FROM_WORD
from node.timelines.fanout import push_own

blueprint = Blueprint("api_boosts", __name__, url_prefix="/api/v1/statuses")


class NewBoost(Request, frozen=True, kw_only=True):
    """How widely to boost."""

    visibility: Visibility | None = None


@blueprint.post("/<id:post_id>/reblog")
@needs("write:statuses")
@takes(NewBoost)
@answers(Status)
async def reblog(viewer: Viewer, asked: NewBoost, post_id: int) -> dict[str, Any]:
    """Boost a post, as widely as `visibility` says but never wider than the post itself."""
    node = runtime()
    async with node.write() as uow:
        me = await get_account(uow, viewer.account_id)
        made = await boost(
            uow,
            node.settings,
            me,
            await get_visible_post(uow, post_id, me.id),
            now=node.now(),
            visibility=VISIBILITY_FROM_WORD[asked.visibility] if asked.visibility else None,
        )
        boost_id, original_id = made.id, made.boost_of_id or 0
        uow.after_commit(lambda: push_own(node, viewer.account_id, boost_id, boost_of=original_id))
    return await post_answer(node, viewer, boost_id)


@blueprint.post("/<id:post_id>/unreblog")
@costs(1, DELETES)
@needs("write:statuses")
@answers(Status)
async def unreblog(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Take a boost back; `post_id` is what was boosted, or the boost."""
    node = runtime()
    async with node.write() as uow:
        post = await get_visible_post(uow, post_id, viewer.account_id)
        original_id = post.boost_of_id or post.id
        await unboost(uow, viewer.account_id, post, now=node.now())
    return await post_answer(node, viewer, original_id)
