"""The hashtags people show on their pages: the viewer's own list, adding, removing, and what might be added."""

from typing import Any

from quart import Blueprint

from node.api.entities.errors import Empty
from node.api.entities.tags import FeaturedTag, Tag
from node.base.errors import NotFound
from node.base.settings import Settings
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes
from node.posts.featured_queries import FeaturedTagEntry, find_featured_tag, list_featured_tags, list_used_tags
from node.posts.featured_tags import MAX_FEATURED_TAGS, feature_tag, unfeature_tag
from node.posts.tag_views import hashtag_views
from node.uris import tag_url

blueprint = Blueprint("api_featured_tags", __name__, url_prefix="/api/v1/featured_tags")


class NewFeaturedTag(Request, frozen=True, kw_only=True):
    """A hashtag, with or without `#`."""

    name: str = ""


@blueprint.get("")
@needs("read:accounts")
@answers(list[FeaturedTag])
async def own(viewer: Viewer) -> list[dict[str, Any]]:
    """Return what the viewer features."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_featured_tags(reader, viewer.account_id)
    return [featured_tag_view(entry, settings=node.settings) for entry in entries]


@blueprint.post("")
@needs("write:accounts")
@takes(NewFeaturedTag)
@answers(FeaturedTag)
async def add(viewer: Viewer, asked: NewFeaturedTag) -> dict[str, Any]:
    """Feature a hashtag."""
    node = runtime()
    async with node.write() as uow:
        made = await feature_tag(uow, viewer.account_id, asked.name, now=node.now())
    async with node.read() as reader:
        entries = await list_featured_tags(reader, viewer.account_id)
    return next(featured_tag_view(entry, settings=node.settings) for entry in entries if entry.id == made.id)


@blueprint.delete("/<id:featured_id>")
@needs("write:accounts")
@answers(Empty)
async def remove(viewer: Viewer, featured_id: int) -> dict[str, Any]:
    """Feature a hashtag no longer."""
    async with runtime().write() as uow:
        found = await find_featured_tag(uow, featured_id, viewer.account_id)
        if found is None:
            raise NotFound()
        await unfeature_tag(uow, found)
    return {}


@blueprint.get("/suggestions")
@needs("read:accounts")
@answers(list[Tag])
async def suggestions(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the hashtags the viewer writes most with and does not feature."""
    node = runtime()
    async with node.read() as reader:
        tags = await list_used_tags(reader, viewer.account_id, limit=MAX_FEATURED_TAGS)
        return await hashtag_views(node, reader, tags, viewer.account_id)


def featured_tag_view(entry: FeaturedTagEntry, *, settings: Settings) -> dict[str, Any]:
    """Return a FeaturedTag entity: counts are words, the last day is a day."""
    return {
        "id": str(entry.id),
        "name": entry.display,
        "url": tag_url(settings, entry.name),
        "statuses_count": str(entry.posts_count),
        "last_status_at": entry.last_post_at.date().isoformat() if entry.last_post_at else None,
    }
