"""Trends as moderators review them: what trends with its reason, allowing it, excluding it."""

from typing import Annotated, Any

from msgspec import Meta
from quart import Blueprint

from node.api.entities.trends import AdminPublisher, AdminTag, AdminTrendsLink, AdminTrendsStatus
from node.base.clock import time_word
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import capped, skipped
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes
from node.posts.queries import get_visible_post
from node.trends.desk import admin_link_views, admin_post_views, admin_tag_views, flags_view, list_judged
from node.trends.queries import get_hashtag, list_hashtags
from node.trends.review import decide
from node.trends.ruling_queries import Subject, list_publishers, list_rulings

MOST = 200

blueprint = Blueprint("api_admin_trends", __name__, url_prefix="/api/v1/admin/trends")


class Part(Request, frozen=True, kw_only=True):
    """Which part of a ranking."""

    limit: int | None = None
    offset: Annotated[int, Meta(le=10_000)] = 0


async def _decide(viewer: Viewer, about: Subject, subject: int | str, allowed: bool) -> None:
    node = runtime()
    async with node.write() as uow:
        await decide(uow, node, about, subject, allowed=allowed, actor_id=viewer.account_id, now=node.now())


@blueprint.get("/tags")
@needs("admin:read")
@takes(Part)
@answers(list[AdminTag])
async def tags(viewer: Viewer, asked: Part) -> list[dict[str, Any]]:
    """Return the hashtags that trend, those that wait for review or were excluded too."""
    node, part = runtime(), _part(asked)
    ids = [judged.trend.id for judged in await list_judged(node, "tags")][part]
    async with node.read() as reader:
        found = await list_hashtags(reader, ids)
        return await admin_tag_views(node, reader, [found[id_] for id_ in ids if id_ in found], viewer.account_id)


@blueprint.post("/tags/<id:tag_id>/<any(approve, reject):verb>")
@needs("admin:write")
@answers(AdminTag)
async def decide_tag(viewer: Viewer, tag_id: int, verb: str) -> dict[str, Any]:
    """Allow a hashtag to trend from now on, or exclude it."""
    node = runtime()
    await _decide(viewer, "tag", tag_id, verb == "approve")
    async with node.read() as reader:
        (view,) = await admin_tag_views(node, reader, [await get_hashtag(reader, tag_id)], viewer.account_id)
    return view


@blueprint.get("/statuses")
@needs("admin:read")
@takes(Part)
@answers(list[AdminTrendsStatus])
async def statuses(viewer: Viewer, asked: Part) -> list[dict[str, Any]]:
    """Return the posts that trend, those that wait for review or were excluded too."""
    node, part = runtime(), _part(asked)
    ids = [judged.trend.id for judged in await list_judged(node, "posts")][part]
    async with node.read() as reader:
        return await admin_post_views(node, reader, ids, viewer.account_id)


@blueprint.post("/statuses/<id:post_id>/<any(approve, reject):verb>")
@needs("admin:write")
@answers(AdminTrendsStatus)
async def decide_post(viewer: Viewer, post_id: int, verb: str) -> dict[str, Any]:
    """Allow a post to trend, whatever it is marked as, or exclude it."""
    node = runtime()
    async with node.read() as reader:
        await get_visible_post(reader, post_id, viewer.account_id)
    await _decide(viewer, "post", post_id, verb == "approve")
    async with node.read() as reader:
        (view,) = await admin_post_views(node, reader, [post_id], viewer.account_id)
    return view


@blueprint.get("/links")
@needs("admin:read")
@takes(Part)
@answers(list[AdminTrendsLink])
async def links(viewer: Viewer, asked: Part) -> list[dict[str, Any]]:
    """Return the links that trend, those that wait for review or were excluded too."""
    node, part = runtime(), _part(asked)
    ids = [judged.trend.id for judged in await list_judged(node, "links")][part]
    async with node.read() as reader:
        return await admin_link_views(node, reader, ids)


@blueprint.post("/links/<id:card_id>/<any(approve, reject):verb>")
@needs("admin:write")
@answers(AdminTrendsLink)
async def decide_link(viewer: Viewer, card_id: int, verb: str) -> dict[str, Any]:
    """Allow a link to trend from now on, or exclude it."""
    node = runtime()
    async with node.read() as reader:
        if not await admin_link_views(node, reader, [card_id]):
            raise NotFound()
    await _decide(viewer, "link", card_id, verb == "approve")
    async with node.read() as reader:
        (view,) = await admin_link_views(node, reader, [card_id])
    return view


@blueprint.get("/links/publishers")
@needs("admin:read")
@takes(Part)
@answers(list[AdminPublisher])
async def publishers(viewer: Viewer, asked: Part) -> list[dict[str, Any]]:
    """Return the sites that were linked to last; their id is their host."""
    async with runtime().read() as reader:
        hosts = await list_publishers(reader, MOST)
    return [await _publisher(host) for host in hosts[_part(asked)]]


@blueprint.post("/links/publishers/<host>/<any(approve, reject):verb>")
@needs("admin:write")
@answers(AdminPublisher)
async def decide_publisher(viewer: Viewer, host: str, verb: str) -> dict[str, Any]:
    """Allow the pages of a site to trend, or exclude them."""
    await _decide(viewer, "publisher", host, verb == "approve")
    return await _publisher(host.casefold())


async def _publisher(host: str) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        rulings = {ruling.subject: ruling for ruling in await list_rulings(reader, "publisher", MOST)}
    ruling = rulings.get(host)
    flags = flags_view(node, ruling.is_allowed if ruling is not None else None)
    return {"id": host, "domain": host, **flags, "reviewed_at": time_word(ruling.decided_at if ruling else None)}


def _part(asked: Part) -> slice:
    limit, offset = capped(asked.limit, 20, MOST), skipped(asked.offset)
    return slice(offset, offset + limit)
