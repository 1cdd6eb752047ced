"""Filters, in both versions. Nobody can make one yet, so nobody has any: apps ask at their start."""

from typing import Any

from quart import Blueprint

from node.http.principals import Viewer, needs

blueprint = Blueprint("api_filters", __name__)


@blueprint.get("/api/v1/filters")
@needs("read:filters")
async def list_v1(viewer: Viewer) -> list[Any]:
    """Return the viewer's filters in the old shape: none."""
    return []


@blueprint.get("/api/v2/filters")
@needs("read:filters")
async def list_v2(viewer: Viewer) -> list[Any]:
    """Return the viewer's filters: none."""
    return []
