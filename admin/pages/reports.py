"""/admin/reports: what people here and servers elsewhere ask the moderators to look at; resolve, open again."""

from collections.abc import Sequence
from typing import Any

from quart import Blueprint, request

from node.accounts.queries import list_accounts
from node.accounts.views import account_view
from node.base.db.unit_of_work import Reader
from node.http.context import runtime
from node.reports.models import Report
from node.reports.queries import list_posts, list_reports
from node.reports.service import set_resolved
from node.site.queries import list_rules
from node.text.sanitising import html_to_text
from node.web.showing import install, links, page_asked, show, tell
from node.web.visitors import Answer, Visitor, back, staff_only

PLACE = "/admin/reports"
ROWS = 20
EXCERPT = 300

blueprint = Blueprint("reports", __name__)
blueprint.record_once(install)


@blueprint.get("/reports")
@staff_only("admin", "moderator")
async def reports(visitor: Visitor) -> Answer:
    """List reports that are open, or those that are resolved."""
    resolved = request.args.get("state") == "resolved"
    page = page_asked(ROWS)
    async with runtime().read() as reader:
        rows = await list_reports(reader, page, resolved=resolved)
        shown = await _views(reader, rows)
    return await show(
        "admin/reports.html",
        visitor,
        admin_place="reports",
        resolved=resolved,
        reports=shown,
        return_to=request.full_path.rstrip("?"),
        **links(page, [row.id for row in rows]),
    )


async def _views(reader: Reader, rows: Sequence[Report]) -> list[dict[str, Any]]:
    named = {row.target_id for row in rows} | {row.account_id for row in rows if row.account_id is not None}
    accounts = await list_accounts(reader, named | {row.resolved_by for row in rows if row.resolved_by is not None})
    posts = await list_posts(reader, {int(id_) for row in rows for id_ in row.post_ids})
    rules = {str(rule.id): rule.text for rule in await list_rules(reader, include_retired=True)}
    settings = runtime().settings
    views = {id_: account_view(account, settings=settings) for id_, account in accounts.items()}
    return [
        {
            "id": row.id,
            "reporter": views.get(row.account_id or 0),
            "host": row.host,
            "target": views[row.target_id],
            "is_suspended": accounts[row.target_id].suspended_at is not None,
            "is_limited": accounts[row.target_id].silenced_at is not None,
            "posts": [
                {"url": post.url or post.uri, "text": html_to_text(post.content)[:EXCERPT], "gone": post.deleted_at}
                for id_ in row.post_ids
                if (post := posts.get(int(id_))) is not None
            ],
            "comment": row.comment,
            "category": row.category,
            "rules": [rules[id_] for id_ in map(str, row.rule_ids) if id_ in rules],
            "forwarded": row.forwarded,
            "created_at": row.created_at,
            "resolved_at": row.resolved_at,
            "resolved_by": views.get(row.resolved_by or 0),
        }
        for row in rows
    ]


@blueprint.post("/reports/<id:report_id>/<any(resolve, reopen):verb>")
@staff_only("admin", "moderator")
async def decide(visitor: Visitor, report_id: int, verb: str) -> Answer:
    """Close a report, or open it again."""
    node = runtime()
    async with node.write() as uow:
        await set_resolved(uow, report_id, resolved=verb == "resolve", actor_id=visitor.account_id, now=node.now())
    tell("The report is resolved." if verb == "resolve" else "The report is open again.")
    return await back(PLACE)
