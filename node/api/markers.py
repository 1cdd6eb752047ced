"""Markers: how far the viewer has read home and notifications; what is before the second is read here too."""

from typing import Any

from quart import Blueprint

from node.api.entities.markers import Markers
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Request, answers, takes
from node.markers.models import Marker
from node.markers.queries import list_markers
from node.markers.rules import TIMELINES
from node.markers.service import set_marker
from node.markers.views import marker_views

blueprint = Blueprint("api_markers", __name__, url_prefix="/api/v1/markers")


class WhichMarkers(Request, frozen=True, kw_only=True):
    timeline: list[str] = []


class NewMarker(Request, frozen=True, kw_only=True):
    last_read_id: Identifier | None = None
    version: int | None = None


class NewMarkers(Request, frozen=True, kw_only=True):
    home: NewMarker | None = None
    notifications: NewMarker | None = None


@blueprint.get("")
@needs("read:statuses")
@takes(WhichMarkers)
@answers(Markers)
async def show(viewer: Viewer, asked: WhichMarkers) -> dict[str, Any]:
    """Return the markers of `timeline[]`, those that are set."""
    wanted = [timeline for timeline in TIMELINES if timeline in asked.timeline]
    async with runtime().read() as reader:
        return marker_views(await list_markers(reader, viewer.account_id, wanted))


@blueprint.post("")
@needs("write:statuses")
@takes(NewMarkers)
@answers(Markers)
async def move(viewer: Viewer, asked: NewMarkers) -> dict[str, Any]:
    """Move markers. 409 when another app moved one in the same moment."""
    node = runtime()
    moved: dict[str, Marker] = {}
    async with node.write() as uow:
        for timeline in TIMELINES:
            new: NewMarker | None = getattr(asked, timeline)
            if new is None or new.last_read_id is None:
                continue
            moved[timeline] = await set_marker(
                uow, viewer.account_id, timeline, new.last_read_id, version=new.version, now=node.now()
            )
        return marker_views(moved)
