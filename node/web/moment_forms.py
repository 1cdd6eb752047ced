"""The forms of moments: one's own, what is in each and in what order, and which of them a post is in."""

from typing import Any, Final, cast

from quart import Blueprint, Response, redirect

from node.accounts.queries import get_account
from node.base.errors import Invalid, NotFound
from node.http.context import runtime
from node.http.limits import LOOK_UPS, Bucket, spend
from node.moments.queries import get_moment, list_moments_with, list_own_moments
from node.moments.rules import MAX_DESCRIPTION, MAX_POSTS, MAX_TITLE
from node.moments.service import (
    add_posts,
    change_moment,
    create_moment,
    move_post,
    publish_moment,
    remove_moment,
    remove_posts,
)
from node.posts.models import Post
from node.posts.rendering import render_post, render_posts
from node.remote.resolving import resolve
from node.web.forms import errors_of, read_form
from node.web.moments import moment_cards
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, signed_in

BOUNDS: Final = {"longest": MAX_TITLE, "longest_text": MAX_DESCRIPTION, "most": MAX_POSTS}

blueprint = Blueprint("web_moment_forms", __name__)
blueprint.record_once(install)


@blueprint.get("/moments/mine")
@signed_in
async def mine(visitor: Visitor) -> Answer:
    """Show the viewer's moments, and the form for another."""
    return await _mine(visitor)


async def _mine(visitor: Visitor, *, status: int = 200, **context: Any) -> Response:
    async with runtime().read() as reader:
        cards = await moment_cards(reader, await list_own_moments(reader, visitor.account_id), visitor.account_id)
    return await show("pages/moments_mine.html", visitor, status=status, moments=cards, **BOUNDS, **context)


@blueprint.post("/moments/mine")
@signed_in
async def create(visitor: Visitor) -> Answer:
    """Make a moment, and go on to what is to be in it."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            made = await create_moment(
                uow,
                visitor.account_id,
                title=form.line("title"),
                description=form.text("description"),
                now=node.now(),
            )
            if form.ids("post"):
                await add_posts(
                    uow, await get_account(uow, visitor.account_id), made.id, form.ids("post"), now=node.now()
                )
    except Invalid as problem:
        return await _mine(visitor, status=422, errors=errors_of(problem, default="title"), form=form.typed())
    return cast(Response, redirect(f"/moments/{made.id}/edit", 303))


@blueprint.get("/moments/<id:moment_id>/edit")
@signed_in
async def edit(visitor: Visitor, moment_id: int) -> Answer:
    """Show the forms of a moment of one's own."""
    return await _edit(visitor, moment_id)


