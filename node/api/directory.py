"""The directory: people who want to be found, here and elsewhere."""

from typing import Any, Literal

from quart import Blueprint

from node.accounts.directory import list_directory
from node.accounts.views import account_view
from node.api.entities.accounts import Account
from node.http.context import runtime
from node.http.paging import capped, skipped
from node.http.principals import Viewer, optional
from node.http.requests import Request, answers, takes

blueprint = Blueprint("api_directory", __name__, url_prefix="/api/v1/directory")


class WhichPart(Request, frozen=True, kw_only=True):
    order: Literal["active", "new"] = "active"
    local: bool = False
    limit: int | None = None
    offset: int = 0


@blueprint.get("")
@optional("read:accounts")
@takes(WhichPart)
@answers(list[Account])
async def show(viewer: Viewer | None, asked: WhichPart) -> list[dict[str, Any]]:
    """Return people who are discoverable: those who posted last first, or those who came last."""
    node = runtime()
    async with node.read() as reader:
        found = await list_directory(
            reader,
            newest=asked.order == "new",
            local=asked.local,
            viewer_id=viewer.account_id if viewer else None,
            limit=capped(asked.limit, 40),
            offset=skipped(asked.offset),
        )
    return [account_view(account, settings=node.settings) for account in found]
