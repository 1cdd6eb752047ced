"""Announcements of the operators: list, put away, react."""

from typing import Any

from quart import Blueprint

from node.announcements.queries import list_shown
from node.announcements.service import add_reaction, dismiss, remove_reaction
from node.announcements.views import announcement_views
from node.api.entities.announcements import Announcement
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes

blueprint = Blueprint("api_announcements", __name__, url_prefix="/api/v1/announcements")


class WhichAnnouncements(Request, frozen=True, kw_only=True):
    """Whether those the viewer has put away are wanted too, as `read`."""

    with_dismissed: bool = False


@blueprint.get("")
@needs("read:accounts")
@takes(WhichAnnouncements)
@answers(list[Announcement])
async def list_them(viewer: Viewer, asked: WhichAnnouncements) -> list[dict[str, Any]]:
    """Return what is up, in the order in which it begins; what the viewer has put away on demand only."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_shown(reader, now=node.now())
        views = await announcement_views(node, reader, rows, viewer_id=viewer.account_id)
    return [view for view in views if asked.with_dismissed or not view["read"]]


@blueprint.post("/<id:announcement_id>/dismiss")
@needs("write:accounts")
@answers(dict[str, Any])
async def put_away(viewer: Viewer, announcement_id: int) -> dict[str, Any]:
    """Put one away: it is read."""
    node = runtime()
    async with node.write() as uow:
        await dismiss(uow, viewer.account_id, announcement_id, now=node.now())
    return {}


@blueprint.put("/<id:announcement_id>/reactions/<name>")
@blueprint.patch("/<id:announcement_id>/reactions/<name>")
@needs("write:favourites")
@answers(dict[str, Any])
async def react(viewer: Viewer, announcement_id: int, name: str) -> dict[str, Any]:
    """React with an emoji of Unicode, or by its shortcode with one of this server."""
    node = runtime()
    async with node.write() as uow:
        await add_reaction(uow, viewer.account_id, announcement_id, name, now=node.now())
    return {}


@blueprint.delete("/<id:announcement_id>/reactions/<name>")
@needs("write:favourites")
@answers(dict[str, Any])
async def take_back(viewer: Viewer, announcement_id: int, name: str) -> dict[str, Any]:
    """Take a reaction back."""
    node = runtime()
    async with node.write() as uow:
        await remove_reaction(uow, viewer.account_id, announcement_id, name, now=node.now())
    return {}
