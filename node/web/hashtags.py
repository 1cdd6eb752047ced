"""Hashtags that the viewer follows and shows on their profile: the page in the settings, and the buttons."""

from typing import cast

from quart import Blueprint, Response, redirect

from node.base.errors import Invalid, NotFound
from node.base.paging import Page
from node.http.context import runtime
from node.posts.featured_queries import find_featured_tag, list_featured_tags, list_used_tags
from node.posts.featured_tags import MAX_FEATURED_TAGS, feature_tag, unfeature_tag
from node.posts.followed_tags import MAX_FOLLOWED_TAGS, follow_tag, unfollow_tag
from node.posts.queries import find_hashtag
from node.posts.tag_queries import list_followed_tags
from node.text.writing import fold_hashtag
from node.web.forms import errors_of, read_form
from node.web.showing import install, show, tell
from node.web.visitors import Answer, Visitor, back, signed_in

PLACE = "/settings/hashtags"

blueprint = Blueprint("web_hashtags", __name__)
blueprint.record_once(install)


@blueprint.get(PLACE)
@signed_in
async def page(visitor: Visitor) -> Answer:
    """Show what the viewer follows and features."""
    return await _page(visitor)


async def _page(visitor: Visitor, *, status: int = 200, **context: object) -> Response:
    async with runtime().read() as reader:
        followed = await list_followed_tags(reader, visitor.account_id, Page(limit=MAX_FOLLOWED_TAGS))
        featured = await list_featured_tags(reader, visitor.account_id)
        used = await list_used_tags(reader, visitor.account_id, limit=MAX_FEATURED_TAGS)
    return await show(
        "pages/settings_hashtags.html",
        visitor,
        status=status,
        followed=[entry.hashtag for entry in followed],
        featured=featured,
        suggested=used,
        **context,
    )


@blueprint.post(PLACE)
@signed_in
async def follow_typed(visitor: Visitor) -> Answer:
    """Follow the hashtag that was typed."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await follow_tag(uow, visitor.account_id, form.line("tag"), now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem, default="tag"), form=form.typed())
    tell(f"You follow #{form.line('tag').lstrip('#')} now.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/featured")
@signed_in
async def feature_typed(visitor: Visitor) -> Answer:
    """Show the hashtag that was typed on the viewer's profile."""
    form = await read_form()
    node = runtime()
    try:
        async with node.write() as uow:
            await feature_tag(uow, visitor.account_id, form.line("featured"), now=node.now())
    except Invalid as problem:
        return await _page(visitor, status=422, errors=errors_of(problem, default="featured"), form=form.typed())
    tell("Your profile shows it now.")
    return cast(Response, redirect(PLACE, 303))


@blueprint.post(f"{PLACE}/featured/<id:featured_id>/remove")
@signed_in
async def unfeature(visitor: Visitor, featured_id: int) -> Answer:
    """Show a hashtag no longer."""
    async with runtime().write() as uow:
        found = await find_featured_tag(uow, featured_id, visitor.account_id)
        if found is None:
            raise NotFound
        await unfeature_tag(uow, found)
    return cast(Response, redirect(PLACE, 303))


@blueprint.post("/web/tags/<tag>/<any(follow,unfollow):verb>")
@signed_in
async def change(visitor: Visitor, tag: str, verb: str) -> Answer:
    """Follow a hashtag, or no longer."""
    node = runtime()
    try:
        async with node.write() as uow:
            if verb == "follow":
                await follow_tag(uow, visitor.account_id, tag, now=node.now())
            elif (known := await find_hashtag(uow, fold_hashtag(tag))) is not None:
                await unfollow_tag(uow, visitor.account_id, known.id)
    except Invalid as problem:
        tell(problem.message, "error")
    return await back(PLACE)
