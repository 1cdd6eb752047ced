"""Posts: the page of one with its thread, and what is done to it: delete, like, boost. Writing is `compose`."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from quart import Blueprint, Response, redirect

from node.accounts.models import Account
from node.accounts.queries import get_account
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import Invalid, NotFound
from node.completion.asking import find_refresh, look_at_thread
from node.conversations.service import read_all_with
from node.emojis.views import emoji_views
from node.http.context import runtime
from node.http.limits import DELETES, Bucket, spend
from node.http.problems import wants_json
from node.posts.bookmarks import bookmark, unbookmark
from node.posts.boosts import boost, unboost
from node.posts.likes import like_soon, unlike
from node.posts.models import Post
from node.posts.pins import pin, unpin
from node.posts.queries import get_own_post, get_visible_post, list_context, list_edits
from node.posts.rendering import render_post, render_posts
from node.posts.service import withdraw
from node.posts.thread_mutes import mute_thread, unmute_thread
from node.remote.polls import refresh_later
from node.remote.quotes import look_again
from node.timelines.fanout import push_own
from node.web.accounts import named, wants_activity
from node.web.showing import answer, install, show, tell
from node.web.strangers_pages import is_stranger, kept_page
from node.web.visitors import Answer, Visitor, anybody, back, signed_in
from node.web.words import post_path

blueprint = Blueprint("web_posts", __name__)
blueprint.record_once(install)


@blueprint.get("/@<acct>/<id:post_id>")
@anybody
async def thread(visitor: Visitor | None, acct: str, post_id: int) -> Answer:
    """Show a post with what it answers and what answers it."""
    if visitor is None and is_stranger() and not wants_activity():
        return await kept_page(runtime(), post_id, lambda: _thread(None, acct, post_id))
    return await _thread(visitor, acct, post_id)


async def _thread(visitor: Visitor | None, acct: str, post_id: int) -> Response:
    viewer_id = visitor.account_id if visitor else None
    node = runtime()
    async with node.read() as reader:
        post = await _post_of(reader, acct, post_id, viewer_id)
        if post.local and wants_activity():
            return cast(Response, redirect(post.uri, 302))
    refresh = await look_at_thread(node, post, viewer_id)
    async with node.read() as reader:
        above, below = await list_context(reader, post, viewer_id)
        ids = [*above, post_id, *below]
        found = {int(view["id"]): view for view in await render_posts(node, reader, ids, viewer_id=viewer_id)}
    if post_id not in found:
        raise NotFound
    await look_again(node, [found[post_id]])
    view = found[post_id]
    if visitor is not None and post.visibility == "direct":
        async with node.write() as uow:
            await read_all_with(uow, visitor.account_id, post.thread_id)
    if view["poll"] is not None and not post.local:
        await refresh_later(node, post)
    return await show(
        "pages/post.html",
        visitor,
        post=view,
        filter_context="thread",
        ancestors=[found[id_] for id_ in above if id_ in found],
        descendants=[found[id_] for id_ in below if id_ in found],
        reply_text=_greeting(view, visitor),
        refresh=refresh if refresh is not None and refresh.is_running else None,
    )


@blueprint.get("/web/refreshes/<id:refresh_id>")
@signed_in
async def refresh_state(visitor: Visitor, refresh_id: int) -> Answer:
    """Tell a page how the run stands that looks for more of what it shows."""
    found = await find_refresh(runtime(), refresh_id)
    if found is None:
        raise NotFound
    return answer(running=found.is_running, count=found.result_count)


async def _post_of(reader: Reader, acct: str, post_id: int, viewer_id: int | None) -> Post:
    """Return the post of a page's path. Raises NotFound unless the viewer may see it and it is this author's."""
    post = await get_visible_post(reader, post_id, viewer_id)
    author = await named(reader, acct)
    if post.account_id != author.id or post.boost_of_id is not None:
        raise NotFound
    return post


def _greeting(view: dict[str, Any], visitor: Visitor | None) -> str:
    """Return the handles a reply begins with: the author's and those mentioned, without the viewer's own."""
    if visitor is None:
        return ""
    handles = {view["account"]["id"]: view["account"]["acct"]}
    handles |= {mention["id"]: mention["acct"] for mention in view["mentions"]}
    handles.pop(str(visitor.account_id), None)
    return "".join(f"@{acct} " for acct in handles.values())


@blueprint.get("/@<acct>/<id:post_id>/history")
@anybody
async def history(visitor: Visitor | None, acct: str, post_id: int) -> Answer:
    """Show every version of a post."""
    viewer_id = visitor.account_id if visitor else None
    node = runtime()
    async with node.read() as reader:
        post = await _post_of(reader, acct, post_id, viewer_id)
        view = await render_post(node, reader, post_id, viewer_id=viewer_id)
        past = await list_edits(reader, post_id)
    present = view | {"created_at": post.edited_at or post.published_at, "pictures": len(view["media_attachments"])}
    revisions = [
        {
            "created_at": version.created_at,
            "content": version.content,
            "spoiler_text": version.spoiler_text,
            "emojis": emoji_views(version.emojis, settings=node.settings),
            "pictures": len(version.media),
            "media_attachments": [],
        }
        for version in past
    ]
    return await show("pages/post_history.html", visitor, post=view, revisions=[*revisions, present])


@blueprint.get("/@<acct>/<id:post_id>/delete")
@signed_in
async def delete_page(visitor: Visitor, acct: str, post_id: int) -> Answer:
    """Ask whether an own post should really go."""
    node = runtime()
    async with node.read() as reader:
        await get_own_post(reader, post_id, visitor.account_id)
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    if view["reblog"] is not None:
        raise NotFound
    return await show("pages/post_delete.html", visitor, post=view, return_to="/home")


@blueprint.post("/web/posts/<id:post_id>/delete")
@signed_in
async def delete(visitor: Visitor, post_id: int) -> Answer:
    """Delete an own post."""
    node = runtime()
    await spend(node, Bucket(DELETES, f"account:{visitor.account_id}"))
    async with node.write() as uow:
        post = await get_own_post(uow, post_id, visitor.account_id)
        await withdraw(uow, post, now=node.now())
    tell("Your post is deleted.")
    return await back()


@blueprint.post(
    "/web/posts/<id:post_id>/<any(like,unlike,boost,unboost,bookmark,unbookmark,pin,unpin,mute,unmute):verb>"
)
@signed_in
async def act(visitor: Visitor, post_id: int, verb: str) -> Answer:
    """Like, boost, bookmark or pin a post or mute its thread, or take that back; then go back to the button."""
    node = runtime()
    try:
        if verb == "like":  # together with whoever likes one at the same moment
            await like_soon(node, visitor.account_id, post_id)
        else:
            async with node.write() as uow:
                me = await get_account(uow, visitor.account_id)
                post = await get_visible_post(uow, post_id, visitor.account_id)
                await ACTS[verb](uow, me, post)
    except Invalid as problem:
        if wants_json():
            raise
        tell(problem.message, "error")
    if not wants_json():
        return await back(f"/web/posts/{post_id}")
    async with node.read() as reader:
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
    return answer(post=view)


@blueprint.get("/web/posts/<id:post_id>")
@anybody
async def by_id(visitor: Visitor | None, post_id: int) -> Answer:
    """Lead to a post's page from its id alone."""
    node = runtime()
    async with node.read() as reader:
        view = await render_post(node, reader, post_id, viewer_id=visitor.account_id if visitor else None)
    return cast(Response, redirect(post_path(view["reblog"] or view), 303))


