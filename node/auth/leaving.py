"""The end of a person: what is known of somebody whose account is deleted, and sign-ups that nobody confirmed.

The account's own row is left to `node.accounts`: it keeps the name of a deleted account from being given away.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.service import delete_account
from node.auth.models import OneTimeLink, User
from node.auth.second_step import forget_factors
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.mail.models import OutgoingMail

UNCONFIRMED_DAYS = 7
"""Longer than the link in the mail works."""


async def erase_user(uow: UnitOfWork, account_id: int) -> None:
    """Forget the address, the wishes, and all that signs somebody in whose account is deleted. May be repeated."""
    await forget_factors(uow, account_id)
    for table in (OneTimeLink, OutgoingMail, User):
        await uow.write(
            delete(table).where(table.account_id == account_id).execution_options(synchronize_session=False)
        )


async def list_unconfirmed(reader: Reader, *, now: datetime, limit: int) -> list[int]:
    """Return up to `limit` accounts whose address was never confirmed, in time."""
    is_there = exists(select(Account.id).where(Account.id == User.account_id, is_present()))
    return list(await reader.scalars(select(User.account_id).where(*_never_confirmed(now), is_there).limit(limit)))


async def drop_unconfirmed(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    """Remove an account unless its address was confirmed meanwhile; return whether it is gone.

    Such an account has done nothing, so its row goes as well and the name is free again: else one who mistyped
    their address, or a machine that signs up with every name there is, would take it for ever. One that somebody
    follows already is deleted as any other.
    """
    rows = await uow.execute(
        select(Account.followers_count, Account.posts_count)
        .join(User, User.account_id == Account.id)
        .where(Account.id == account_id, *_never_confirmed(now), is_present())
    )
    found = rows.one_or_none()
    if found is None:
        return False
    if any(found):
        await delete_account(uow, account_id, now=now)
    else:
        await uow.write(delete(Account).where(Account.id == account_id).execution_options(synchronize_session=False))
    return True


def _never_confirmed(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return User.confirmed_at.is_(None), User.created_at < now - timedelta(days=UNCONFIRMED_DAYS)
