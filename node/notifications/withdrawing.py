"""Use cases of notifications after they were made: take them back, remove them.

Called by the effects of what was undone, blocked or deleted, and by the doors. Groups, requests and permissions go
with what they are about.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_at
from node.base.db.pieces import delete_piece
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime
from node.notifications.group_queries import find_coalesced_group
from node.notifications.groups import coalesce
from node.notifications.models import (
    Notification,
    NotificationBudget,
    NotificationGroup,
    NotificationMail,
    NotificationPermission,
    NotificationPolicy,
    NotificationRequest,
    Severance,
)
from node.notifications.rules import OTHER_SUBJECTS, Kind, may_notify
from node.notifications.standing_queries import read_case

LOOKED: Final = 500
"""Notifications of somebody that are looked at in one transaction."""


async def withdraw(
    uow: UnitOfWork,
    *,
    account_id: int,
    kinds: Collection[Kind],
    from_account_id: int,
    post_id: int = 0,
    now: datetime,
) -> int:
    """Take back what was undone: an unlike, an unboost, an unfollow. Return how many there were.

    One that has no row may have been counted in a group alone, unless its sender was not heard anyway.
    """
    withdrawn = await _delete(
        uow,
        Notification,
        Notification.account_id == account_id,
        Notification.kind.in_(list(kinds)),
        Notification.from_account_id == from_account_id,
        Notification.post_id == post_id,
    )
    if withdrawn:
        return withdrawn
    group_key = await find_coalesced_group(uow, account_id, kinds, post_id)
    if group_key is None:
        return 0
    case = await read_case(uow, account_id=account_id, from_account_id=from_account_id, post_id=post_id, now=now)
    if case is None or not may_notify(case.standing):
        return 0
    await coalesce(uow, account_id, group_key, by=-1)
    return 1


async def withdraw_some_for_post(uow: UnitOfWork, post_id: int) -> bool:
    """Take back some of what is about a post which is deleted; return whether there may be more."""
    await _delete(uow, NotificationGroup, NotificationGroup.post_id == post_id, NotificationGroup.post_id != 0)
    return await delete_piece(
        uow,
        Notification,
        Notification.post_id == post_id,
        Notification.post_id != 0,
        Notification.kind.not_in(OTHER_SUBJECTS),
    )


async def withdraw_between(uow: UnitOfWork, account_id: int, target_id: int) -> int:
    """Take back everything between two accounts, as a block does; return how many there were."""
    for table in (NotificationRequest, NotificationPermission):
        await _delete(uow, table, _between(table, account_id, target_id))
    return await _delete(uow, Notification, _between(Notification, account_id, target_id))


async def withdraw_some_from_domain(uow: UnitOfWork, account_id: int, domain: str, *, after_id: int) -> int:
    """Take back some of what somebody was told of a whole server (MOD-4): look at `LOOKED` notifications from the one
    after `after_id`; return the last of them, -1 at the end."""
    if after_id == 0:
        for own in (NotificationRequest, NotificationPermission):
            await _delete(uow, own, own.account_id == account_id, _is_from(own, domain))
    later = and_(Notification.account_id == account_id, Notification.id > after_id)
    last = await uow.scalar(select(Notification.id).where(later).order_by(Notification.id).offset(LOOKED - 1).limit(1))
    some = later if last is None else and_(later, Notification.id <= last)
    await _delete(uow, Notification, some, _is_from(Notification, domain))
    return -1 if last is None else int(last)


async def withdraw_some_for_account(uow: UnitOfWork, account_id: int) -> bool:
    """Remove some of what was told to or by an account that is gone; return whether there may be more."""
    for side in (Notification.account_id, Notification.from_account_id):
        if await delete_piece(uow, Notification, side == account_id):
            return True
    for own in (NotificationGroup, NotificationBudget, NotificationPolicy, NotificationMail, Severance):
        await _delete(uow, own, own.account_id == account_id)
    for table in (NotificationRequest, NotificationPermission):
        await _delete(uow, table, or_(table.account_id == account_id, table.from_account_id == account_id))
    return False


async def dismiss(uow: UnitOfWork, account_id: int, notification_id: int) -> bool:
    """Remove one of somebody's own notifications; return whether it was there (attack row 89)."""
    return bool(
        await _delete(uow, Notification, Notification.id == notification_id, Notification.account_id == account_id)
    )


async def clear(runtime: Runtime, account_id: int) -> None:
    """Remove all of somebody's notifications but those that are held back: some in each transaction."""
    own = (Notification.account_id == account_id, Notification.filtered.is_(False))
    more = True
    while more:
        async with runtime.write() as uow:
            await _delete(uow, NotificationGroup, NotificationGroup.account_id == account_id)
            more = await delete_piece(uow, Notification, *own)


def _between(table: Any, account_id: int, target_id: int) -> ColumnElement[bool]:
    return or_(
        and_(table.account_id == account_id, table.from_account_id == target_id),
        and_(table.account_id == target_id, table.from_account_id == account_id),
    )


def _is_from(table: Any, domain: str) -> ColumnElement[bool]:
    return exists(select(Account.id).where(Account.id == table.from_account_id, is_at(domain)))


async def _delete(uow: UnitOfWork, table: Any, *where: ColumnElement[bool]) -> int:
    return await uow.write(delete(table).where(*where).execution_options(synchronize_session=False))
