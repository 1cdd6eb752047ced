"""Every SELECT over reports, and over the posts they are about."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.posts.models import Post
from node.posts.rules import visible_to
from node.reports.models import Report


async def find_report(reader: Reader, report_id: int) -> Report | None:
    """Return a report."""
    found: Report | None = await reader.scalar(select(Report).where(Report.id == report_id))
    return found


async def get_report(reader: Reader, report_id: int) -> Report:
    """Return a report. Raises NotFound."""
    found = await find_report(reader, report_id)
    if found is None:
        raise NotFound(f"There is no report {report_id}.")
    return found


async def list_reports(
    reader: Reader, page: Page, *, resolved: bool | None, account_id: int | None = None, target_id: int | None = None
) -> list[Report]:
    """Return a page of reports, newest first: open or resolved (None: either), by or about somebody if asked."""
    statement = select(Report)
    if resolved is not None:
        statement = statement.where(Report.resolved_at.is_not(None) if resolved else Report.resolved_at.is_(None))
    if account_id is not None:
        statement = statement.where(Report.account_id == account_id)
    if target_id is not None:
        statement = statement.where(Report.target_id == target_id)
    return page.newest_first(list(await reader.scalars(page.apply(statement, Report.id))))


async def list_reports_by_id(reader: Reader, ids: Collection[int]) -> dict[int, Report]:
    """Return reports by id; unknown ones are left out."""
    return {row.id: row for row in await reader.scalars(select(Report).where(Report.id.in_(ids)))}


async def count_open(reader: Reader) -> int:
    """Return how many reports wait for somebody to look."""
    return int(await reader.scalar(select(func.count()).select_from(Report).where(Report.resolved_at.is_(None))) or 0)


async def count_from_host(reader: Reader, host: str, *, since: datetime) -> int:
    """Return how many reports another server brought since then."""
    statement = select(func.count()).select_from(Report).where(Report.host == host, Report.created_at > since)
    return int(await reader.scalar(statement) or 0)


async def count_from_account(reader: Reader, account_id: int, *, since: datetime) -> int:
    """Return how many reports one of ours sent since then."""
    statement = (
        select(func.count()).select_from(Report).where(Report.account_id == account_id, Report.created_at > since)
    )
    return int(await reader.scalar(statement) or 0)


async def list_reportable(reader: Reader, ids: Collection[int], *, author_id: int, viewer_id: int) -> list[int]:
    """Return those of `ids` that are posts of the author and that the viewer may see, oldest first."""
    statement = select(Post.id).where(
        Post.id.in_(ids), Post.account_id == author_id, Post.boost_of_id.is_(None), visible_to(viewer_id)
    )
    return list(await reader.scalars(statement.order_by(Post.id)))


async def list_posts(reader: Reader, ids: Collection[int]) -> dict[int, Post]:
    """Return posts by id, deleted ones too."""
    return {row.id: row for row in await reader.scalars(select(Post).where(Post.id.in_(ids)))}
