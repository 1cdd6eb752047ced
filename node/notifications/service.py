"""Use cases of notifications: tell, withdraw, mark as read. Called by the effects of events, and by the doors.

The unique key (recipient, kind, sender, post) makes a repeated event harmless (attack row 115).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.notifications.models import Notification
from node.notifications.queries import read_standing
from node.notifications.rules import KINDS_WITH_POST, REPORT, Kind, may_notify


async def notify(
    uow: UnitOfWork, *, account_id: int, kind: Kind, from_account_id: int, post_id: int = 0, now: datetime
) -> int | None:
    """Tell somebody of ours what happened, if the rules let it through; return the notification's id if it was news."""
    assert (post_id != 0) == (kind in KINDS_WITH_POST or kind == REPORT), kind
    if kind != REPORT:
        standing = await read_standing(
            uow, account_id=account_id, from_account_id=from_account_id, post_id=post_id, now=now
        )
        if standing is None or not may_notify(standing, kind):
            return None
    id_ = new_id()
    is_new = await insert_if_absent(
        uow,
        Notification,
        {
            "id": id_,
            "account_id": account_id,
            "kind": kind,
            "from_account_id": from_account_id,
            "post_id": post_id,
            "created_at": now,
        },
    )
    return id_ if is_new else None


async def withdraw(
    uow: UnitOfWork, *, account_id: int, kinds: Collection[Kind], from_account_id: int, post_id: int = 0
) -> int:
    """Take back what was undone: an unlike, an unboost, an unfollow. Return how many there were."""
    return await uow.write(
        delete(Notification).where(
            Notification.account_id == account_id,
            Notification.kind.in_(list(kinds)),
            Notification.from_account_id == from_account_id,
            Notification.post_id == post_id,
        )
    )


async def withdraw_for_post(uow: UnitOfWork, post_id: int) -> int:
    """Take back everything that is about a post which is deleted; return how many there were."""
    return await uow.write(delete(Notification).where(Notification.post_id == post_id, Notification.post_id != 0))


async def withdraw_between(uow: UnitOfWork, account_id: int, target_id: int) -> int:
    """Take back everything between two accounts, as a block does; return how many there were."""
    return await uow.write(
        delete(Notification).where(
            or_(
                and_(Notification.account_id == account_id, Notification.from_account_id == target_id),
                and_(Notification.account_id == target_id, Notification.from_account_id == account_id),
            )
        )
    )


async def withdraw_from_domain(uow: UnitOfWork, account_id: int, domain: str) -> int:
    """Take back what somebody was told of a whole server; return how many there were (MOD-4)."""
    theirs = select(Account.id).where(Account.domain == domain)
    return await uow.write(
        delete(Notification)
        .where(Notification.account_id == account_id, Notification.from_account_id.in_(theirs))
        .execution_options(synchronize_session=False)
    )


async def withdraw_for_account(uow: UnitOfWork, account_id: int) -> int:
    """Remove everything told to or by an account that is gone; return how many there were."""
    return await uow.write(
        delete(Notification).where(
            or_(Notification.account_id == account_id, Notification.from_account_id == account_id)
        )
    )


async def mark_read(uow: UnitOfWork, account_id: int, *, up_to_id: int | None = None, now: datetime) -> int:
    """Mark somebody's notifications as read, up to an id or all of them; return how many were unread."""
    statement = update(Notification).where(Notification.account_id == account_id, Notification.read_at.is_(None))
    if up_to_id is not None:
        statement = statement.where(Notification.id <= up_to_id)
    return await uow.write(statement.values(read_at=now))


async def dismiss(uow: UnitOfWork, account_id: int, notification_id: int) -> bool:
    """Remove one of somebody's own notifications; return whether it was there (attack row 89)."""
    return bool(
        await uow.write(
            delete(Notification).where(Notification.id == notification_id, Notification.account_id == account_id)
        )
    )


async def clear(uow: UnitOfWork, account_id: int) -> int:
    """Remove all of somebody's notifications; return how many there were."""
    return await uow.write(delete(Notification).where(Notification.account_id == account_id))
