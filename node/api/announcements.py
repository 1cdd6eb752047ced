"""Announcements of the operator. There is no way to make one yet, so there are none: apps ask at their start."""

from typing import Any

from quart import Blueprint

from node.http.principals import Viewer, needs

blueprint = Blueprint("api_announcements", __name__, url_prefix="/api/v1/announcements")


@blueprint.get("")
@needs("read:accounts")
async def list_them(viewer: Viewer) -> list[Any]:
    """Return what the operator announces: nothing."""
    return []
