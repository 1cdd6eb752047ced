"""Use cases of lists: make, change, remove; put people on them and take them off."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from node.base.db.inserts import insert_new
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid, NotFound
from node.base.ids import new_id
from node.events import HomeChanged
from node.follows.queries import find_follow, list_follow_ids
from node.lists.models import List, ListMember
from node.lists.queries import count_lists, count_members, find_list, list_lists_with, list_members_among
from node.lists.rules import MAX_LISTS, MAX_MEMBERS, checked_policy, checked_title


async def create_list(
    uow: UnitOfWork,
    account_id: int,
    title: str,
    *,
    replies_policy: str = "list",
    exclusive: bool = False,
    now: datetime,
) -> List:
    """Make a list. Raises Invalid."""
    await lock_use(uow, f"lists:{account_id}")
    if await count_lists(uow, account_id) >= MAX_LISTS:
        raise Invalid(f"You have reached the maximum number of lists: {MAX_LISTS}")
    row = List(
        id=new_id(),
        account_id=account_id,
        title=checked_title(title),
        replies_policy=checked_policy(replies_policy),
        exclusive=exclusive,
        created_at=now,
    )
    uow.add(row)
    await uow.flush()
    return row


async def change_list(
    uow: UnitOfWork,
    account_id: int,
    list_id: int,
    *,
    title: str | None = None,
    replies_policy: str | None = None,
    exclusive: bool | None = None,
) -> List:
    """Change a list; None leaves a part as it is. Raises Invalid, NotFound."""
    row = await _own(uow, account_id, list_id)
    was_exclusive = row.exclusive
    if title is not None:
        row.title = checked_title(title)
    if replies_policy is not None:
        row.replies_policy = checked_policy(replies_policy)
    if exclusive is not None:
        row.exclusive = exclusive
    await uow.flush()
    if was_exclusive and not row.exclusive:  # the other way round, whoever reads next leaves them out
        await uow.record(HomeChanged(account_id))
    return row


async def remove_list(uow: UnitOfWork, account_id: int, list_id: int) -> None:
    """Remove a list. Raises NotFound."""
    row = await _own(uow, account_id, list_id)
    await uow.write(delete(List).where(List.id == row.id).execution_options(synchronize_session=False))
    if row.exclusive:
        await uow.record(HomeChanged(account_id))


async def add_members(
    uow: UnitOfWork, account_id: int, list_id: int, member_ids: Sequence[int], *, now: datetime
) -> None:
    """Put people on a list, all or none; who is on it stays. Raises NotFound for somebody not followed, Invalid."""
    await lock_use(uow, f"list:{list_id}")
    row = await _own(uow, account_id, list_id)
    known = await list_members_among(uow, row.id, member_ids)
    wanted = [id_ for id_ in dict.fromkeys(member_ids) if id_ not in known]
    if await count_members(uow, row.id) + len(wanted) > MAX_MEMBERS:
        raise Invalid(f"A list can have {MAX_MEMBERS} people")
    follows: dict[int, int | None] = {account_id: None, **await list_follow_ids(uow, account_id, wanted)}
    if any(member_id not in follows for member_id in wanted):
        raise NotFound()
    if wanted:
        await insert_new(uow, ListMember, [_member(row.id, id_, follows[id_], now) for id_ in wanted])


async def remove_members(uow: UnitOfWork, account_id: int, list_id: int, member_ids: Sequence[int]) -> None:
    """Take people off a list; who is not on it is no fault. Raises NotFound for the list."""
    row = await _own(uow, account_id, list_id)
    gone = await uow.write(
        delete(ListMember)
        .where(ListMember.list_id == row.id, ListMember.account_id.in_(member_ids))
        .execution_options(synchronize_session=False)
    )
    if gone and row.exclusive:
        await uow.record(HomeChanged(account_id))


async def set_lists_with(
    uow: UnitOfWork, account_id: int, member_id: int, list_ids: Sequence[int], *, now: datetime
) -> None:
    """Make these lists, of all of somebody's, the ones that an account is on. Raises NotFound, Invalid."""
    before = {row.id for row in await list_lists_with(uow, account_id, member_id)}
    for list_id in sorted(set(list_ids) - before):
        await add_members(uow, account_id, list_id, [member_id], now=now)
    for list_id in sorted(before - set(list_ids)):
        await remove_members(uow, account_id, list_id, [member_id])


async def carry_member(uow: UnitOfWork, owner_id: int, from_id: int, to_id: int, *, now: datetime) -> None:
    """Put the new account of somebody who moved on the lists of a follower that the old one is on (MOV-1)."""
    follow = await find_follow(uow, owner_id, to_id)
    if follow is None:
        return
    rows = [_member(row.id, to_id, follow.id, now) for row in await list_lists_with(uow, owner_id, from_id)]
    if rows:
        await insert_new(uow, ListMember, rows)


async def forget_lists(uow: UnitOfWork, account_id: int) -> None:
    """Remove all lists of somebody who is gone, and take them off others'."""
    for statement in (
        delete(ListMember).where(ListMember.account_id == account_id),
        delete(List).where(List.account_id == account_id),
    ):
        await uow.write(statement.execution_options(synchronize_session=False))


async def _own(uow: UnitOfWork, account_id: int, list_id: int) -> List:
    found = await find_list(uow, list_id, account_id)
    if found is None:
        raise NotFound()
    return found


def _member(list_id: int, member_id: int, follow_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "list_id": list_id,
        "account_id": member_id,
        "follow_id": follow_id,
        "created_at": now,
    }
