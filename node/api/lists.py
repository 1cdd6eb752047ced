"""Lists of people. Nobody can make one yet, so nobody has any: apps ask at their start and want to be told so."""

from typing import Any

from quart import Blueprint

from node.http.principals import Viewer, needs

blueprint = Blueprint("api_lists", __name__, url_prefix="/api/v1/lists")


@blueprint.get("")
@needs("read:lists")
async def list_them(viewer: Viewer) -> list[Any]:
    """Return the viewer's lists: none."""
    return []
