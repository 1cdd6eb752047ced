"""Every SELECT over lists and who is on them. What they show is `node/timelines/list_queries`."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_present
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.lists.models import List, ListMember


async def list_lists(reader: Reader, account_id: int) -> list[List]:
    """Return somebody's lists, oldest first."""
    return list(await reader.scalars(select(List).where(List.account_id == account_id).order_by(List.id)))


async def find_list(reader: Reader, list_id: int, account_id: int) -> List | None:
    """Return a list of this person."""
    found: List | None = await reader.scalar(select(List).where(List.id == list_id, List.account_id == account_id))
    return found


async def count_lists(reader: Reader, account_id: int) -> int:
    """Return how many lists somebody has."""
    statement = select(func.count()).select_from(List).where(List.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def count_members(reader: Reader, list_id: int) -> int:
    """Return how many are on a list."""
    statement = select(func.count()).select_from(ListMember).where(ListMember.list_id == list_id)
    return int(await reader.scalar(statement) or 0)


async def list_members(reader: Reader, list_id: int, page: Page | None) -> list[AccountEntry]:
    """Return who is on a list, whoever joined last first, paged by the member's row; all of them without a page."""
    statement = (
        select(ListMember.id, ListMember.account_id)
        .join(Account, Account.id == ListMember.account_id)
        .where(ListMember.list_id == list_id, is_present())
    )
    if page is None:
        rows = (await reader.execute(statement.order_by(ListMember.id.desc()))).all()
        return [AccountEntry(id_, account_id) for id_, account_id in rows]
    rows = (await reader.execute(page.apply(statement, ListMember.id.expression))).all()
    return page.newest_first([AccountEntry(id_, account_id) for id_, account_id in rows])


async def list_members_among(reader: Reader, list_id: int, account_ids: Collection[int]) -> set[int]:
    """Return which of these people are on a list."""
    statement = select(ListMember.account_id).where(
        ListMember.list_id == list_id, ListMember.account_id.in_(account_ids)
    )
    return set(await reader.scalars(statement))


async def list_lists_with(reader: Reader, owner_id: int, account_id: int) -> list[List]:
    """Return the lists of `owner_id` that an account is on."""
    return list(
        await reader.scalars(
            select(List)
            .join(ListMember, ListMember.list_id == List.id)
            .where(List.account_id == owner_id, ListMember.account_id == account_id)
            .order_by(List.id)
        )
    )


_SOME: Any = aliased(List)
_OWNED: Any = aliased(List)
_MEMBER: Any = aliased(ListMember)
"""Made once: making them costs more than the query."""


def in_exclusive_list_of(owner_id: int, account_id: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: an account is on an exclusive list of `owner_id`.

    The first half does not depend on the account, so databases ask it once a statement: who has no exclusive list
    pays for one look into an index that is nearly empty.
    """
    return exists(select(_SOME.id).where(_SOME.account_id == owner_id, _SOME.exclusive)) & exists(
        select(_MEMBER.id)
        .join(_OWNED, _OWNED.id == _MEMBER.list_id)
        .where(_MEMBER.account_id == account_id, _OWNED.account_id == owner_id, _OWNED.exclusive)
    )
