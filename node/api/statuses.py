"""Posts: publish, read one or several, edit, delete. What people do with them has files of its own."""

from typing import Any

from quart import Blueprint, request

from node.accounts.queries import get_account
from node.api.answers import post_answer
from node.api.drafts import changed_draft, draft_from, quote_policy_from
from node.auth.queries import get_user
from node.base.errors import BadRequest
from node.http.context import runtime
from node.http.limits import DELETES
from node.http.parameters import parameters
from node.http.principals import Viewer, needs, optional, pay
from node.posts.authorizations import set_quote_policy
from node.posts.consent_rules import QUOTE_POLICIES
from node.posts.queries import get_own_post
from node.posts.rendering import render_post, render_posts
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.service import edit, publish, withdraw
from node.remote.mentions import resolve_mentions
from node.remote.quotes import look_again
from node.timelines.fanout import push_own

MOST_AT_ONCE = 40
LONGEST_KEY = 255

blueprint = Blueprint("api_statuses", __name__, url_prefix="/api/v1/statuses")


@blueprint.post("")
@needs("write:statuses")
async def create(viewer: Viewer) -> dict[str, Any]:
    """Publish a post.

    The same `Idempotency-Key` within an hour answers with the first post (client-api behaviour 8): the key is
    written in the post's own transaction, so two requests at once make one post too. The home timeline has the
    post before the answer is out (behaviour 29).
    """
    sent = await parameters()
    key = _idempotency_key()
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, viewer.account_id)
        draft = draft_from(sent, await get_user(reader, viewer.account_id), app_id=viewer.app_id)
    mentions = await resolve_mentions(node, draft.text, author)
    async with node.write() as uow:
        post = await publish(uow, node.settings, author, draft, mentions=mentions, now=node.now(), idempotency_key=key)
        post_id = post.id
        uow.after_commit(lambda: push_own(node, viewer.account_id, post_id))
    return await post_answer(node, viewer, post_id)


@blueprint.get("")
@optional("read:statuses")
async def show_many(viewer: Viewer | None) -> list[dict[str, Any]]:
    """Return posts by `id[]`, in that order; unknown and hidden ones are left out."""
    ids = (await parameters()).identifiers("id")[:MOST_AT_ONCE]
    node = runtime()
    async with node.read() as reader:
        return await render_posts(node, reader, ids, viewer_id=viewer.account_id if viewer else None)


@blueprint.get("/<id:post_id>")
@optional("read:statuses")
async def show(viewer: Viewer | None, post_id: int) -> dict[str, Any]:
    """Return a post."""
    node = runtime()
    async with node.read() as reader:
        shown = await render_post(node, reader, post_id, viewer_id=viewer.account_id if viewer else None)
    await look_again(node, [shown])
    return shown


@blueprint.put("/<id:post_id>")
@blueprint.patch("/<id:post_id>")
@needs("write:statuses")
async def change(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Edit an own post; what is not sent stays as it is. The visibility cannot change."""
    sent = await parameters()
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, viewer.account_id)
        post = await get_own_post(reader, post_id, viewer.account_id)
        draft = await changed_draft(reader, post, sent)
    mentions = await resolve_mentions(node, draft.text, author)
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        post = await edit(uow, node.settings, post, draft, mentions=mentions, now=node.now())
        policy = quote_policy_from(sent)
        if policy and post.visibility in OPEN_VISIBILITIES:
            await set_quote_policy(uow, post, QUOTE_POLICIES[policy])
    return await post_answer(node, viewer, post_id)


@blueprint.delete("/<id:post_id>")
@needs("write:statuses")
async def delete(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Delete an own post; the answer has its source and media, for who wants to write it anew.

    The pictures go back to the author's uploads for that, unless `delete_media` says otherwise.
    """
    await pay(viewer, DELETES)
    delete_media = (await parameters()).is_set("delete_media")
    node = runtime()
    async with node.read() as reader:
        post = await get_own_post(reader, post_id, viewer.account_id)
        text = post.text
        shown = await render_post(node, reader, post_id, viewer_id=viewer.account_id)
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        await withdraw(uow, post, now=node.now(), keep_media=not delete_media)
    return shown | {"text": text}


@blueprint.get("/<id:post_id>/source")
@needs("read:statuses")
async def source(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Return what an own post was written as."""
    async with runtime().read() as reader:
        post = await get_own_post(reader, post_id, viewer.account_id)
    return {"id": str(post.id), "text": post.text, "spoiler_text": post.spoiler_text}


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key must be at most {LONGEST_KEY} characters")
    return key.replace("\x00", "") or None