async def _unlike(uow: UnitOfWork, me: Account, post: Post) -> None:
    await unlike(uow, me.id, post)


async def _boost(uow: UnitOfWork, me: Account, post: Post) -> None:
    node = runtime()
    made = await boost(uow, node.settings, me, post, now=node.now())
    uow.after_commit(lambda: push_own(node, me.id, made.id, boost_of=made.boost_of_id or 0))


async def _unboost(uow: UnitOfWork, me: Account, post: Post) -> None:
    await unboost(uow, me.id, post, now=runtime().now())


async def _bookmark(uow: UnitOfWork, me: Account, post: Post) -> None:
    await bookmark(uow, me.id, post, now=runtime().now())


async def _unbookmark(uow: UnitOfWork, me: Account, post: Post) -> None:
    await unbookmark(uow, me.id, post)


async def _pin(uow: UnitOfWork, me: Account, post: Post) -> None:
    await pin(uow, await get_own_post(uow, post.id, me.id), now=runtime().now())


async def _unpin(uow: UnitOfWork, me: Account, post: Post) -> None:
    await unpin(uow, await get_own_post(uow, post.id, me.id))


async def _mute(uow: UnitOfWork, me: Account, post: Post) -> None:
    await mute_thread(uow, me.id, post, now=runtime().now())
    tell("Nothing in this thread notifies you any more.")


async def _unmute(uow: UnitOfWork, me: Account, post: Post) -> None:
    await unmute_thread(uow, me.id, post)


ACTS: dict[str, Callable[[UnitOfWork, Account, Post], Awaitable[None]]] = {
    "unlike": _unlike,
    "boost": _boost,
    "unboost": _unboost,
    "bookmark": _bookmark,
    "unbookmark": _unbookmark,
    "pin": _pin,
    "unpin": _unpin,
    "mute": _mute,
    "unmute": _unmute,
}
