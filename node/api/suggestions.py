"""Whom to follow: version 2 with the reasons, version 1 without; and waving somebody away."""

from typing import Any

from quart import Blueprint

from node.accounts.models import Account as AccountRow
from node.accounts.views import account_view
from node.api.entities.accounts import Account
from node.api.entities.errors import Empty
from node.api.entities.suggestions import Suggestion
from node.http.context import runtime
from node.http.paging import capped
from node.http.principals import Viewer, needs
from node.http.requests import Request, answers, takes
from node.suggestions.rules import LEGACY
from node.suggestions.service import Suggested, dismiss, suggest

blueprint = Blueprint("api_suggestions", __name__, url_prefix="/api")


class HowMany(Request, frozen=True, kw_only=True):
    """How many are wanted: 40 unless said otherwise, 80 at most."""

    limit: int | None = None


@blueprint.get("/v2/suggestions")
@needs("read:accounts")
@takes(HowMany)
@answers(list[Suggestion])
async def list_v2(viewer: Viewer, asked: HowMany) -> list[dict[str, Any]]:
    """Return people the viewer might like to follow, with the reasons."""
    return [
        {
            "source": LEGACY[one.suggestion.sources[0]],
            "sources": list(one.suggestion.sources),
            "reasons": list(one.reasons),
            "account": _shown(one.account),
        }
        for one in await _suggested(viewer, asked)
    ]


@blueprint.get("/v1/suggestions")
@needs("read:accounts")
@takes(HowMany)
@answers(list[Account])
async def list_v1(viewer: Viewer, asked: HowMany) -> list[dict[str, Any]]:
    """Return people the viewer might like to follow."""
    return [_shown(one.account) for one in await _suggested(viewer, asked)]


@blueprint.delete("/v1/suggestions/<id:account_id>")
@needs("write:accounts")
@answers(Empty)
async def wave_away(viewer: Viewer, account_id: int) -> dict[str, Any]:
    """Have somebody suggested no more."""
    node = runtime()
    async with node.write() as uow:
        await dismiss(uow, node, viewer.account_id, account_id)
    return {}


def _shown(account: AccountRow) -> dict[str, Any]:
    return account_view(account, settings=runtime().settings)


async def _suggested(viewer: Viewer, asked: HowMany) -> list[Suggested]:
    node = runtime()
    async with node.read() as reader:
        return await suggest(node, reader, viewer.account_id, limit=capped(asked.limit, 40))
