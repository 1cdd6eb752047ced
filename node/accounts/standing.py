"""Whether an account stands: suspend, silence, delete, and what an origin says of its own. Part of the service.

What a departure means elsewhere (follows, sessions, posts) is done by the effects of its event, each in its own
slice. From the commit on everything that asks `is_gone` or `is_present` treats the account as absent; that is how
a suspension ends sessions and tokens at once (attack row 90).
"""

from datetime import datetime

from sqlalchemy import update

from node.accounts.models import Account
from node.accounts.names import forget_names
from node.accounts.queries import get_account
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden
from node.base.ids import new_id, time_of
from node.events import AccountDeleted, AccountSuspended, AccountUnsuspended
from node.uris import INSTANCE_ACTOR_ID


async def suspend_account(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    """Suspend an account, ours or remote; return whether it was not suspended before. Raises NotFound, Forbidden."""
    _refuse_instance_actor(account_id)
    await get_account(uow, account_id, include_gone=True)
    changed = await uow.write(
        update(Account)
        .where(Account.id == account_id, Account.suspended_at.is_(None), Account.deleted_at.is_(None))
        .values(suspended_at=now, version=Account.version + 1)
    )
    if changed:
        await uow.record(AccountSuspended(account_id))
    return bool(changed)


async def unsuspend_account(uow: UnitOfWork, account_id: int) -> bool:
    """Lift our own suspension; return whether there was one. A deleted account stays gone. Raises NotFound."""
    await get_account(uow, account_id, include_gone=True)
    changed = await uow.write(
        update(Account)
        .where(Account.id == account_id, Account.suspended_at.is_not(None), Account.deleted_at.is_(None))
        .values(suspended_at=None, version=Account.version + 1)
    )
    if changed:
        await uow.record(AccountUnsuspended(account_id))
    return bool(changed)


async def silence_account(uow: UnitOfWork, account_id: int, *, silenced: bool, now: datetime) -> bool:
    """Take an account out of public timelines and strangers' notifications, or back in; return whether it changed."""
    _refuse_instance_actor(account_id)
    await get_account(uow, account_id, include_gone=True)
    before = Account.silenced_at.is_(None) if silenced else Account.silenced_at.is_not(None)
    changed = await uow.write(
        update(Account)
        .where(Account.id == account_id, before)
        .values(silenced_at=now if silenced else None, version=Account.version + 1)
    )
    return bool(changed)


async def cover_media(uow: UnitOfWork, account_id: int, *, covered: bool, now: datetime) -> bool:
    """Have all media of an account shown as sensitive, or no longer; return whether it changed."""
    await get_account(uow, account_id, include_gone=True)
    before = Account.sensitised_at.is_(None) if covered else Account.sensitised_at.is_not(None)
    changed = await uow.write(
        update(Account)
        .where(Account.id == account_id, before)
        .values(sensitised_at=now if covered else None, version=Account.version + 1)
    )
    return bool(changed)


async def delete_account(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    """Delete a local account for good; return whether it still stood. Raises NotFound, Forbidden.

    The row stays with its name and keys: the name is never reused (row 73) and the Delete is still to be signed
    (MOD-1). Everything personal in it goes now, the rest by the effects of AccountDeleted.
    """
    _refuse_instance_actor(account_id)
    account = await get_account(uow, account_id, include_gone=True)
    if not account.is_local:
        raise Forbidden()
    return await _erase(uow, account_id, now=now)


async def mark_remote_gone(uow: UnitOfWork, account_id: int, *, now: datetime | None = None) -> bool:
    """Note that a remote actor was deleted by its origin (MOD-1, SIG-16); return whether it still stood.

    Raises Forbidden for an account of ours: only we delete those.
    """
    account = await get_account(uow, account_id, include_gone=True)
    if account.is_local:
        raise Forbidden()
    return await _erase(uow, account_id, now=now or time_of(new_id()))


async def _erase(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    changed = await uow.write(
        update(Account)
        .where(Account.id == account_id, Account.deleted_at.is_(None))
        .values(
            deleted_at=now,
            display_name="",
            note="",
            fields=[],
            emojis=[],
            avatar_key="",
            header_key="",
            avatar_url="",
            header_url="",
            also_known_as=[],
            attribution_domains=[],
            discoverable=False,
            indexable=False,
            version=Account.version + 1,
        )
    )
    if changed:
        await forget_names(uow, account_id)
        await uow.record(AccountDeleted(account_id))
    return bool(changed)


def _refuse_instance_actor(account_id: int) -> None:
    if account_id == INSTANCE_ACTOR_ID:
        raise Forbidden("The node's own actor cannot be changed")
