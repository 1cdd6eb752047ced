"""Timelines: home, public (local and federated), by hashtag, of a list."""

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.statuses import Status
from node.base.errors import NotFound
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs, optional
from node.http.requests import Paging, answers, takes
from node.lists.queries import find_list
from node.text.writing import fold_hashtag
from node.timelines.home import home_page
from node.timelines.public import hashtag_page, public_page
from node.timelines.service import list_page
from node.trends.review import list_usable

MOST_HASHTAGS = 4
"""Further names in `any[]`, `all[]` and `none[]` are ignored, as Mastodon does."""

blueprint = Blueprint("api_timelines", __name__, url_prefix="/api/v1/timelines")


class PublicPaging(Paging, frozen=True, kw_only=True):
    """A page of public posts, and which."""

    local: bool = False
    remote: bool = False
    only_media: bool = False


class HashtagPaging(PublicPaging, frozen=True, kw_only=True):
    """A page of posts with hashtags, beside the one in the path."""

    any: list[str] = []
    all: list[str] = []
    none: list[str] = []


@blueprint.get("/home")
@needs("read:statuses")
@takes(Paging)
@answers(list[Status])
async def home(viewer: Viewer, asked: Paging) -> Answer:
    """Return the viewer's home timeline."""
    found = await home_page(runtime(), viewer.account_id, page_of(asked))
    return page_answer(found.posts, found.cursors)


@blueprint.get("/public")
@optional("read:statuses")
@takes(PublicPaging)
@answers(list[Status])
async def public(viewer: Viewer | None, asked: PublicPaging) -> Answer:
    """Return public posts: of this node (`local`), of others (`remote`), or all."""
    found = await public_page(
        runtime(),
        page_of(asked),
        viewer_id=viewer.account_id if viewer else None,
        local=asked.local,
        remote=asked.remote,
        only_media=asked.only_media,
    )
    return page_answer(found.posts, found.cursors)


@blueprint.get("/list/<id:list_id>")
@needs("read:lists")
@takes(Paging)
@answers(list[Status])
async def of_list(viewer: Viewer, asked: Paging, list_id: int) -> Answer:
    """Return what the people on a list of the viewer's write."""
    node = runtime()
    async with node.read() as reader:
        list_ = await find_list(reader, list_id, viewer.account_id)
    if list_ is None:
        raise NotFound()
    found = await list_page(node, list_, page_of(asked))
    return page_answer(found.posts, found.cursors)


@blueprint.get("/tag/<name>")
@optional("read:statuses")
@takes(HashtagPaging)
@answers(list[Status])
async def hashtag(viewer: Viewer | None, asked: HashtagPaging, name: str) -> Answer:
    """Return public posts that carry a hashtag, or one of `any[]`, all of `all[]`, none of `none[]`; nothing for one
    that moderators put out of use."""
    first = fold_hashtag(name)
    any_of = await list_usable(runtime(), [first, *_names(asked.any)])
    if first not in any_of:
        return page_answer([])
    found = await hashtag_page(
        runtime(),
        page_of(asked),
        viewer_id=viewer.account_id if viewer else None,
        any_of=any_of,
        all_of=_names(asked.all),
        none_of=_names(asked.none),
        local=asked.local,
        remote=asked.remote,
        only_media=asked.only_media,
    )
    return page_answer(found.posts, found.cursors)


def _names(given: list[str]) -> list[str]:
    return [fold_hashtag(name) for name in given[:MOST_HASHTAGS] if name]
