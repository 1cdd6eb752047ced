"""Use cases of reports: file one, take one in from another server, resolve it. Who is told is `outbox`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update

from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid, NotFound, TooManyRequests
from node.base.ids import new_id
from node.events import ReportFiled
from node.moderation.service import log_decision
from node.reports.models import Report
from node.reports.queries import count_from_account, get_report, list_reportable
from node.reports.rules import MAX_COMMENT, MAX_POSTS, MAX_RULES, PER_PERSON, WINDOW, checked_category, checked_comment
from node.uris import INSTANCE_ACTOR_ID


async def file_report(
    uow: UnitOfWork,
    reporter: Account,
    target: Account,
    *,
    post_ids: Sequence[int] = (),
    comment: str = "",
    category: str = "other",
    rule_ids: Sequence[int] = (),
    forward: bool = False,
    now: datetime,
) -> Report:
    """Report an account, and posts of it, to our moderators; with `forward` to its own server's too (MOD-3).

    That server learns what is reported and the comment, never who reported it. Raises Invalid for
    broken limits, NotFound for posts that are not the target's or not to be seen, TooManyRequests.
    """
    if target.id == INSTANCE_ACTOR_ID or target.deleted_at is not None:
        raise NotFound()
    wanted, rules = list(dict.fromkeys(post_ids)), list(dict.fromkeys(rule_ids))
    if len(wanted) > MAX_POSTS or len(rules) > MAX_RULES:
        raise Invalid(f"A report can name {MAX_POSTS} posts and {MAX_RULES} rules at most")
    words, kind = checked_comment(comment), checked_category(category, rule_ids=rules)
    found = await list_reportable(uow, wanted, author_id=target.id, viewer_id=reporter.id)
    if len(found) != len(wanted):
        raise NotFound()
    if await count_from_account(uow, reporter.id, since=now - WINDOW) >= PER_PERSON:
        raise TooManyRequests("You have sent many reports within the hour. Wait a little.", retry_after=600)
    report = Report(
        id=new_id(),
        account_id=reporter.id,
        target_id=target.id,
        post_ids=[str(id_) for id_ in found],
        comment=words,
        category=kind,
        rule_ids=[str(id_) for id_ in rules],
        forwarded=forward and not target.is_local,
        created_at=now,
    )
    return await _keep(uow, report)


async def take_report(
    uow: UnitOfWork, target: Account, *, host: str, post_ids: Sequence[int], comment: str, now: datetime
) -> Report:
    """Keep a report of another server, of which we note the domain only. The caller has checked what it names."""
    report = Report(
        id=new_id(),
        host=host,
        target_id=target.id,
        post_ids=[str(id_) for id_ in post_ids[:MAX_POSTS]],
        comment=comment[:MAX_COMMENT],
        created_at=now,
    )
    return await _keep(uow, report)


async def set_resolved(
    uow: UnitOfWork, report_id: int, *, resolved: bool, actor_id: int | None = None, now: datetime
) -> bool:
    """Close a report or open it again; return whether that changed it. Logged. Raises NotFound."""
    await get_report(uow, report_id)
    before = Report.resolved_at.is_(None) if resolved else Report.resolved_at.is_not(None)
    changed = await uow.write(
        update(Report)
        .where(Report.id == report_id, before)
        .values(resolved_at=now if resolved else None, resolved_by=actor_id if resolved else None)
    )
    if changed:
        action = "report.resolve" if resolved else "report.reopen"
        await log_decision(uow, action, target_kind="report", target=str(report_id), actor_id=actor_id, now=now)
    return bool(changed)


async def assign(uow: UnitOfWork, report_id: int, moderator_id: int | None, *, actor_id: int, now: datetime) -> None:
    """Say who looks into a report; None for nobody. Logged. Raises NotFound."""
    await get_report(uow, report_id)
    await uow.write(update(Report).where(Report.id == report_id).values(assigned_id=moderator_id))
    action = "report.assign" if moderator_id is not None else "report.unassign"
    await log_decision(uow, action, target_kind="report", target=str(report_id), actor_id=actor_id, now=now)


async def recategorise(
    uow: UnitOfWork,
    report_id: int,
    *,
    category: str | None,
    rule_ids: Sequence[int] | None,
    actor_id: int,
    now: datetime,
) -> None:
    """Change what a report is about; None leaves a part as it is. Logged. Raises NotFound, Invalid."""
    report = await get_report(uow, report_id)
    rules = [int(id_) for id_ in report.rule_ids] if rule_ids is None else list(dict.fromkeys(rule_ids))
    kind = checked_category(category or report.category, rule_ids=rules)
    report.category, report.rule_ids = kind, [str(id_) for id_ in rules]
    uow.add(report)
    await log_decision(uow, "report.change", target_kind="report", target=str(report_id), actor_id=actor_id, now=now)


async def _keep(uow: UnitOfWork, report: Report) -> Report:
    uow.add(report)
    await uow.flush()
    await uow.record(ReportFiled(report.id))
    return report
