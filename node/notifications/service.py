"""The use case behind every notification: tell somebody. Called by the effects of events.

The unique key (recipient, kind, sender, post) makes a repeated event harmless (attack row 115). What is decided in
`notify`, in this order: whether the recipient is told at all (`rules`), whether it is held back (`policies`), whether
the hour's budget allows it (`priorities`), which group it is in (`grouping`).
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.notifications.grouping import group_key_of
from node.notifications.groups import coalesce, enter_group
from node.notifications.models import Notification, NotificationBudget
from node.notifications.policies import ASKED_ABOUT, Sender, decide
from node.notifications.priorities import Made, Priority, priority_of, spend
from node.notifications.requests import hold
from node.notifications.rules import KINDS_WITH_POST, OTHER_SUBJECTS, SEVERED, STAFF_KINDS, Kind, may_notify
from node.notifications.standing_queries import (
    Case,
    answers_a_mention,
    count_held,
    find_budget,
    has_group,
    read_case,
    was_told,
)

MOST_HELD: Final = 100
"""Notifications of one sender that are held back for one person; further ones are dropped (attack row 59)."""


async def notify(
    uow: UnitOfWork,
    settings: Settings,
    *,
    account_id: int,
    kind: Kind,
    from_account_id: int,
    post_id: int = 0,
    suspect: bool = False,
    now: datetime,
) -> Made | None:
    """Tell somebody of ours what happened, if the rules let it through; return it if it was made.

    `suspect`: it is one of many from a server that nobody here knows, and is held back (attack row 110).
    """
    assert (post_id != 0) == (kind in KINDS_WITH_POST or kind in OTHER_SUBJECTS), kind
    follows_sender = False
    filtered = False
    if kind not in STAFF_KINDS and kind != SEVERED:
        case = await read_case(uow, account_id=account_id, from_account_id=from_account_id, post_id=post_id, now=now)
        if case is None or not may_notify(case.standing, kind):
            return None
        follows_sender = case.sender.followed
        sender = await _seen(uow, case, kind, account_id, from_account_id, post_id, suspect=suspect)
        verdict = decide(case.policy, sender, kind, now=now)
        if verdict == "drop":
            return None
        filtered = verdict == "filter"
        if filtered and await count_held(uow, account_id, from_account_id, limit=MOST_HELD) == MOST_HELD:
            return None
    group_key = group_key_of(kind, post_id, now)
    priority = priority_of(kind, follows_sender=follows_sender)
    is_told = not filtered
    if is_told and priority < Priority.REPLY:
        is_told = await _pay(uow, account_id, priority, limit=settings.notifications_per_hour, now=now)
        if not is_told and await has_group(uow, account_id, group_key):
            if not await was_told(
                uow, account_id=account_id, kind=kind, from_account_id=from_account_id, post_id=post_id
            ):
                await coalesce(uow, account_id, group_key, by=1)
            return None
    if filtered and kind in ASKED_ABOUT and not await hold(uow, account_id, from_account_id, post_id, now=now):
        return None
    id_ = new_id()
    values = {
        "id": id_,
        "account_id": account_id,
        "kind": kind,
        "from_account_id": from_account_id,
        "post_id": post_id,
        "group_key": group_key,
        "filtered": filtered,
        "created_at": now,
    }
    if not await insert_if_absent(uow, Notification, values):
        return None
    if group_key and not filtered:
        await enter_group(uow, account_id, group_key, kind=kind, post_id=post_id, notification_id=id_)
    return Made(
        id=id_,
        account_id=account_id,
        kind=kind,
        from_account_id=from_account_id,
        post_id=post_id,
        priority=priority,
        is_told=is_told,
    )


async def _seen(
    uow: UnitOfWork, case: Case, kind: Kind, account_id: int, from_account_id: int, post_id: int, *, suspect: bool
) -> Sender:
    """Return the sender with what costs a query of its own only where it matters."""
    private = case.sender.speaks_privately and kind == "mention" and not case.sender.followed
    if (private and case.policy.for_private_mentions != "accept") or suspect:
        answers = await answers_a_mention(uow, post_id, account_id=account_id, sender_id=from_account_id)
        private, suspect = private and not answers, suspect and not answers
    return replace(case.sender, speaks_privately=private, suspect=suspect)


async def _pay(uow: UnitOfWork, account_id: int, priority: Priority, *, limit: int, now: datetime) -> bool:
    before = await find_budget(uow, account_id)
    after, allowed = spend(before, priority, limit=limit, now=now)
    if allowed:
        values = {"began_at": after.began_at, "used": after.used}
        row = update(NotificationBudget).where(NotificationBudget.account_id == account_id).values(values)
        if before is not None or not await insert_if_absent(
            uow, NotificationBudget, {"account_id": account_id, **values}
        ):
            await uow.write(row)
    return allowed
