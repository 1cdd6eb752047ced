"""Use cases of what somebody keeps about others: recommend them on their page, note something down."""

from datetime import datetime

from sqlalchemy import delete, or_, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.follows.kept_queries import count_endorsements, count_notes, find_note
from node.follows.models import AccountNote, Endorsement
from node.follows.queries import find_follow
from node.follows.rules import MAX_ENDORSEMENTS, MAX_NOTE, MAX_NOTES


async def endorse(uow: UnitOfWork, account_id: int, target_id: int, *, now: datetime) -> bool:
    """Recommend somebody one follows; return whether that is new. Raises Invalid."""
    follow = await find_follow(uow, account_id, target_id)
    if follow is None or follow.accepted_at is None:
        raise Invalid("Validation failed: You must be already following the person you want to endorse")
    values = {"id": new_id(), "account_id": account_id, "target_id": target_id, "created_at": now}
    if not await insert_if_absent(uow, Endorsement, values):
        return False
    if await count_endorsements(uow, account_id) > MAX_ENDORSEMENTS:
        raise Invalid(f"You can feature {MAX_ENDORSEMENTS} accounts on your profile at most")
    return True


async def unendorse(uow: UnitOfWork, account_id: int, target_id: int) -> bool:
    """Recommend somebody no longer; return whether they were."""
    return bool(
        await uow.write(
            delete(Endorsement).where(Endorsement.account_id == account_id, Endorsement.target_id == target_id)
        )
    )


async def set_note(uow: UnitOfWork, account_id: int, target_id: int, text: str, *, now: datetime) -> str:
    """Note something down about an account, or with "" forget it; return the note as it is kept. Raises Invalid."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if len(text) > MAX_NOTE:
        raise Invalid(f"Validation failed: Comment is too long (maximum is {MAX_NOTE} characters)")
    if not text:
        await uow.write(
            delete(AccountNote).where(AccountNote.account_id == account_id, AccountNote.target_id == target_id)
        )
        return ""
    values = {"id": new_id(), "account_id": account_id, "target_id": target_id, "text": text, "created_at": now}
    if await insert_if_absent(uow, AccountNote, values):
        if await count_notes(uow, account_id) > MAX_NOTES:
            raise Invalid(f"You can keep {MAX_NOTES} notes at most")
    else:
        await uow.write(
            update(AccountNote)
            .where(AccountNote.account_id == account_id, AccountNote.target_id == target_id)
            .values(text=text)
        )
    return text


async def copy_note(uow: UnitOfWork, note: AccountNote, target_id: int, *, now: datetime) -> None:
    """Keep what somebody noted about an account with the one it moved to, below what stands there (MOV-1)."""
    if note.account_id == target_id:
        return
    there = await find_note(uow, note.account_id, target_id)
    if there is not None and note.text in there.text:
        return
    text = note.text if there is None else f"{there.text}\n{note.text}"
    await set_note(uow, note.account_id, target_id, text[:MAX_NOTE], now=now)


async def forget_kept(uow: UnitOfWork, account_id: int) -> None:
    """Remove what an account that is gone kept about others, and others about it."""
    for table in (Endorsement, AccountNote):
        await uow.write(delete(table).where(or_(table.account_id == account_id, table.target_id == account_id)))
