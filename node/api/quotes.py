"""Quotes of a post: who quotes it, taking leave back, and who may quote it at all (OBJ-14)."""

from typing import Any, Literal

from quart import Blueprint

from node.api.answers import Answer, page_answer, post_answer
from node.api.entities.statuses import Status
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.posts.authorizations import revoke, set_quote_policy
from node.posts.consent_queries import list_quote_ids
from node.posts.consent_rules import OPEN, QUOTE_POLICIES
from node.posts.queries import get_own_post, get_visible_post
from node.posts.quotes import get_quote_of
from node.posts.rendering import render_posts

blueprint = Blueprint("api_quotes", __name__, url_prefix="/api/v1/statuses")


class QuotePolicy(Request, frozen=True, kw_only=True):
    """Who may quote a post."""

    quote_approval_policy: Literal["public", "followers", "nobody"] | None = None


@blueprint.get("/<id:post_id>/quotes")
@needs("read:statuses")
@takes(Paging)
@answers(list[Status])
async def list_them(viewer: Viewer, asked: Paging, post_id: int) -> Answer:
    """Return the posts that quote a post, as far as the viewer may see them."""
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer.account_id)
        ids = await list_quote_ids(reader, post.boost_of_id or post.id, viewer.account_id, page_of(asked))
        return page_answer(await render_posts(node, reader, ids, viewer_id=viewer.account_id), ids)


@blueprint.post("/<id:post_id>/quotes/<id:quoting_id>/revoke")
@needs("write:statuses")
@answers(Status)
async def take_back(viewer: Viewer, post_id: int, quoting_id: int) -> dict[str, Any]:
    """Take back the leave to quote an own post; answers the post that quoted it."""
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        quoting = await get_quote_of(uow, post, quoting_id)
        await revoke(uow, post, quoting, now=node.now())
    return await post_answer(node, viewer, quoting_id)


@blueprint.put("/<id:post_id>/interaction_policy")
@blueprint.patch("/<id:post_id>/interaction_policy")
@needs("write:statuses")
@takes(QuotePolicy)
@answers(Status)
async def change_policy(viewer: Viewer, asked: QuotePolicy, post_id: int) -> dict[str, Any]:
    """Change who may quote an own post. What is not open is nobody else's to quote, whatever is sent."""
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        if asked.quote_approval_policy is None:  # not required by the shape: whose post it is comes first
            raise Invalid("Validation failed: Quote approval policy can't be blank")
        if post.boost_of_id is not None:
            raise Invalid("Validation failed: A boost has no quote policy")
        if post.visibility in OPEN:
            await set_quote_policy(uow, post, QUOTE_POLICIES[asked.quote_approval_policy])
    return await post_answer(node, viewer, post_id)
