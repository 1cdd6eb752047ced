"""Use cases of staff picks: the people who look after this server suggest somebody to everybody, or no longer."""

from datetime import datetime

from sqlalchemy import delete, update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_use
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.moderation.service import log_decision
from node.suggestions.models import StaffPick
from node.suggestions.queries import list_picks
from node.suggestions.rules import MAX_NOTE, MAX_PICKS


async def pick(
    uow: UnitOfWork, account: Account, *, note: str = "", actor_id: int | None = None, now: datetime
) -> None:
    """Suggest somebody to everybody; again to say something else about them. Raises Invalid."""
    words = " ".join(note.split())
    if len(words) > MAX_NOTE:
        raise Invalid(fields={"note": [f"The note can have {MAX_NOTE} characters"]})
    if account.is_gone or not account.discoverable:
        raise Invalid(f"@{account.acct} does not want to be suggested to others")
    await lock_use(uow, "staff_picks")
    picked = {row.account_id for row in await list_picks(uow)}
    if account.id not in picked and len(picked) >= MAX_PICKS:
        raise Invalid(f"There can be {MAX_PICKS} picks. Take one away first.")
    values = {"id": new_id(), "account_id": account.id, "note": words, "created_at": now}
    if not await insert_if_absent(uow, StaffPick, values):
        await uow.write(update(StaffPick).where(StaffPick.account_id == account.id).values(note=words))
    await log_decision(
        uow, "suggestion.pick", target_kind="account", target=str(account.id), actor_id=actor_id, comment=words, now=now
    )


async def unpick(uow: UnitOfWork, account_id: int, *, actor_id: int | None = None, now: datetime) -> bool:
    """Suggest somebody no longer to everybody; whether they were."""
    gone = await uow.write(
        delete(StaffPick).where(StaffPick.account_id == account_id).execution_options(synchronize_session=False)
    )
    if gone:
        await log_decision(
            uow, "suggestion.unpick", target_kind="account", target=str(account_id), actor_id=actor_id, now=now
        )
    return bool(gone)
