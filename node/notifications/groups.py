"""Rows of groups: what belongs together gets one, and what is beyond the budget is counted there."""

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.notifications.models import Notification, NotificationGroup


async def enter_group(
    uow: UnitOfWork, account_id: int, group_key: str, *, kind: str, post_id: int, notification_id: int
) -> None:
    """Note that a notification is in a group, which it begins or brings to the top."""
    values = {
        "account_id": account_id,
        "group_key": group_key,
        "kind": kind,
        "post_id": post_id,
        "latest_id": notification_id,
        "coalesced": 0,
    }
    if not await insert_if_absent(uow, NotificationGroup, values):
        await uow.write(
            update(NotificationGroup)
            .where(
                NotificationGroup.account_id == account_id,
                NotificationGroup.group_key == group_key,
                NotificationGroup.latest_id < notification_id,
            )
            .values(latest_id=notification_id)
            .execution_options(synchronize_session=False)
        )


async def coalesce(uow: UnitOfWork, account_id: int, group_key: str, *, by: int) -> None:
    """Count more, or fewer, in a group than there are rows."""
    await uow.write(
        update(NotificationGroup)
        .where(
            NotificationGroup.account_id == account_id,
            NotificationGroup.group_key == group_key,
            NotificationGroup.coalesced + by >= 0,
        )
        .values(coalesced=NotificationGroup.coalesced + by)
        .execution_options(synchronize_session=False)
    )


async def dismiss_group(uow: UnitOfWork, account_id: int, group_key: str) -> bool:
    """Remove a whole group of somebody's own; return whether there was anything in it (attack row 89)."""
    await uow.write(
        delete(NotificationGroup)
        .where(NotificationGroup.account_id == account_id, NotificationGroup.group_key == group_key)
        .execution_options(synchronize_session=False)
    )
    return bool(
        await uow.write(
            delete(Notification)
            .where(
                Notification.account_id == account_id,
                Notification.group_key == group_key,
                Notification.filtered.is_(False),
            )
            .execution_options(synchronize_session=False)
        )
    )
