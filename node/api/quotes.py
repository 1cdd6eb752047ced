"""Quotes of a post: who quotes it, taking leave back, and who may quote it at all (OBJ-14)."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer, post_answer
from node.api.composing import quote_policy_from
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.paging import page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, needs
from node.posts.authorizations import revoke, set_quote_policy
from node.posts.consent_queries import list_quote_ids
from node.posts.consent_rules import OPEN, QUOTE_POLICIES
from node.posts.queries import get_own_post, get_visible_post
from node.posts.quotes import get_quote_of
from node.posts.rendering import render_posts

blueprint = Blueprint("api_quotes", __name__, url_prefix="/api/v1/statuses")


@blueprint.get("/<id:post_id>/quotes")
@needs("read:statuses")
async def list_them(viewer: Viewer, post_id: int) -> Answer:
    """Return the posts that quote a post, as far as the viewer may see them."""
    sent = await parameters()
    node = runtime()
    async with node.read() as reader:
        post = await get_visible_post(reader, post_id, viewer.account_id)
        ids = await list_quote_ids(reader, post.boost_of_id or post.id, viewer.account_id, page_from(sent))
        return page_answer(sent, await render_posts(node, reader, ids, viewer_id=viewer.account_id), ids)


@blueprint.post("/<id:post_id>/quotes/<id:quoting_id>/revoke")
@needs("write:statuses")
async def take_back(viewer: Viewer, post_id: int, quoting_id: int) -> dict[str, Any]:
    """Take back the leave to quote an own post; answers the post that quoted it."""
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        quoting = await get_quote_of(uow, post, quoting_id)
        await revoke(uow, post, quoting, now=node.now())
    return await post_answer(node, viewer, quoting_id)


@blueprint.put("/<id:post_id>/interaction_policy")
@needs("write:statuses")
async def change_policy(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Change who may quote an own post. What is not open is nobody else's to quote, whatever is sent."""
    sent = await parameters()
    node = runtime()
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        word = quote_policy_from(sent.text("quote_approval_policy"))
        if not word:
            raise Invalid("Validation failed: Quote approval policy is missing")
        if post.boost_of_id is not None:
            raise Invalid("Validation failed: A boost has no quote policy")
        if post.visibility in OPEN:
            await set_quote_policy(uow, post, QUOTE_POLICIES[word])
    return await post_answer(node, viewer, post_id)