async def _edit(visitor: Visitor, moment_id: int, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        moment = await get_moment(reader, moment_id, visitor.account_id)
        if moment.account_id != visitor.account_id:
            raise NotFound
        (card,) = await moment_cards(reader, [moment], visitor.account_id)
        posts = await render_posts(node, reader, card["post_ids"], viewer_id=visitor.account_id)
    return await show(
        "pages/moment_edit.html", visitor, status=status, moment=card, posts_list=posts, **BOUNDS, **context
    )


@blueprint.post("/moments/<id:moment_id>/edit")
@signed_in
async def change(visitor: Visitor, moment_id: int) -> Answer:
    """Change title, description and cover."""
    form = await read_form()
    node = runtime()
    cover = (form.ids("cover") or [0])[0]
    try:
        async with node.write() as uow:
            await change_moment(
                uow,
                visitor.account_id,
                moment_id,
                title=form.line("title"),
                description=form.text("description"),
                cover_post_id=cover,
                now=node.now(),
            )
    except Invalid as problem:
        return await _edit(visitor, moment_id, status=422, errors=errors_of(problem), form=form.typed())
    tell("The moment is saved.")
    return cast(Response, redirect(f"/moments/{moment_id}/edit", 303))


@blueprint.post("/moments/<id:moment_id>/posts")
@signed_in
async def add(visitor: Visitor, moment_id: int) -> Answer:
    """Put the post whose address was pasted at the end."""
    form = await read_form()
    node = runtime()
    await spend(node, Bucket(LOOK_UPS, f"account:{visitor.account_id}"))
    found = await resolve(node, form.line("address"), visitor.account_id)
    try:
        if not isinstance(found, Post):
            raise Invalid(fields={"address": ["No post was found at this address."]})
        async with node.write() as uow:
            me = await get_account(uow, visitor.account_id)
            await add_posts(uow, me, moment_id, [found.id], now=node.now())
    except Invalid as problem:
        errors = errors_of(problem, default="address")
        return await _edit(visitor, moment_id, status=422, errors=errors, form=form.typed())
    return cast(Response, redirect(f"/moments/{moment_id}/edit#posts", 303))


@blueprint.post("/moments/<id:moment_id>/posts/<id:post_id>/<any(up,down,top,remove):verb>")
@signed_in
async def arrange(visitor: Visitor, moment_id: int, post_id: int, verb: str) -> Answer:
    """Move a post of a moment up, down or on top, or take it out."""
    node = runtime()
    async with node.write() as uow:
        if verb == "remove":
            await remove_posts(uow, visitor.account_id, moment_id, [post_id], now=node.now())
        else:
            step = {"up": -1, "down": 1, "top": -MAX_POSTS}[verb]
            await move_post(uow, visitor.account_id, moment_id, post_id, step=step, now=node.now())
    return await back(f"/moments/{moment_id}/edit#posts")


@blueprint.post("/moments/<id:moment_id>/<any(publish,unpublish,remove):verb>")
@signed_in
async def settle(visitor: Visitor, moment_id: int, verb: str) -> Answer:
    """Publish a moment, take it back, or remove it."""
    node = runtime()
    try:
        async with node.write() as uow:
            if verb == "remove":
                await remove_moment(uow, visitor.account_id, moment_id)
            else:
                await publish_moment(uow, visitor.account_id, moment_id, published=verb == "publish", now=node.now())
    except Invalid as problem:
        tell(problem.message, "error")
        return cast(Response, redirect(f"/moments/{moment_id}/edit", 303))
    tell({"remove": "The moment is gone.", "publish": "Everybody can read it now."}.get(verb, "Only you see it now."))
    return cast(Response, redirect(f"/moments/{moment_id}" if verb == "publish" else "/moments/mine", 303))


@blueprint.get("/moments/with/<id:post_id>")
@signed_in
async def with_post(visitor: Visitor, post_id: int) -> Answer:
    """Show which of the viewer's moments a post is in, as boxes to tick; and the form for a new one."""
    return await _with_post(visitor, post_id)


async def _with_post(visitor: Visitor, post_id: int, *, status: int = 200, **context: Any) -> Response:
    node = runtime()
    async with node.read() as reader:
        post = await render_post(node, reader, post_id, viewer_id=visitor.account_id)
        moments = await list_own_moments(reader, visitor.account_id)
        ticked = await list_moments_with(reader, visitor.account_id, post_id)
    return await show(
        "pages/moments_with.html",
        visitor,
        status=status,
        post=post,
        moments=moments,
        ticked=ticked,
        **BOUNDS,
        **context,
    )


@blueprint.post("/moments/with/<id:post_id>")
@signed_in
async def set_with_post(visitor: Visitor, post_id: int) -> Answer:
    """Put a post into the moments that were ticked and take it out of the others."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            me = await get_account(uow, visitor.account_id)
            before = await list_moments_with(uow, me.id, post_id)
            wanted = set(form.ids("moment"))
            for moment_id in sorted(wanted - before):
                await add_posts(uow, me, moment_id, [post_id], now=node.now())
            for moment_id in sorted(before - wanted):
                await remove_posts(uow, me.id, moment_id, [post_id], now=node.now())
    except Invalid as problem:
        return await _with_post(visitor, post_id, status=422, errors=errors_of(problem))
    tell("Saved.")
    return cast(Response, redirect("/moments/mine", 303))
