"""Writing whom a post is addressed to: the rows of `mentions`, for local and remote posts alike.

A row opens the post to its account (`posts/rules`) and tells the outbox where to deliver. `silent` rows do so
without being shown as a mention and without notifying (AUD-3). Rows are never removed while the post stands:
who once had it must hear of its edits and of its end.
"""

from collections.abc import Mapping

from sqlalchemy import select, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.posts.models import Mention


async def add_mentions(uow: UnitOfWork, post_id: int, silent_by_account: Mapping[int, bool]) -> None:
    """Address a post to accounts; those addressed before keep what they have, a spoken mention wins."""
    for account_id, silent in silent_by_account.items():
        values = {"post_id": post_id, "account_id": account_id, "silent": silent}
        if not await insert_if_absent(uow, Mention, values) and not silent:
            await _set_silent(uow, post_id, [account_id], False)


async def replace_mentions(uow: UnitOfWork, post_id: int, silent_by_account: Mapping[int, bool]) -> None:
    """Address an edited post anew: whoever is named no more is addressed silently from now on."""
    named = [account_id for account_id, silent in silent_by_account.items() if not silent]
    before = await uow.scalars(
        select(Mention.account_id).where(
            Mention.post_id == post_id, Mention.silent.is_(False), Mention.account_id.not_in(named)
        )
    )
    if before:
        await _set_silent(uow, post_id, list(before), True)
    await add_mentions(uow, post_id, silent_by_account)


async def _set_silent(uow: UnitOfWork, post_id: int, account_ids: list[int], silent: bool) -> None:
    await uow.write(
        update(Mention)
        .where(Mention.post_id == post_id, Mention.account_id.in_(account_ids))
        .values(silent=silent)
        .execution_options(synchronize_session=False)
    )
