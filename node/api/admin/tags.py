"""Hashtags as moderators keep them: may it trend, is it found, does it stand for anything."""

from typing import Any

from quart import Blueprint

from node.api.answers import Answer, page_answer
from node.api.entities.trends import AdminTag
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Paging, Request, answers, takes
from node.trends.desk import admin_tag_views
from node.trends.queries import get_hashtag, list_tag_page
from node.trends.review import decide
from node.trends.ruling_queries import Subject

blueprint = Blueprint("api_admin_tags", __name__, url_prefix="/api/v1/admin/tags")


class TagChange(Request, frozen=True, kw_only=True):
    """What is to be otherwise about a hashtag."""

    trendable: bool | None = None
    listable: bool | None = None
    usable: bool | None = None


@blueprint.get("")
@needs("admin:read")
@takes(Paging)
@answers(list[AdminTag])
async def list_tags(viewer: Viewer, asked: Paging) -> Answer:
    """Return the hashtags known here, the newest first."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_tag_page(reader, page_of(asked, 100, 200))
        return page_answer(await admin_tag_views(node, reader, rows, viewer.account_id))


@blueprint.get("/<id:tag_id>")
@needs("admin:read")
@answers(AdminTag)
async def show_tag(viewer: Viewer, tag_id: int) -> dict[str, Any]:
    """Return one of them."""
    return await _shown(viewer, tag_id)


@blueprint.put("/<id:tag_id>")
@blueprint.patch("/<id:tag_id>")
@needs("admin:write")
@takes(TagChange)
@answers(AdminTag)
async def change_tag(viewer: Viewer, asked: TagChange, tag_id: int) -> dict[str, Any]:
    """Decide about a hashtag; what is not sent stays as it is."""
    node = runtime()
    wanted: list[tuple[Subject, bool | None]] = [
        ("tag", asked.trendable), ("listing", asked.listable), ("use", asked.usable),
    ]  # fmt: skip
    async with node.write() as uow:
        await get_hashtag(uow, tag_id)
        for about, allowed in wanted:
            if allowed is not None:
                await decide(uow, node, about, tag_id, allowed=allowed, actor_id=viewer.account_id, now=node.now())
    return await _shown(viewer, tag_id)


async def _shown(viewer: Viewer, tag_id: int) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        (view,) = await admin_tag_views(node, reader, [await get_hashtag(reader, tag_id)], viewer.account_id)
    return view
