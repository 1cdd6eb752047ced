"""What is talked about: hashtags, links and posts. Paged by offset (client-api 14)."""

from typing import Any

from quart import Blueprint

from node.api.entities.statuses import Status, TrendsLink
from node.api.entities.tags import Tag
from node.http.context import runtime
from node.http.paging import capped, skipped
from node.http.principals import Viewer, optional
from node.http.requests import Request, answers, takes
from node.posts.rendering import card_views, render_posts
from node.posts.tag_views import day_views, hashtag_views
from node.timelines.queries import list_welcome_among
from node.trends.day_queries import list_link_days
from node.trends.queries import list_hashtags
from node.trends.service import current_trends

blueprint = Blueprint("api_trends", __name__, url_prefix="/api/v1/trends")


class Part(Request, frozen=True, kw_only=True):
    """Which part of a ranking."""

    limit: int | None = None
    offset: int = 0


@blueprint.get("")
@blueprint.get("/tags")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[Tag])
async def tags(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the hashtags that more people than usual used in the last day, the strongest first."""
    node = runtime()
    limit, offset = capped(asked.limit, 10, 20), skipped(asked.offset)
    ids = [trend.id for trend in await current_trends(node, "tags")][offset : offset + limit]
    async with node.read() as reader:
        found = await list_hashtags(reader, ids)
        shown = [found[id_] for id_ in ids if id_ in found]
        return await hashtag_views(node, reader, shown, viewer.account_id if viewer else None)


@blueprint.get("/links")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[TrendsLink])
async def links(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the links that more people than usual posted in the last day, the strongest first."""
    node = runtime()
    limit, offset = capped(asked.limit, 10, 20), skipped(asked.offset)
    ids = [trend.id for trend in await current_trends(node, "links")][offset : offset + limit]
    async with node.read() as reader:
        found = await card_views(node, reader, ids)
        return [
            found[id_] | {"history": day_views(await list_link_days(reader, id_, node.now()))}
            for id_ in ids
            if id_ in found
        ]


@blueprint.get("/statuses")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[Status])
async def statuses(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the posts that move people now, the strongest first: none of whom the viewer blocks or mutes."""
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    limit, offset = capped(asked.limit, 20), skipped(asked.offset)
    ids = [trend.id for trend in await current_trends(node, "posts")]
    async with node.read() as reader:
        welcome = await list_welcome_among(reader, ids, viewer_id, node.now())
        ids = [id_ for id_ in ids if id_ in welcome][offset : offset + limit]
        return await render_posts(node, reader, ids, viewer_id=viewer_id)
