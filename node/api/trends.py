"""What is talked about: hashtags, links and posts, each with its reason. Paged by offset (client-api 14).

`language` asks for what is talked about in one; without it, it is the whole node's.
"""

from typing import Annotated, Any

from msgspec import Meta
from quart import Blueprint

from node.api.entities.trends import TrendingLink, TrendingStatus, TrendingTag
from node.http.context import runtime
from node.http.paging import capped, skipped
from node.http.principals import Viewer, optional
from node.http.requests import Request, answers, takes
from node.posts.rendering import render_posts
from node.timelines.queries import list_welcome_among
from node.trends.rules import NO_LANGUAGE, language_of
from node.trends.service import current_trends, list_still_trending, trends_for
from node.trends.views import link_trend_views, reason_view, tag_trend_views

blueprint = Blueprint("api_trends", __name__, url_prefix="/api/v1/trends")


class Part(Request, frozen=True, kw_only=True):
    """Which part of a ranking."""

    limit: int | None = None
    offset: int = 0
    language: Annotated[str, Meta(max_length=35)] | None = None

    @property
    def spoken(self) -> str:
        """The language as boards name it; "" for all."""
        found = language_of(self.language)
        return "" if found == NO_LANGUAGE else found


@blueprint.get("")
@blueprint.get("/tags")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[TrendingTag])
async def tags(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the hashtags that more people than usual take up, the strongest first."""
    node = runtime()
    limit, offset = capped(asked.limit, 10, 20), skipped(asked.offset)
    trends = (await current_trends(node, "tags", language=asked.spoken))[offset : offset + limit]
    async with node.read() as reader:
        return await tag_trend_views(node, reader, trends, viewer.account_id if viewer else None)


@blueprint.get("/links")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[TrendingLink])
async def links(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the links that more people than usual post, the strongest first."""
    node = runtime()
    limit, offset = capped(asked.limit, 10, 20), skipped(asked.offset)
    trends = (await current_trends(node, "links", language=asked.spoken))[offset : offset + limit]
    async with node.read() as reader:
        return await link_trend_views(node, reader, trends)


@blueprint.get("/statuses")
@optional("read:statuses", "read:accounts")
@takes(Part)
@answers(list[TrendingStatus])
async def statuses(viewer: Viewer | None, asked: Part) -> list[dict[str, Any]]:
    """Return the posts that move people now, those in the viewer's languages first: none of whom the viewer blocks or
    mutes."""
    node = runtime()
    viewer_id = viewer.account_id if viewer else None
    limit, offset = capped(asked.limit, 20), skipped(asked.offset)
    if asked.spoken:
        trends = await current_trends(node, "posts", language=asked.spoken)
    else:
        trends = await trends_for(node, "posts", viewer_id)
    by_id = {trend.id: trend for trend in trends}
    async with node.read() as reader:
        welcome = await list_welcome_among(reader, list(by_id), viewer_id, node.now())
        welcome &= await list_still_trending(node, reader, list(by_id))
        ids = [id_ for id_ in by_id if id_ in welcome][offset : offset + limit]
        rendered = await render_posts(node, reader, ids, viewer_id=viewer_id)
    return [post | {"trend": reason_view(by_id[int(post["id"])], "posts")} for post in rendered]
