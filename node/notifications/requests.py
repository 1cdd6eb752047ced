"""Use cases of requests: hold back what the policy says, let it through, or throw it away; and the policy itself.

What is held back are rows of `Notification` with `filtered`; a request says whose they are. Accepting one lets them
into the list and lets that sender through from then on. Part of the service.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.events import NotificationsMerged
from node.notifications.groups import enter_group
from node.notifications.models import (
    Notification,
    NotificationPermission,
    NotificationPolicy,
    NotificationRequest,
)
from node.notifications.policies import RULES, VERDICTS
from node.notifications.request_queries import list_held, list_own_requests
from node.notifications.standing_queries import count_requests, find_policy

MOST_REQUESTS: Final = 1_000
"""Senders that can wait for one person; messages of further ones are dropped (attack row 59)."""


async def hold(uow: UnitOfWork, account_id: int, from_account_id: int, post_id: int, *, now: datetime) -> bool:
    """Note that a sender waits for somebody's word; return whether there was room."""
    changed = await uow.write(
        update(NotificationRequest)
        .where(NotificationRequest.account_id == account_id, NotificationRequest.from_account_id == from_account_id)
        .values(last_post_id=post_id, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed:
        return True
    if await count_requests(uow, account_id, limit=MOST_REQUESTS) == MOST_REQUESTS:
        return False
    await insert_if_absent(
        uow,
        NotificationRequest,
        {
            "id": new_id(),
            "account_id": account_id,
            "from_account_id": from_account_id,
            "last_post_id": post_id,
            "created_at": now,
            "updated_at": now,
        },
    )
    return True


async def accept_requests(uow: UnitOfWork, account_id: int, ids: Collection[int], *, now: datetime) -> int:
    """Let what some senders said into the list, and them from now on; return how many requests there were.

    Ids of other people's requests are no requests (attack row 89).
    """
    requests = await list_own_requests(uow, account_id, ids)
    if requests:
        await uow.record(NotificationsMerged(account_id))
    for request in requests:
        values = {"account_id": account_id, "from_account_id": request.from_account_id, "created_at": now}
        await insert_if_absent(uow, NotificationPermission, values)
        for row in await list_held(uow, account_id, request.from_account_id):
            if row.group_key:
                await enter_group(
                    uow, account_id, row.group_key, kind=row.kind, post_id=row.post_id, notification_id=row.id
                )
        await uow.write(
            update(Notification)
            .where(*_held_of(account_id, request.from_account_id))
            .values(filtered=False)
            .execution_options(synchronize_session=False)
        )
    return await _forget(uow, requests)


async def dismiss_requests(uow: UnitOfWork, account_id: int, ids: Collection[int]) -> int:
    """Throw away what some senders said; return how many requests there were. They may ask again."""
    requests = await list_own_requests(uow, account_id, ids)
    for request in requests:
        await uow.write(
            delete(Notification)
            .where(*_held_of(account_id, request.from_account_id))
            .execution_options(synchronize_session=False)
        )
    return await _forget(uow, requests)


async def change_policy(uow: UnitOfWork, account_id: int, changes: dict[str, str | None]) -> None:
    """Change what somebody does with those they do not know; None leaves a rule as it is. Raises Invalid."""
    known = {name: verdict for name, verdict in changes.items() if verdict is not None}
    wrong = {name: ["is not one of accept, filter, drop"] for name in known if known[name] not in VERDICTS}
    if wrong or not known.keys() <= set(RULES):
        raise Invalid(fields=wrong)
    before = await find_policy(uow, account_id)
    values: dict[str, Any] = {name: getattr(before, name) for name in RULES} | known
    if not await insert_if_absent(uow, NotificationPolicy, {"account_id": account_id, **values}):
        await uow.write(
            update(NotificationPolicy)
            .where(NotificationPolicy.account_id == account_id)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _held_of(account_id: int, from_account_id: int) -> tuple[Any, ...]:
    return (
        Notification.account_id == account_id,
        Notification.from_account_id == from_account_id,
        Notification.filtered.is_(True),
    )


async def _forget(uow: UnitOfWork, requests: Sequence[NotificationRequest]) -> int:
    ids = [request.id for request in requests]
    return await uow.write(
        delete(NotificationRequest).where(NotificationRequest.id.in_(ids)).execution_options(synchronize_session=False)
    )
