"""Hashtags by themselves. Following them comes later, so `following` is always false."""

from typing import Any

from quart import Blueprint

from node.base.errors import NotFound
from node.base.settings import Settings
from node.http.context import runtime
from node.http.principals import Viewer, needs, optional
from node.posts.models import Hashtag
from node.posts.queries import find_hashtag
from node.text.writing import fold_hashtag
from node.uris import tag_url

LONGEST_NAME = 300

blueprint = Blueprint("api_tags", __name__, url_prefix="/api/v1")


@blueprint.get("/followed_tags")
@needs("read:follows")
async def followed(viewer: Viewer) -> list[Any]:
    """Return the hashtags the viewer follows: none, since that comes later."""
    return []


@blueprint.get("/tags/<name>")
@optional("read:follows", "read:statuses")
async def show(viewer: Viewer | None, name: str) -> dict[str, Any]:
    """Return a hashtag, one that nobody used yet too."""
    folded = fold_hashtag(name)
    if not _may_be_hashtag(folded):
        raise NotFound()
    node = runtime()
    async with node.read() as reader:
        found = await find_hashtag(reader, folded)
    if found is not None:
        return hashtag_view(found, settings=node.settings)
    return _view("0", name, folded, node.settings)


def _may_be_hashtag(folded: str) -> bool:
    return 0 < len(folded) <= LONGEST_NAME and all(c.isalnum() or c in "_·・\u200c" or not c.isascii() for c in folded)


def hashtag_view(tag: Hashtag, *, settings: Settings) -> dict[str, Any]:
    """Return a Tag entity."""
    return _view(str(tag.id), tag.display, tag.name, settings)


def _view(id_: str, display: str, folded: str, settings: Settings) -> dict[str, Any]:
    return {
        "id": id_,
        "name": display,
        "url": tag_url(settings, folded),
        "history": [],
        "following": False,
        "featuring": False,
    }
