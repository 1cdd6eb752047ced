"""Every SELECT over scheduled posts."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from node.base.db.claims import first_due
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.scheduled.models import ScheduledPost
from node.scheduled.rules import day_of


async def find_scheduled(reader: Reader, scheduled_id: int) -> ScheduledPost | None:
    """Return a scheduled post, whosever it is."""
    found: ScheduledPost | None = await reader.scalar(select(ScheduledPost).where(ScheduledPost.id == scheduled_id))
    return found


async def get_own_scheduled(reader: Reader, scheduled_id: int, account_id: int) -> ScheduledPost:
    """Return a scheduled post of this author. Raises NotFound (attack row 89)."""
    found = await find_scheduled(reader, scheduled_id)
    if found is None or found.account_id != account_id:
        raise NotFound()
    return found


async def list_scheduled(reader: Reader, account_id: int, page: Page) -> list[ScheduledPost]:
    """Return a page of what somebody has scheduled, failed ones among them."""
    statement = select(ScheduledPost).where(ScheduledPost.account_id == account_id)
    rows = list(await reader.scalars(page.apply(statement, ScheduledPost.id.expression)))
    return page.newest_first(rows)


async def count_scheduled(
    reader: Reader, account_id: int, at: datetime, *, without_id: int | None = None
) -> tuple[int, int]:
    """Return how many posts somebody has scheduled, and how many of them for the day of `at`."""
    start, end = day_of(at)
    mine = select(func.count()).select_from(ScheduledPost).where(ScheduledPost.account_id == account_id)
    if without_id is not None:
        mine = mine.where(ScheduledPost.id != without_id)
    in_all = await reader.scalar(mine)
    that_day = await reader.scalar(mine.where(ScheduledPost.scheduled_at >= start, ScheduledPost.scheduled_at < end))
    return int(in_all or 0), int(that_day or 0)


_DUE: Final = first_due(ScheduledPost, ScheduledPost.failed_at.is_(None))


async def has_due_scheduled(reader: Reader, now: datetime) -> bool:
    """Say whether the time of any scheduled post has come."""
    return bool(await reader.rows(_DUE, {"now": now}))
