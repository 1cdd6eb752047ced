"""Timelines: home, public (local and federated), by hashtag."""

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.http.context import runtime
from node.http.paging import page_from
from node.http.parameters import parameters
from node.http.principals import Viewer, needs, optional
from node.text.writing import fold_hashtag
from node.timelines.service import hashtag_page, home_page, public_page

MOST_HASHTAGS = 4
"""Further names in `any[]`, `all[]` and `none[]` are ignored, as Mastodon does."""

blueprint = Blueprint("api_timelines", __name__, url_prefix="/api/v1/timelines")


@blueprint.get("/home")
@needs("read:statuses")
async def home(viewer: Viewer) -> Answer:
    """Return the viewer's home timeline."""
    sent = await parameters()
    return page_answer(sent, await home_page(runtime(), viewer.account_id, page_from(sent)))


@blueprint.get("/public")
@optional("read:statuses")
async def public(viewer: Viewer | None) -> Answer:
    """Return public posts: of this node (`local`), of others (`remote`), or all."""
    sent = await parameters()
    found = await public_page(
        runtime(),
        page_from(sent),
        viewer_id=viewer.account_id if viewer else None,
        local=sent.is_set("local"),
        remote=sent.is_set("remote"),
        only_media=sent.is_set("only_media"),
    )
    return page_answer(sent, found)


@blueprint.get("/tag/<name>")
@optional("read:statuses")
async def hashtag(viewer: Viewer | None, name: str) -> Answer:
    """Return public posts that carry a hashtag, or one of `any[]`, all of `all[]`, none of `none[]`."""
    sent = await parameters()
    found = await hashtag_page(
        runtime(),
        page_from(sent),
        viewer_id=viewer.account_id if viewer else None,
        any_of=[fold_hashtag(name), *_names(sent.texts("any"))],
        all_of=_names(sent.texts("all")),
        none_of=_names(sent.texts("none")),
        local=sent.is_set("local"),
        remote=sent.is_set("remote"),
        only_media=sent.is_set("only_media"),
    )
    return page_answer(sent, found)


def _names(given: list[str]) -> list[str]:
    return [fold_hashtag(name) for name in given[:MOST_HASHTAGS] if name]
