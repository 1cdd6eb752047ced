"""Every SELECT over filters. All of them belong to one person, who is always asked for."""

from collections.abc import Collection

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.filters.models import Filter, FilterKeyword, FilterStatus


async def list_filters(reader: Reader, account_id: int) -> list[Filter]:
    """Return somebody's filters, oldest first, expired ones too."""
    return list(await reader.scalars(select(Filter).where(Filter.account_id == account_id).order_by(Filter.id)))


async def find_filter(reader: Reader, filter_id: int, account_id: int) -> Filter | None:
    """Return a filter of this person."""
    found: Filter | None = await reader.scalar(
        select(Filter).where(Filter.id == filter_id, Filter.account_id == account_id)
    )
    return found


async def list_keywords(reader: Reader, filter_ids: Collection[int]) -> dict[int, list[FilterKeyword]]:
    """Return the keywords of some filters by filter, oldest first."""
    found: dict[int, list[FilterKeyword]] = {id_: [] for id_ in filter_ids}
    statement = select(FilterKeyword).where(FilterKeyword.filter_id.in_(filter_ids)).order_by(FilterKeyword.id)
    for row in await reader.scalars(statement):
        found[row.filter_id].append(row)
    return found


async def list_statuses(reader: Reader, filter_ids: Collection[int]) -> dict[int, list[FilterStatus]]:
    """Return the posts that some filters name, by filter, oldest first."""
    found: dict[int, list[FilterStatus]] = {id_: [] for id_ in filter_ids}
    statement = select(FilterStatus).where(FilterStatus.filter_id.in_(filter_ids)).order_by(FilterStatus.id)
    for row in await reader.scalars(statement):
        found[row.filter_id].append(row)
    return found


async def find_keyword(reader: Reader, keyword_id: int, account_id: int) -> FilterKeyword | None:
    """Return a keyword of a filter of this person."""
    found: FilterKeyword | None = await reader.scalar(
        select(FilterKeyword)
        .join(Filter, Filter.id == FilterKeyword.filter_id)
        .where(FilterKeyword.id == keyword_id, Filter.account_id == account_id)
    )
    return found


async def find_status(reader: Reader, status_id: int, account_id: int) -> FilterStatus | None:
    """Return by its own id what names a post in a filter of this person."""
    found: FilterStatus | None = await reader.scalar(
        select(FilterStatus)
        .join(Filter, Filter.id == FilterStatus.filter_id)
        .where(FilterStatus.id == status_id, Filter.account_id == account_id)
    )
    return found


async def find_named_post(reader: Reader, filter_id: int, post_id: int) -> FilterStatus | None:
    """Return what names a post in a filter."""
    found: FilterStatus | None = await reader.scalar(
        select(FilterStatus).where(FilterStatus.filter_id == filter_id, FilterStatus.post_id == post_id)
    )
    return found


async def count_filters(reader: Reader, account_id: int) -> int:
    """Return how many filters somebody has."""
    statement = select(func.count()).select_from(Filter).where(Filter.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def count_keywords(reader: Reader, account_id: int) -> int:
    """Return how many keywords stand in all of somebody's filters."""
    statement = (
        select(func.count())
        .select_from(FilterKeyword)
        .join(Filter, Filter.id == FilterKeyword.filter_id)
        .where(Filter.account_id == account_id)
    )
    return int(await reader.scalar(statement) or 0)


async def count_statuses(reader: Reader, account_id: int) -> int:
    """Return how many posts all of somebody's filters name."""
    statement = (
        select(func.count())
        .select_from(FilterStatus)
        .join(Filter, Filter.id == FilterStatus.filter_id)
        .where(Filter.account_id == account_id)
    )
    return int(await reader.scalar(statement) or 0)
