"""Rows of groups: what belongs together gets one, and what is beyond the budget is counted there."""

from typing import Final

from sqlalchemy import Integer, bindparam, delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import UnitOfWork
from node.notifications.models import Notification, NotificationGroup

_GROUPS: Final = NotificationGroup.metadata.tables[NotificationGroup.__tablename__]
_OF_ONE: Final = update(_GROUPS).where(
    _GROUPS.c.account_id == bindparam("account"), _GROUPS.c.group_key == bindparam("key")
)
_TO_THE_TOP: Final = Prepared(
    _OF_ONE.where(_GROUPS.c.latest_id < bindparam("latest")).values(latest_id=bindparam("latest"))
)
_COUNTED: Final = _GROUPS.c.coalesced + bindparam("by", type_=Integer)
_COALESCE: Final = Prepared(_OF_ONE.where(_COUNTED >= 0).values(coalesced=_COUNTED))


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
        await uow.write(_TO_THE_TOP, {"account": account_id, "key": group_key, "latest": notification_id})


async def coalesce(uow: UnitOfWork, account_id: int, group_key: str, *, by: int) -> None:
    """Count more, or fewer, in a group than there are rows."""
    await uow.write(_COALESCE, {"account": account_id, "key": group_key, "by": by})


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
