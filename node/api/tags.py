"""Hashtags by themselves: one, following it, featuring it; and those that the viewer follows."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.tags import Tag
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs, optional
from node.http.requests import Paging, answers, takes
from node.posts.featured_queries import find_featured_by_name
from node.posts.featured_tags import feature_tag, unfeature_tag
from node.posts.followed_tags import follow_tag, unfollow_tag
from node.posts.queries import find_hashtag, is_hashtag_in_view
from node.posts.tag_queries import list_followed_tags
from node.posts.tag_views import hashtag_views, unused_view
from node.text.writing import fold_hashtag

LONGEST_NAME = 300

blueprint = Blueprint("api_tags", __name__, url_prefix="/api/v1")


@blueprint.get("/followed_tags")
@needs("read:follows")
@takes(Paging)
@answers(list[Tag])
async def followed(viewer: Viewer, asked: Paging) -> Answer:
    """Return the hashtags the viewer follows, the last followed first."""
    node = runtime()
    async with node.read() as reader:
        entries = await list_followed_tags(reader, viewer.account_id, page_of(asked, 100))
        shown = await hashtag_views(node, reader, [entry.hashtag for entry in entries], viewer.account_id)
    return page_answer(shown, [entry.id for entry in entries])


@blueprint.get("/tags/<name>")
@optional("read:follows", "read:statuses")
@answers(Tag)
async def show(viewer: Viewer | None, name: str) -> dict[str, Any]:
    """Return a hashtag, one that nobody used yet too."""
    node = runtime()
    async with node.read() as reader:
        return await _tag(reader, name, viewer.account_id if viewer else None)


@blueprint.post("/tags/<name>/follow")
@needs("write:follows")
@answers(Tag)
async def follow(viewer: Viewer, name: str) -> dict[str, Any]:
    """Follow a hashtag: public posts with it come into the viewer's home."""
    node = runtime()
    async with node.write() as uow:
        await follow_tag(uow, viewer.account_id, name, now=node.now())
    return await _now(viewer, name)


@blueprint.post("/tags/<name>/unfollow")
@needs("write:follows")
@answers(Tag)
async def unfollow(viewer: Viewer, name: str) -> dict[str, Any]:
    """Follow a hashtag no longer."""
    async with runtime().write() as uow:
        found = await find_hashtag(uow, fold_hashtag(name))
        if found is not None:
            await unfollow_tag(uow, viewer.account_id, found.id)
    return await _now(viewer, name)


@blueprint.post("/tags/<name>/feature")
@needs("write:accounts")
@answers(Tag)
async def feature(viewer: Viewer, name: str) -> dict[str, Any]:
    """Show a hashtag on the viewer's profile."""
    node = runtime()
    async with node.write() as uow:
        await feature_tag(uow, viewer.account_id, name, now=node.now())
    return await _now(viewer, name)


@blueprint.post("/tags/<name>/unfeature")
@needs("write:accounts")
@answers(Tag)
async def unfeature(viewer: Viewer, name: str) -> dict[str, Any]:
    """Show a hashtag no longer."""
    async with runtime().write() as uow:
        found = await find_featured_by_name(uow, viewer.account_id, fold_hashtag(name))
        if found is not None:
            await unfeature_tag(uow, found)
    return await _now(viewer, name)


async def _now(viewer: Viewer, name: str) -> dict[str, Any]:
    """Return a hashtag as it stands after a commit."""
    async with runtime().read() as reader:
        return await _tag(reader, name, viewer.account_id)


async def _tag(reader: Reader, name: str, viewer_id: int | None) -> dict[str, Any]:
    folded = fold_hashtag(name)
    if not _may_be_hashtag(folded):
        raise NotFound()
    unused = unused_view(runtime(), name, folded)
    found = await find_hashtag(reader, folded)
    if found is None:
        return unused
    view = (await hashtag_views(runtime(), reader, [found], viewer_id))[0]
    is_theirs = view["following"] or view["featuring"]
    return view if is_theirs or await is_hashtag_in_view(reader, found.id, viewer_id) else unused


def _may_be_hashtag(folded: str) -> bool:
    return 0 < len(folded) <= LONGEST_NAME and all(c.isalnum() or c in "_·・\u200c" or not c.isascii() for c in folded)
