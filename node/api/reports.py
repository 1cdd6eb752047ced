"""Reports: POST /api/v1/reports (MOD-3)."""

from typing import Any

from quart import Blueprint

from node.accounts.queries import get_account
from node.api.entities.accounts import Report
from node.base.errors import Invalid
from node.http.context import runtime
from node.http.limits import REPORTS, costs
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Request, answers, takes
from node.reports.service import file_report
from node.reports.views import report_view
from node.site.queries import list_rules

blueprint = Blueprint("api_reports", __name__, url_prefix="/api/v1/reports")


class NewReport(Request, frozen=True, kw_only=True):
    account_id: Identifier
    status_ids: list[Identifier] = []
    comment: str = ""
    category: str = "other"
    rule_ids: list[Identifier] = []
    forward: bool = False


@blueprint.post("")
@costs(1, REPORTS)
@needs("write:reports")
@takes(NewReport)
@answers(Report)
async def file(viewer: Viewer, asked: NewReport) -> dict[str, Any]:
    """Report an account, and posts of it; `forward` tells its own server's moderators too."""
    node = runtime()
    async with node.write() as uow:
        target = await get_account(uow, asked.account_id, include_gone=True)
        known = {rule.id for rule in await list_rules(uow, include_retired=True)} if asked.rule_ids else set()
        if not known.issuperset(asked.rule_ids):
            raise Invalid(fields={"rule_ids": ["does not reference valid rules"]})
        report = await file_report(
            uow,
            await get_account(uow, viewer.account_id),
            target,
            post_ids=asked.status_ids,
            comment=asked.comment,
            category=asked.category,
            rule_ids=asked.rule_ids,
            forward=asked.forward,
            now=node.now(),
        )
        return report_view(report, target, settings=node.settings)
