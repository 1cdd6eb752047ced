"""Posts: publish, read one or several, edit, delete. What people do with them has files of its own."""

from functools import partial
from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.answers import post_answer
from node.api.composing import (
    ChangedPost,
    NewPost,
    NewThread,
    changed_draft,
    draft_from,
    idempotency_key,
    quote_policy_from,
    thread_from,
    with_thumbnails,
)
from node.api.entities.scheduled import ScheduledStatus
from node.api.entities.statuses import DeletedStatus, Status, StatusSource
from node.api.scheduled_statuses import scheduled_answer
from node.auth.queries import get_posting_defaults
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.limits import DELETES, costs
from node.http.principals import Viewer, needs, optional
from node.http.repeats import keeps_own_keys
from node.http.requests import Identifier, Request, answers, takes
from node.posts.authorizations import set_quote_policy
from node.posts.consent_rules import QUOTE_POLICIES
from node.posts.idempotency import KeyUsed
from node.posts.queries import get_own_post
from node.posts.rendered_posts import keep_new
from node.posts.rendering import render_post, render_posts
from node.posts.rules import OPEN_VISIBILITIES
from node.posts.service import edit, publish, withdraw
from node.posts.thread_publishing import MAX_POSTS, publish_thread
from node.remote.mentions import resolve_mentions
from node.remote.quotes import look_again
from node.scheduled.service import schedule
from node.timelines.fanout import push_own

MOST_AT_ONCE = 40

blueprint = Blueprint("api_statuses", __name__, url_prefix="/api/v1/statuses")


class ManyPosts(Request, frozen=True, kw_only=True):
    """Posts by id."""

    id: list[Identifier] = []


class Deletion(Request, frozen=True, kw_only=True):
    """Whether the media of a deleted post go with it, or back to its author's uploads to be attached anew."""

    delete_media: bool = False


@blueprint.post("")
@keeps_own_keys
@needs("write:statuses")
@takes(NewPost)
@answers(Status | ScheduledStatus)
async def create(viewer: Viewer, asked: NewPost) -> dict[str, Any]:
    """Publish a post, or with `scheduled_at` put it down for later.

    The same `Idempotency-Key` within an hour answers with what the first request made (client-api behaviour 8): the
    key is written in the post's own transaction, so two requests at once make one post too. The home timeline has the
    post before the answer is out (behaviour 29).
    """
    key = idempotency_key()
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, viewer.account_id)
        draft = draft_from(asked, await get_posting_defaults(reader, viewer.account_id), app_id=viewer.app_id)
    now = node.now()
    try:
        if asked.scheduled_at is not None:
            async with node.write() as uow:
                row = await schedule(
                    uow, node.settings, author, draft, at=asked.scheduled_at, now=now, idempotency_key=key
                )
            return await scheduled_answer(viewer, row.id)
        mentions = await resolve_mentions(node, draft.text, author)
        async with node.write() as uow:
            post = await publish(uow, node.settings, author, draft, mentions=mentions, now=now, idempotency_key=key)
            post_id = post.id
            uow.after_commit(lambda: push_own(node, viewer.account_id, post_id))
        if not draft.media_ids and post.created_at == now:  # a repeated key answers with an earlier post
            keep_new(node, post, author)
    except KeyUsed as used:
        return await _made_before(viewer, used.made_id)
    return await post_answer(node, viewer, post_id)


async def _made_before(viewer: Viewer, made_id: int) -> dict[str, Any]:
    """Answer a key that made something of the other kind: a post where one was scheduled, or the reverse."""
    try:
        return await scheduled_answer(viewer, made_id)
    except NotFound:
        return await post_answer(runtime(), viewer, made_id)


@blueprint.post("/thread")
@keeps_own_keys
@needs("write:statuses")
@takes(NewThread)
@answers(list[Status])
async def create_thread(viewer: Viewer, asked: NewThread) -> list[dict[str, Any]]:
    """Publish a whole thread, all of its posts or none, and return them in order (ours alone).

    The same `Idempotency-Key` within an hour answers with the posts of the first request.
    """
    key = idempotency_key()
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, viewer.account_id)
        drafts = thread_from(asked, await get_posting_defaults(reader, viewer.account_id), app_id=viewer.app_id)
    mentions = await resolve_mentions(node, "\n".join(draft.text for draft in drafts[:MAX_POSTS]), author)
    try:
        async with node.write() as uow:
            posts = await publish_thread(
                uow, node.settings, author, drafts, mentions=mentions, now=node.now(), idempotency_key=key
            )
            ids = [post.id for post in posts]
            for id_ in ids:
                uow.after_commit(partial(push_own, node, viewer.account_id, id_))
    except KeyUsed as used:
        return [await _made_before(viewer, used.made_id)]
    async with node.read() as reader:
        return await render_posts(node, reader, ids, viewer_id=viewer.account_id)


@blueprint.get("")
@optional("read:statuses")
@takes(ManyPosts)
@answers(list[Status])
async def show_many(viewer: Viewer | None, asked: ManyPosts) -> list[dict[str, Any]]:
    """Return posts by `id[]`, in that order; unknown and hidden ones are left out."""
    node = runtime()
    async with node.read() as reader:
        ids = asked.id[:MOST_AT_ONCE]
        return await render_posts(node, reader, ids, viewer_id=viewer.account_id if viewer else None)


@blueprint.get("/<id:post_id>")
@optional("read:statuses")
@answers(Status)
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
@takes(ChangedPost)
@answers(Status)
async def change(viewer: Viewer, asked: ChangedPost, post_id: int) -> dict[str, Any]:
    """Edit an own post; what is not sent stays as it is. Neither visibility nor `local_only` can change."""
    policy = quote_policy_from(asked.quote_approval_policy)
    node = runtime()
    async with node.read() as reader:
        author = await get_account(reader, viewer.account_id)
        post = await get_own_post(reader, post_id, viewer.account_id)
        draft = await changed_draft(reader, post, asked)
    draft = await with_thumbnails(node, viewer, draft, asked)
    mentions = await resolve_mentions(node, draft.text, author)
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        post = await edit(uow, node.settings, post, draft, mentions=mentions, now=node.now())
        if policy and post.visibility in OPEN_VISIBILITIES:
            await set_quote_policy(uow, post, QUOTE_POLICIES[policy])
    return await post_answer(node, viewer, post_id)


@blueprint.delete("/<id:post_id>")
@costs(1, DELETES)
@needs("write:statuses")
@takes(Deletion)
@answers(DeletedStatus)
async def delete(viewer: Viewer, asked: Deletion, post_id: int) -> dict[str, Any]:
    """Delete an own post; the answer has its source, poll and media, for who wants to write it anew.

    The media go back to the author's uploads for that, unless `delete_media` says otherwise.
    """
    node = runtime()
    async with node.read() as reader:
        post = await get_own_post(reader, post_id, viewer.account_id)
        text = post.text
        shown = await render_post(node, reader, post_id, viewer_id=viewer.account_id)
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, viewer.account_id)
        await withdraw(uow, post, now=node.now(), keep_media=not asked.delete_media)
    return shown | {"text": text}


@blueprint.get("/<id:post_id>/source")
@needs("read:statuses")
@answers(StatusSource)
async def source(viewer: Viewer, post_id: int) -> dict[str, Any]:
    """Return what an own post was written as."""
    async with runtime().read() as reader:
        post = await get_own_post(reader, post_id, viewer.account_id)
    return {"id": str(post.id), "text": post.text, "spoiler_text": post.spoiler_text}
