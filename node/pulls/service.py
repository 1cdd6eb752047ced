"""Use cases of pulled accounts: look whether one is to be pulled, an operator's choice, the end of a switch.

Reading an outbox is `node/completion/pulling`. Everything may be done twice and at the same time.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.lanes import PULL
from node.base.runtime import Runtime
from node.pulls.models import PulledAccount
from node.pulls.queries import count_local_followers, find_pulled
from node.pulls.rules import CHOICES, SETTLING, Choice, Reason, why_pulled


async def review(uow: UnitOfWork, runtime: Runtime, account: Account) -> PulledAccount | None:
    """Have a remote account pulled, or not any more, as its counts and the operator's choice say now.

    Returns its row; None for an account that never had a reason to have one.
    """
    row = await find_pulled(uow, account.id)
    choice = "auto" if row is None else row.choice
    reason = await _reason(uow, runtime, account, choice, was="" if row is None else row.reason)
    if row is None:
        if not reason:
            return None
        await _insert(uow, account, "auto", now=runtime.now())
    return await _switch(uow, runtime, account.id, reason)


async def choose(uow: UnitOfWork, runtime: Runtime, account: Account, choice: Choice) -> PulledAccount:
    """Set an operator's choice for a remote account and let it have its effect. Raises Invalid for one of our own."""
    if account.is_local:
        raise Invalid("Only accounts of other servers can be pulled.")
    if choice not in CHOICES:
        raise Invalid(f"must be one of {', '.join(CHOICES)}")
    await _insert(uow, account, choice, now=runtime.now())
    await _set(uow, account.id, choice=choice)
    return await _switch(uow, runtime, account.id, await _reason(uow, runtime, account, choice))


async def settle(uow: UnitOfWork, account_id: int, *, now: datetime) -> None:
    """End a switch to off: the homes of its followers were made anew, nothing needs to be merged in any more."""
    await uow.write(
        update(PulledAccount)
        .where(
            PulledAccount.account_id == account_id,
            PulledAccount.is_on.is_(False),
            PulledAccount.switched_at <= now - SETTLING,
        )
        .values(is_merged=False)
        .execution_options(synchronize_session=False)
    )


async def _reason(uow: UnitOfWork, runtime: Runtime, account: Account, choice: str, *, was: str = "") -> Reason:
    if account.is_local or account.is_gone or not account.outbox_url:
        return ""
    settings, reported = runtime.settings, account.followers_count
    followed_here = 0
    is_counted = 0 < reported <= settings.active_limit or reported >= settings.pull_reported_followers
    if choice == "auto" and not is_counted:
        # who has few followers anywhere has few of them here; that is known without counting
        followed_here = await count_local_followers(uow, account.id, at_most=settings.active_limit + 1)
    return why_pulled(choice, reported=reported, local_followers=followed_here, was=was, settings=settings)


async def _insert(uow: UnitOfWork, account: Account, choice: str, *, now: datetime) -> None:
    values = {
        "id": new_id(),
        "account_id": account.id,
        "choice": choice,
        "reason": "",
        "is_on": False,
        "is_merged": False,
        "switched_at": now,
        "due_at": now,
        "attempts": 0,
        "interval_seconds": 0,
        "delivered": 0,
        "failures": 0,
        "root_url": "",
        "page_url": "",
        "page_moves": False,
        "asked_url": "",
        "etag": "",
        "last_modified": "",
        "new_posts": 0,
        "result": "",
        "detail": "",
    }
    await insert_if_absent(uow, PulledAccount, values)


async def _switch(uow: UnitOfWork, runtime: Runtime, account_id: int, reason: Reason) -> PulledAccount:
    now = runtime.now()
    row = await find_pulled(uow, account_id)
    assert row is not None
    if reason and not row.is_on:
        await _set(uow, account_id, reason=reason, is_on=True, is_merged=True, switched_at=now, due_at=now, failures=0)
        uow.after_commit(lambda: runtime.nudge(PULL))
    elif not reason and row.is_on:
        await _set(uow, account_id, reason="", is_on=False, switched_at=now, due_at=now + SETTLING)
    elif reason and row.result == "asleep":
        await _set(uow, account_id, reason=reason, due_at=now)
        uow.after_commit(lambda: runtime.nudge(PULL))
    elif reason != row.reason:
        await _set(uow, account_id, reason=reason)
    else:
        return row
    changed = await find_pulled(uow, account_id)
    assert changed is not None
    return changed


async def _set(uow: UnitOfWork, account_id: int, **values: Any) -> None:
    await uow.write(
        update(PulledAccount)
        .where(PulledAccount.account_id == account_id)
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )
