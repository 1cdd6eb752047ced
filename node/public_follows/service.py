"""Use cases of public follows: write down what an account's server lists, tie names to accounts, forget a list."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from node.accounts.models import Account
from node.base.db.inserts import insert_new
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.public_follows.models import PublicFollow


async def add_listed(uow: UnitOfWork, follower_id: int, uris: Sequence[str], *, now: datetime) -> None:
    """Write down whom an account lists; those known here are tied to their accounts at once."""
    rows = [
        {
            "id": new_id(),
            "follower_id": follower_id,
            "followee_uri": uri,
            "followee_id": None,
            "failed_at": None,
            "created_at": now,
        }
        for uri in dict.fromkeys(uris)
    ]
    if rows:
        await insert_new(uow, PublicFollow, rows)
    await tie_known(uow, follower_id)


async def tie_known(uow: UnitOfWork, follower_id: int) -> None:
    """Tie the names in an account's list to those accounts that are known here."""
    known = select(Account.id).where(Account.uri == PublicFollow.followee_uri).scalar_subquery()
    await uow.write(
        update(PublicFollow)
        .where(PublicFollow.follower_id == follower_id, PublicFollow.followee_id.is_(None))
        .values(followee_id=known)
        .execution_options(synchronize_session=False)
    )


async def tie(uow: UnitOfWork, uri: str, account_id: int) -> None:
    """Tie a name to the account that it proved to be, in every list."""
    await uow.write(
        update(PublicFollow)
        .where(PublicFollow.followee_uri == uri, PublicFollow.followee_id.is_(None))
        .values(followee_id=account_id)
        .execution_options(synchronize_session=False)
    )


async def mark_failed(uow: UnitOfWork, uri: str, *, now: datetime) -> None:
    """Note that an actor could not be had, so that no list makes us ask for it again soon."""
    await uow.write(
        update(PublicFollow)
        .where(PublicFollow.followee_uri == uri, PublicFollow.followee_id.is_(None))
        .values(failed_at=now)
        .execution_options(synchronize_session=False)
    )


async def forget_list(uow: UnitOfWork, follower_id: int, *, but: Collection[str] = ()) -> None:
    """Forget whom an account follows: its list is hidden, or nobody here follows it any more; `but` for these."""
    statement = delete(PublicFollow).where(PublicFollow.follower_id == follower_id)
    if but:
        statement = statement.where(PublicFollow.followee_uri.not_in(list(but)))
    await uow.write(statement.execution_options(synchronize_session=False))
