"""The use case behind every notification: tell somebody. Called by the effects of events.

The unique key (recipient, kind, sender, post) makes a repeated event harmless (attack row 115). What is decided in
`notify`, in this order: whether the recipient is told at all (`rules`), whether it is held back (`policies`), whether
the hour's budget allows it (`priorities`), which group it is in (`grouping`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, update

from node.base.db.inserts import insert_if_absent, insert_new
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import FollowsSevered
from node.notifications.grouping import group_key_of
from node.notifications.groups import coalesce, enter_group
from node.notifications.models import Notification, NotificationBudget, Severance
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
    list_told,
    read_cases,
)

MOST_HELD: Final = 100
"""Notifications of one sender that are held back for one person; further ones are dropped (attack row 59)."""
SAME_DECISION: Final = timedelta(minutes=10)
"""A decision about a large server comes to its end piece by piece (`node/moderation/reaching.py`)."""

_BUDGETS: Final = NotificationBudget.metadata.tables[NotificationBudget.__tablename__]
_SPENT: Final = (
    update(_BUDGETS)
    .where(_BUDGETS.c.account_id == bindparam("of_account"))
    .values(began_at=bindparam("began"), used=bindparam("now_used"))
)


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
    told = await notify_of_many(
        uow,
        settings,
        account_id=account_id,
        kind=kind,
        from_accounts={from_account_id: new_id()},
        post_id=post_id,
        suspect=suspect,
        now=now,
    )
    return told[0] if told else None


async def notify_of_many(
    uow: UnitOfWork,
    settings: Settings,
    *,
    account_id: int,
    kind: Kind,
    from_accounts: Mapping[int, int],
    post_id: int = 0,
    suspect: bool = False,
    now: datetime,
) -> list[Made]:
    """Tell somebody of ours that several people did the same; return what was made.

    `from_accounts`: who did it, in order, each with the id that the notification gets. However many they are, it takes
    the same few statements.
    """
    assert (post_id != 0) == (kind in KINDS_WITH_POST or kind in OTHER_SUBJECTS), kind
    wanted, held = await _let_through(uow, account_id, kind, from_accounts, post_id, suspect=suspect, now=now)
    group_key = group_key_of(kind, post_id, now)
    afforded = await _pay(uow, account_id, wanted, limit=settings.notifications_per_hour, now=now)
    made = [replace(one, is_told=True) for one in wanted[:afforded]]
    beyond = wanted[afforded:]
    if beyond and group_key:
        told = await list_told(uow, account_id, kind, [one.from_account_id for one in beyond], post_id)
        beyond = [one for one in beyond if one.from_account_id not in told]
        if made or await has_group(uow, account_id, group_key):
            counted, beyond = beyond, []
        else:  # a group shows at least one
            counted, beyond = beyond[1:], beyond[:1]
    else:
        counted = []
    made += beyond
    rows = [_row(one, group_key, filtered=False, now=now) for one in made]
    rows += [_row(one, group_key, filtered=True, now=now) for one in held]
    new = await insert_new(uow, Notification, rows) if rows else set()
    made = [one for one in made if one.id in new]
    if group_key and made:
        await enter_group(uow, account_id, group_key, kind=kind, post_id=post_id, notification_id=made[-1].id)
    if counted:
        await coalesce(uow, account_id, group_key, by=len(counted))
    return [*made, *(one for one in held if one.id in new)]


async def _let_through(
    uow: UnitOfWork,
    account_id: int,
    kind: Kind,
    from_accounts: Mapping[int, int],
    post_id: int,
    *,
    suspect: bool,
    now: datetime,
) -> tuple[list[Made], list[Made]]:
    """Return of whom the rules let somebody be told, and of whom it is held back."""
    if kind in STAFF_KINDS or kind == SEVERED:
        priority = priority_of(kind, follows_sender=False)
        return [Made(id_, account_id, kind, sender, post_id, priority) for sender, id_ in from_accounts.items()], []
    wanted, held = [], []
    cases = await read_cases(uow, account_id=account_id, from_account_ids=from_accounts, post_id=post_id, now=now)
    for sender_id, id_ in from_accounts.items():
        case = cases.get(sender_id)
        if case is None or not may_notify(case.standing, kind):
            continue
        sender = await _seen(uow, case, kind, account_id, sender_id, post_id, suspect=suspect)
        verdict = decide(case.policy, sender, kind, now=now)
        priority = priority_of(kind, follows_sender=case.sender.followed)
        one = Made(id_, account_id, kind, sender_id, post_id, priority)
        if verdict == "accept":
            wanted.append(one)
        elif (
            verdict == "filter"
            and await count_held(uow, account_id, sender_id, limit=MOST_HELD) < MOST_HELD
            and (kind not in ASKED_ABOUT or await hold(uow, account_id, sender_id, post_id, now=now))
        ):
            held.append(one)
    return wanted, held


def _row(one: Made, group_key: str, *, filtered: bool, now: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "account_id": one.account_id,
        "kind": one.kind,
        "from_account_id": one.from_account_id,
        "post_id": one.post_id,
        "group_key": group_key,
        "filtered": filtered,
        "created_at": now,
    }


async def _seen(
    uow: UnitOfWork, case: Case, kind: Kind, account_id: int, from_account_id: int, post_id: int, *, suspect: bool
) -> Sender:
    """Return the sender with what costs a query of its own only where it matters."""
    private = case.sender.speaks_privately and kind == "mention" and not case.sender.followed
    if (private and case.policy.for_private_mentions != "accept") or suspect:
        answers = await answers_a_mention(uow, post_id, account_id=account_id, sender_id=from_account_id)
        private, suspect = private and not answers, suspect and not answers
    return replace(case.sender, speaks_privately=private, suspect=suspect)


async def _pay(uow: UnitOfWork, account_id: int, wanted: Sequence[Made], *, limit: int, now: datetime) -> int:
    """Pay from somebody's budget as far as it goes; return for how many of `wanted` it did."""
    if all(one.priority >= Priority.REPLY for one in wanted):
        return len(wanted)
    before = budget = await find_budget(uow, account_id)
    afforded = 0
    for one in wanted:
        after, allowed = spend(budget, one.priority, limit=limit, now=now)
        if not allowed:
            break
        budget = after
        afforded += 1
    if budget is not None and budget != before:
        values = {"account_id": account_id, "began_at": budget.began_at, "used": budget.used}
        if before is not None or not await insert_if_absent(uow, NotificationBudget, values):
            await uow.write(_SPENT, {"of_account": account_id, "began": budget.began_at, "now_used": budget.used})
    return afforded


async def add_to_severance(uow: UnitOfWork, event: FollowsSevered, *, now: datetime) -> bool:
    """Add to what somebody has just been told of the same decision; return whether they were."""
    return bool(
        await uow.write(
            update(Severance)
            .where(
                Severance.account_id == event.account_id,
                Severance.kind == event.kind,
                Severance.target_name == event.target_name,
                Severance.created_at > now - SAME_DECISION,
            )
            .values(
                followers_count=Severance.followers_count + event.followers_count,
                following_count=Severance.following_count + event.following_count,
            )
            .execution_options(synchronize_session=False)
        )
    )
