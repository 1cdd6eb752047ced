"""Around a post: its thread, its earlier versions, who liked and who boosted it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.accounts.views import account_view
from node.api.answers import Answer, accounts_answer
from node.api.entities.accounts import Account
from node.api.entities.statuses import Context, StatusEdit
from node.base.db.unit_of_work import Reader
from node.completion.asking import look_at_thread
from node.completion.views import async_refresh_header
from node.emojis.views import emoji_views
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, optional
from node.http.requests import Paging, answers, takes
from node.media.queries import list_media
from node.media.views import media_view
from node.posts.models import Post, PostEdit
from node.posts.queries import (
    get_visible_post,
    list_boosted_by,
    list_context,
    list_edits,
    list_liked_by,
)
from node.posts.rendering import render_posts
from node.posts.views import time_word

blueprint = Blueprint("api_threads", __name__, url_prefix="/api/v1/statuses")


@blueprint.get("/<id:post_id>/context")
@optional("read:statuses")
@answers(Context)
async def context(viewer: Viewer | None, post_id: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return what the post answers, oldest first, and what answers it, as a tree walk (behaviour 30).

    What other servers have of the thread is asked for; while that goes on, a header says so (COL-7).
    """
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    async with node.read() as reader:
        post = await _original(reader, post_id, viewer_id)
        ancestors, descendants = await list_context(reader, post, viewer_id, now=node.now())
        found = {
            "ancestors": await render_posts(node, reader, ancestors, viewer_id=viewer_id),
            "descendants": await render_posts(node, reader, descendants, viewer_id=viewer_id),
        }
    return found, 200, async_refresh_header(await look_at_thread(node, post, viewer_id))


@blueprint.get("/<id:post_id>/history")
@optional("read:statuses")
@answers(list[StatusEdit])
async def history(viewer: Viewer | None, post_id: int) -> list[dict[str, Any]]:
    """Return every version of a post, the first one first."""
    node = runtime()
    async with node.read() as reader:
        post = await _original(reader, post_id, viewer.account_id if viewer else None)
        author = account_view(await get_account(reader, post.account_id), settings=node.settings)
        media = {str(item.id): media_view(item, settings=node.settings) for item in await list_media(reader, post.id)}
        past = await list_edits(reader, post.id)
    now = [{"id": id_, "description": item["description"]} for id_, item in media.items()]
    since = post.edited_at or post.published_at
    return [
        *(_version_view(edit, author, _as_then(edit.media, media), edit.created_at) for edit in past),
        _version_view(post, author, _as_then(now, media), since),
    ]


@blueprint.get("/<id:post_id>/favourited_by")
@optional("read:accounts", "read:statuses")
@takes(Paging)
@answers(list[Account])
async def favourited_by(viewer: Viewer | None, asked: Paging, post_id: int) -> Answer:
    """Return who likes the post."""
    page = page_of(asked, 40)
    node = runtime()
    async with node.read() as reader:
        post = await _original(reader, post_id, viewer.account_id if viewer else None)
        entries = await list_liked_by(reader, post.id, page)
        return await accounts_answer(node, reader, entries)


@blueprint.get("/<id:post_id>/reblogged_by")
@optional("read:accounts", "read:statuses")
@takes(Paging)
@answers(list[Account])
async def reblogged_by(viewer: Viewer | None, asked: Paging, post_id: int) -> Answer:
    """Return who boosted the post, as far as the viewer may see the boosts."""
    page = page_of(asked, 40)
    viewer_id = viewer.account_id if viewer else None
    node = runtime()
    async with node.read() as reader:
        post = await _original(reader, post_id, viewer_id)
        entries = await list_boosted_by(reader, post.id, page, viewer_id=viewer_id)
        return await accounts_answer(node, reader, entries)


async def _original(reader: Reader, post_id: int, viewer_id: int | None) -> Post:
    """Return the post, or what it boosts. Raises NotFound unless the viewer may see it."""
    post = await get_visible_post(reader, post_id, viewer_id)
    if post.boost_of_id is None:
        return post
    return await get_visible_post(reader, post.boost_of_id, viewer_id)


def _as_then(then: Sequence[Mapping[str, Any]], media: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a version showed, described as it was then; only what is still attached can be shown."""
    return [
        {**media[str(entry["id"])], "description": entry.get("description") or None}
        for entry in then
        if str(entry.get("id")) in media
    ]


def _version_view(
    version: Post | PostEdit, author: Mapping[str, Any], media: Sequence[Mapping[str, Any]], since: datetime
) -> dict[str, Any]:
    """Return a StatusEdit."""
    return {
        "content": version.content,
        "spoiler_text": version.spoiler_text,
        "sensitive": version.sensitive,
        "created_at": time_word(since),
        "account": author,
        "media_attachments": list(media),
        "emojis": emoji_views(version.emojis, settings=runtime().settings),
        "quote": None,
    }
