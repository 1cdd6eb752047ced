"""Reports as moderators work on them."""

from collections.abc import Sequence
from typing import Any, Literal

from quart import Blueprint

from node.api.admin.accounts import admin_account_views
from node.api.answers import Answer, page_answer
from node.api.entities.moderation import AdminReport
from node.base.clock import time_word
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.paging import page_of
from node.http.principals import Viewer, needs
from node.http.requests import Identifier, Paging, Request, answers, takes
from node.moderation.account_queries import list_moderated_by_id
from node.posts.rendering import render_posts
from node.reports.models import Report
from node.reports.queries import get_report, list_reports
from node.reports.service import assign, recategorise, set_resolved

MOST = 200

blueprint = Blueprint("api_admin_reports", __name__, url_prefix="/api/v1/admin/reports")


class Reports(Paging, frozen=True, kw_only=True):
    """Which reports. Without `resolved` the open ones; both words mean either."""

    resolved: bool = False
    unresolved: bool = False
    account_id: Identifier | None = None
    target_account_id: Identifier | None = None


class Change(Request, frozen=True, kw_only=True):
    """What a report is about."""

    category: Literal["spam", "legal", "violation", "other"] | None = None
    rule_ids: list[Identifier] | None = None


@blueprint.get("")
@needs("admin:read:reports")
@takes(Reports)
@answers(list[AdminReport])
async def list_them(viewer: Viewer, asked: Reports) -> Answer:
    """Return reports, newest first."""
    node = runtime()
    async with node.read() as reader:
        rows = await list_reports(
            reader,
            page_of(asked, 100, MOST),
            resolved=None if asked.resolved and asked.unresolved else asked.resolved,
            account_id=asked.account_id,
            target_id=asked.target_account_id,
        )
        return page_answer(await _views(node, reader, rows, viewer))


@blueprint.get("/<id:report_id>")
@needs("admin:read:reports")
@answers(AdminReport)
async def show(viewer: Viewer, report_id: int) -> dict[str, Any]:
    """Return one report."""
    return await _answer(viewer, report_id)


@blueprint.put("/<id:report_id>")
@blueprint.patch("/<id:report_id>")
@needs("admin:write:reports")
@takes(Change)
@answers(AdminReport)
async def change(viewer: Viewer, asked: Change, report_id: int) -> dict[str, Any]:
    """Say what a report is about."""
    node = runtime()
    async with node.write() as uow:
        await recategorise(
            uow, report_id, category=asked.category, rule_ids=asked.rule_ids, actor_id=viewer.account_id,
            now=node.now(),
        )  # fmt: skip
    return await _answer(viewer, report_id)


@blueprint.post("/<id:report_id>/<any(assign_to_self, unassign):verb>")
@needs("admin:write:reports")
@answers(AdminReport)
async def hand_over(viewer: Viewer, report_id: int, verb: str) -> dict[str, Any]:
    """Take a report on, or let it go."""
    node = runtime()
    async with node.write() as uow:
        moderator_id = viewer.account_id if verb == "assign_to_self" else None
        await assign(uow, report_id, moderator_id, actor_id=viewer.account_id, now=node.now())
    return await _answer(viewer, report_id)


@blueprint.post("/<id:report_id>/<any(resolve, reopen):verb>")
@needs("admin:write:reports")
@answers(AdminReport)
async def decide(viewer: Viewer, report_id: int, verb: str) -> dict[str, Any]:
    """Close a report, or open it again."""
    node = runtime()
    async with node.write() as uow:
        await set_resolved(uow, report_id, resolved=verb == "resolve", actor_id=viewer.account_id, now=node.now())
    return await _answer(viewer, report_id)


async def _answer(viewer: Viewer, report_id: int) -> dict[str, Any]:
    node = runtime()
    async with node.read() as reader:
        (view,) = await _views(node, reader, [await get_report(reader, report_id)], viewer)
    return view


async def _views(node: Runtime, reader: Reader, reports: Sequence[Report], viewer: Viewer) -> list[dict[str, Any]]:
    """Return Admin::Reports. Of the posts a report names, those are shown that the moderator may see."""
    named = {
        id_
        for report in reports
        for id_ in (report.account_id, report.target_id, report.assigned_id, report.resolved_by)
        if id_ is not None
    }
    rows = await list_moderated_by_id(reader, named)
    people = {int(view["id"]): view for view in await admin_account_views(node, reader, rows)}
    post_ids = list(dict.fromkeys(int(id_) for report in reports for id_ in report.post_ids))
    posts = {post["id"]: post for post in await render_posts(node, reader, post_ids, viewer_id=viewer.account_id)}
    return [
        {
            "id": str(report.id),
            "action_taken": report.resolved_at is not None,
            "action_taken_at": time_word(report.resolved_at),
            "category": report.category,
            "comment": report.comment,
            "forwarded": report.forwarded,
            "created_at": time_word(report.created_at),
            "updated_at": time_word(report.resolved_at or report.created_at),
            "domain": report.host or None,
            "account": people.get(report.account_id or 0),
            "target_account": people[report.target_id],
            "assigned_account": people.get(report.assigned_id or 0),
            "action_taken_by_account": people.get(report.resolved_by or 0),
            "statuses": [posts[id_] for id_ in report.post_ids if id_ in posts],
            "rules": [],
        }
        for report in reports
    ]
