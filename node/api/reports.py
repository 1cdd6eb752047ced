"""Reports: POST /api/v1/reports (MOD-3)."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.parameters import parameters
from node.http.principals import Viewer, needs
from node.reports.service import file_report
from node.reports.views import report_view

blueprint = Blueprint("api_reports", __name__, url_prefix="/api/v1/reports")


@blueprint.post("")
@needs("write:reports")
async def file(viewer: Viewer) -> dict[str, Any]:
    """Report an account, and posts of it; `forward` tells its own server's moderators too."""
    sent = await parameters()
    account_ids = sent.identifiers("account_id")
    if not account_ids:
        raise Invalid("Validation failed: account_id is missing")
    node = runtime()
    async with node.write() as uow:
        target = await get_account(uow, account_ids[0], include_gone=True)
        report = await file_report(
            uow,
            await get_account(uow, viewer.account_id),
            target,
            post_ids=sent.identifiers("status_ids"),
            comment=sent.text("comment") or "",
            category=sent.text("category") or "other",
            rule_ids=sent.identifiers("rule_ids"),
            forward=sent.is_set("forward"),
            now=node.now(),
        )
        return report_view(report, target, settings=node.settings)
