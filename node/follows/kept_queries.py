"""Every SELECT over what somebody keeps about others: recommendations and notes; and whom two people both know."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_present
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import AccountNote, Endorsement, Follow


async def list_endorsements(reader: Reader, account_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of whom an account recommends, newest first, paged by the endorsement's id."""
    statement = (
        select(Endorsement.id, Endorsement.target_id)
        .join(Account, Account.id == Endorsement.target_id)
        .where(Endorsement.account_id == account_id, is_present())
    )
    rows = (await reader.execute(page.apply(statement, Endorsement.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


async def count_endorsements(reader: Reader, account_id: int) -> int:
    """Return how many an account recommends."""
    statement = select(func.count()).select_from(Endorsement).where(Endorsement.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def find_note(reader: Reader, account_id: int, target_id: int) -> AccountNote | None:
    """Return what somebody noted down about an account."""
    found: AccountNote | None = await reader.scalar(
        select(AccountNote).where(AccountNote.account_id == account_id, AccountNote.target_id == target_id)
    )
    return found


async def count_notes(reader: Reader, account_id: int) -> int:
    """Return about how many accounts somebody noted something down."""
    statement = select(func.count()).select_from(AccountNote).where(AccountNote.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def list_notes_about(reader: Reader, target_id: int, *, after_id: int, limit: int) -> list[AccountNote]:
    """Return notes about an account, oldest first."""
    return list(
        await reader.scalars(
            select(AccountNote)
            .where(AccountNote.target_id == target_id, AccountNote.id > after_id)
            .order_by(AccountNote.id)
            .limit(limit)
        )
    )


async def list_familiar_followers(reader: Reader, viewer_id: int, account_id: int, *, limit: int) -> Sequence[int]:
    """Return people the viewer follows who follow an account, the latest follow first.

    People who hide whom they follow are left out, and nobody is named for an account that hides its followers.
    """
    mine, theirs = aliased(Follow), aliased(Follow)
    shown = aliased(Account)
    return await reader.scalars(
        select(Account.id)
        .join(mine, mine.followee_id == Account.id)
        .join(theirs, theirs.follower_id == Account.id)
        .where(
            mine.follower_id == viewer_id,
            mine.accepted_at.is_not(None),
            theirs.followee_id == account_id,
            theirs.accepted_at.is_not(None),
            Account.hide_collections.is_(False),
            is_present(),
            select(shown.id).where(shown.id == account_id, shown.hide_collections.is_(False)).exists(),
        )
        .order_by(theirs.id.desc())
        .limit(limit)
    )
