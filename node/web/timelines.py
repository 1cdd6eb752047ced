"""Timelines as pages: front page, home, local, federated, by hashtag, and what the viewer kept."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.base.errors import NotFound
from node.base.ids import read_id
from node.base.paging import Page
from node.completion.queries import count_arriving
from node.http.context import runtime
from node.lists.queries import find_list
from node.posts.queries import find_hashtag, list_bookmark_ids, list_liked_ids
from node.posts.rendering import render_posts
from node.posts.tag_queries import find_tag_follow
from node.text.writing import fold_hashtag
from node.timelines.filling import Shown
from node.timelines.home import home_page
from node.timelines.public import hashtag_page, public_page
from node.timelines.service import list_page
from node.trends.review import list_usable
from node.web.explore import discoveries
from node.web.showing import answer, install, links, page_asked, show
from node.web.visitors import Answer, Visitor, anybody, signed_in

COUNTED_AT_MOST = 40
"""How many new posts are counted for the offer at the top of a timeline."""

blueprint = Blueprint("web_timelines", __name__)
blueprint.record_once(install)


@blueprint.get("/")
@anybody
async def front(visitor: Visitor | None) -> Answer:
    """Show what this place is and what is written here; people who are signed in go home."""
    if visitor is not None:
        return cast(Response, redirect("/home", 303))
    found = await public_page(runtime(), Page(limit=10), viewer_id=None, local=True)
    return await show("pages/landing.html", visitor, posts_list=found.posts)


@blueprint.get("/home")
@signed_in
async def home(visitor: Visitor) -> Answer:
    """Show the viewer's home timeline, with the composer; while it is short, whom and what there is to find."""
    page = page_asked()
    shown = await home_page(runtime(), visitor.account_id, page)
    is_first = page.max_id is None and page.min_id is None
    is_quiet = is_first and not shown.has_more and len(shown.posts) < page.limit
    found: dict[str, Any] = {}
    arriving = 0
    if is_quiet:
        found = await discoveries(visitor)
        async with runtime().read() as reader:
            arriving = await count_arriving(reader, visitor.account_id)
    return await _timeline(
        "pages/home.html", visitor, page, shown, filter_context="home", found=found, arriving=arriving
    )


@blueprint.get("/public")
@anybody
async def federated(visitor: Visitor | None) -> Answer:
    """Show public posts of every server known here."""
    return await _public(visitor, local=False)


@blueprint.get("/public/local")
@anybody
async def local(visitor: Visitor | None) -> Answer:
    """Show public posts of this server's people."""
    return await _public(visitor, local=True)


async def _public(visitor: Visitor | None, *, local: bool) -> Answer:
    page = page_asked()
    viewer_id = visitor.account_id if visitor else None
    found = await public_page(runtime(), page, viewer_id=viewer_id, local=local)
    scope = "local" if local else "federated"
    return await _timeline("pages/timeline.html", visitor, page, found, scope=scope, filter_context="public")


@blueprint.get("/tags/<tag>")
@anybody
async def hashtag(visitor: Visitor | None, tag: str) -> Answer:
    """Show public posts that carry a hashtag."""
    folded = fold_hashtag(tag)
    if not folded or len(tag) > 300 or not await list_usable(runtime(), [folded]):
        raise NotFound
    page = page_asked()
    viewer_id = visitor.account_id if visitor else None
    shown = await hashtag_page(runtime(), page, viewer_id=viewer_id, any_of=[folded])
    async with runtime().read() as reader:
        known = await find_hashtag(reader, folded)
        is_followed = bool(viewer_id and known and await find_tag_follow(reader, viewer_id, known.id))
    return await _timeline(
        "pages/hashtag.html", visitor, page, shown, tag=tag, is_followed=is_followed, filter_context="public"
    )


@blueprint.get("/bookmarks")
@signed_in
async def bookmarks(visitor: Visitor) -> Answer:
    """Show what the viewer bookmarked."""
    return await _saved(visitor, "bookmarks", list_bookmark_ids)


@blueprint.get("/favourites")
@signed_in
async def favourites(visitor: Visitor) -> Answer:
    """Show what the viewer liked."""
    return await _saved(visitor, "favourites", list_liked_ids)


async def _saved(visitor: Visitor, kind: str, query: Any) -> Answer:
    page = page_asked()
    node = runtime()
    async with node.read() as reader:
        entries = await query(reader, visitor.account_id, page)
        posts = await render_posts(node, reader, [entry.post_id for entry in entries], viewer_id=visitor.account_id)
    cursors = [entry.id for entry in entries]
    if page.min_id is not None and not entries:
        return cast(Response, redirect(request.path, 303))
    return await show("pages/saved.html", visitor, posts_list=posts, kind=kind, **links(page, cursors))


async def _timeline(template: str, visitor: Visitor | None, page: Page, shown: Shown, **context: Any) -> Answer:
    if page.min_id is not None and not shown.cursors:
        return cast(Response, redirect(request.path, 303))
    where = links(page, shown.cursors, has_more=shown.has_more)
    return await show(template, visitor, posts_list=shown.posts, **where, **context)


@blueprint.get("/web/fresh")
@anybody
async def fresh(visitor: Visitor | None) -> Answer:
    """Answer how many posts stand above `since_id` in the timeline whose path is given: at most 40."""
    since = read_id(request.args.get("since_id", ""))
    if since is None:
        return answer(count=0)
    page = Page(limit=COUNTED_AT_MOST, since_id=since)
    viewer_id = visitor.account_id if visitor else None
    wanted = request.args.get("timeline", "")
    if wanted == "/home" and visitor is not None:
        shown = await home_page(runtime(), visitor.account_id, page)
    elif wanted in ("/public", "/public/local"):
        shown = await public_page(runtime(), page, viewer_id=viewer_id, local=wanted == "/public/local")
    elif wanted.startswith("/lists/") and visitor is not None:
        async with runtime().read() as reader:
            list_ = await find_list(reader, read_id(wanted.removeprefix("/lists/")) or 0, visitor.account_id)
        if list_ is None:
            return answer(count=0)
        shown = await list_page(runtime(), list_, page)
    else:
        return answer(count=0)
    return answer(count=len(shown.posts))
