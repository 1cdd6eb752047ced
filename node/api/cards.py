"""Link previews: that of a post, and the public posts that link to a page."""

from typing import Annotated, Any

from msgspec import Meta
from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.errors import Empty
from node.api.entities.statuses import PreviewCard, Status
from node.cards.rules import MAX_URL
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, optional
from node.http.requests import Paging, answers, takes
from node.posts.rendering import render_post
from node.timelines.public import link_page

blueprint = Blueprint("api_cards", __name__, url_prefix="/api/v1")


class PostsOfLink(Paging, frozen=True, kw_only=True):
    """Which page the posts are to link to."""

    url: Annotated[str, Meta(min_length=1, max_length=MAX_URL)]


@blueprint.get("/statuses/<id:post_id>/card")
@optional("read:statuses")
@answers(PreviewCard | Empty)
async def show(viewer: Viewer | None, post_id: int) -> dict[str, Any]:
    """Return a post's link preview; `{}` for a post without one. Every post carries it as `card` by now."""
    node = runtime()
    async with node.read() as reader:
        post = await render_post(node, reader, post_id, viewer_id=viewer.account_id if viewer else None)
    card: dict[str, Any] | None = (post["reblog"] or post)["card"]
    return card or {}


@blueprint.get("/timelines/link")
@optional("read:statuses")
@takes(PostsOfLink)
@answers(list[Status])
async def posts_of_link(viewer: Viewer | None, asked: PostsOfLink) -> Answer:
    """Return public posts that link to a page."""
    found = await link_page(
        runtime(), page_of(asked), viewer_id=viewer.account_id if viewer else None, url=asked.url.strip()
    )
    return page_answer(found.posts, found.cursors)
