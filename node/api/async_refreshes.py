"""Runs that bring in what other servers have: Mastodon's experimental async refreshes, as of 4.5."""

from typing import Any

from quart import Blueprint

from node.api.entities.async_refreshes import AsyncRefresh
from node.base.errors import NotFound
from node.completion.asking import find_refresh
from node.completion.views import async_refresh_view
from node.http.context import runtime
from node.http.principals import Viewer, needs
from node.http.requests import answers

blueprint = Blueprint("api_async_refreshes", __name__, url_prefix="/api/v1_alpha/async_refreshes")


@blueprint.get("/<id:refresh_id>")
@needs("read", "read:statuses")
@answers(AsyncRefresh)
async def show(viewer: Viewer, refresh_id: int) -> dict[str, Any]:
    """Return how a run stands that a `Mastodon-Async-Refresh` header named."""
    found = await find_refresh(runtime(), refresh_id)
    if found is None:
        raise NotFound()
    return async_refresh_view(found)
