"""Moments as pages to read: all of them, somebody's, one, its feed; and taking one down. Forms are `moment_forms`."""

from typing import Any, cast

from quart import Blueprint, Response, redirect, request

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.http.context import runtime
from node.moments.models import Moment
from node.moments.queries import (
    get_moment,
    list_contents,
    list_moments,
)
from node.moments.service import (
    hide_moment,
)
from node.moments.views import moment_view
from node.posts.rendering import render_posts
from node.web.accounts import named
from node.web.feeds import Feed, feed_response
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, anybody, staff_only

SHOWN = 12

blueprint = Blueprint("web_moments", __name__)
blueprint.record_once(install)


async def moment_cards(reader: Reader, moments: list[Moment], viewer_id: int | None) -> list[dict[str, Any]]:
    """Return moments as the pages draw them: the shape of the API, with the ids of the posts."""
    node = runtime()
    curators = await list_accounts(reader, [moment.account_id for moment in moments])
    return [
        moment_view(contents, curator=curators.get(contents.moment.account_id), settings=node.settings)
        | {"post_ids": list(contents.post_ids), "cover_post_id": contents.moment.cover_post_id}
        for contents in await list_contents(reader, moments, viewer_id, node.now())
    ]


@blueprint.get("/moments")
@anybody
async def index(visitor: Visitor | None) -> Answer:
    """Show what was put together, the newest first."""
    page = page_asked(SHOWN)
    viewer_id = visitor.account_id if visitor else None
    async with runtime().read() as reader:
        found = await list_moments(reader, page, viewer_id=viewer_id)
        cards = await moment_cards(reader, found, viewer_id)
    if page.min_id is not None and not found:
        return cast(Response, redirect(request.path, 303))
    return await show(
        "pages/moments.html",
        visitor,
        moments=[card for card in cards if card["statuses_count"]],
        **links(page, [moment.id for moment in found]),
    )


@blueprint.get("/@<acct>/moments")
@anybody
async def of_somebody(visitor: Visitor | None, acct: str) -> Answer:
    """Show the moments of one account."""
    page = page_asked(SHOWN)
    viewer_id = visitor.account_id if visitor else None
    async with runtime().read() as reader:
        account = await named(reader, acct)
        found = await list_moments(reader, page, viewer_id=viewer_id, account_id=account.id)
        cards = await moment_cards(reader, found, viewer_id)
    return await show(
        "pages/moments.html",
        visitor,
        moments=[card for card in cards if card["statuses_count"]],
        curator=account_view(account, settings=runtime().settings),
        **links(page, [moment.id for moment in found]),
    )


@blueprint.get("/moments/<id:moment_id>")
@anybody
async def one(visitor: Visitor | None, moment_id: int) -> Answer:
    """Show a moment."""
    node = runtime()
    viewer_id = visitor.account_id if visitor else None
    async with node.read() as reader:
        moment = await get_moment(reader, moment_id, viewer_id, is_staff=visitor is not None and visitor.is_staff)
        (card,) = await moment_cards(reader, [moment], viewer_id)
        posts = await render_posts(node, reader, card["post_ids"], viewer_id=viewer_id)
    return await show("pages/moment.html", visitor, moment=card, posts_list=posts, filter_context="public")


@blueprint.get("/moments/<id:moment_id>.rss")
@anybody
async def feed(visitor: Visitor | None, moment_id: int) -> Answer:
    """Return a moment as RSS: what a stranger sees, whoever asks."""
    node = runtime()
    async with node.read() as reader:
        moment = await get_moment(reader, moment_id, None)
        (card,) = await moment_cards(reader, [moment], None)
        posts = await render_posts(node, reader, card["post_ids"], viewer_id=None)
    return feed_response(
        Feed(
            title=card["title"],
            url=card["url"],
            feed_url=card["feed_url"],
            description=card["description"] or card["title"],
            updated_at=moment.updated_at,
            posts=posts,
        )
    )


@blueprint.post("/moments/<id:moment_id>/<any(hide,unhide):verb>")
@staff_only("admin", "moderator")
async def moderate(visitor: Visitor, moment_id: int, verb: str) -> Answer:
    """Take anybody's moment down, or give it back."""
    node = runtime()
    async with node.write() as uow:
        await hide_moment(uow, moment_id, hidden=verb == "hide", actor_id=visitor.account_id, now=node.now())
    tell("The moment is taken down." if verb == "hide" else "The moment is back.")
    return cast(Response, redirect(f"/moments/{moment_id}", 303))
