"""Use cases of moving: an alias, a move of one of ours, a move of somebody elsewhere, and taking people along.

An account may have ten thousand followers here, and SQLite has one writer. So a move is one short transaction that
says where the account is now, and `carry_some` takes people along piece by piece, each piece the effect of an event
of its own: killed anywhere, it goes on from the last piece.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from node.accounts.models import Account
from node.accounts.queries import find_account, get_account, list_accounts
from node.base.db.inserts import insert_if_absent
from node.base.db.pieces import PIECE, briefly
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid, RookeryError
from node.base.ids import new_id
from node.base.settings import Settings
from node.blocks.models import Mute
from node.blocks.service import block
from node.events import AccountMoved, MoveContinues, ProfileUpdated
from node.follows.kept import copy_note
from node.follows.kept_queries import list_notes_about
from node.follows.service import follow, unfollow
from node.lists.service import carry_member
from node.moves.queries import list_local_blocks, list_local_follows, list_mutes
from node.moves.rules import MAX_ALIASES, check_move

FOLLOWS: Final = "follows"
BLOCKS: Final = "blocks"
MUTES: Final = "mutes"
NOTES: Final = "notes"
_STEPS: Final = (BLOCKS, MUTES, NOTES, FOLLOWS)
"""Blocks first: nobody shall follow whom they had blocked under another name."""

log = structlog.get_logger(__name__)


async def set_aliases(uow: UnitOfWork, account_id: int, uris: Sequence[str]) -> Account:
    """Say which accounts elsewhere are, or were, the same person, and tell who follows (MOV-2). Raises Invalid."""
    account = await _own(uow, account_id)
    wanted = list(dict.fromkeys(uris))
    if account.uri in wanted:
        raise Invalid(fields={"alias": ["is this account itself"]})
    if len(wanted) > MAX_ALIASES:
        raise Invalid(fields={"alias": [f"You can have {MAX_ALIASES} aliases at most."]})
    if wanted != account.also_known_as:
        account.also_known_as = wanted
        await _say_changed(uow, account)
    return account


async def move_away(
    uow: UnitOfWork, account_id: int, target: Account, *, redirect_only: bool = False, now: datetime
) -> Account:
    """Move one of ours to `target`, as its server has just described it (MOV-2).

    From then on nobody new can follow the account; what it wrote can still be read. `redirect_only` shows where it
    went and takes nobody along. Raises Invalid with the reason why it may not move.
    """
    account = await _own(uow, account_id)
    check_move(account, target, now=now, redirect_only=redirect_only)
    account.moved_to_uri = target.uri
    if not redirect_only:
        account.moved_at = now
    await _say_changed(uow, account)
    if not redirect_only:
        await uow.record(AccountMoved(account.id, target.id))
    return account


async def come_back(uow: UnitOfWork, account_id: int) -> bool:
    """Take back that an account of ours has moved; return whether it had. Who went along stays there."""
    account = await _own(uow, account_id)
    if not account.moved_to_uri:
        return False
    account.moved_to_uri = ""
    await _say_changed(uow, account)
    return True


async def note_move(uow: UnitOfWork, account: Account, target: Account, *, now: datetime) -> None:
    """Note that an actor of another server has moved, and begin to take our people along (MOV-1).

    The caller has proven it: the actor said so, and `target`, freshly fetched, names it as an alias.
    """
    row = await get_account(uow, account.id)
    row.moved_to_uri, row.moved_at = target.uri, now
    row.version += 1
    await uow.flush()
    await uow.record(AccountMoved(row.id, target.id))


async def carry_some(
    uow: UnitOfWork, settings: Settings, account_id: int, target_id: int, *, step: str, after_id: int, now: datetime
) -> None:
    """Take some people along, and record the event that takes the next ones while there are any."""
    account, target = await find_account(uow, account_id), await find_account(uow, target_id)
    if account is None or target is None or target.is_gone or target.moved_to_uri:
        return  # it has moved on or is gone: nobody is sent after it (row 39)
    if step == BLOCKS:
        last = await _carry_blocks(uow, settings, account, target, after_id=after_id, now=now)
    elif step == MUTES:
        last = await _carry_mutes(uow, account, target, after_id=after_id, now=now)
    elif step == NOTES:
        last = await _carry_notes(uow, account, target, after_id=after_id, now=now)
    else:
        last = await _carry_followers(uow, settings, account, target, after_id=after_id, now=now)
    if last is not None:
        await uow.record(MoveContinues(account_id, target_id, step, last))
    elif step != _STEPS[-1]:
        await uow.record(MoveContinues(account_id, target_id, _STEPS[_STEPS.index(step) + 1], 0))


async def _carry_followers(
    uow: UnitOfWork, settings: Settings, account: Account, target: Account, *, after_id: int, now: datetime
) -> int | None:
    """Let some followers of ours follow the new account, and once they do or have asked to, leave the old one.

    The new account is on the lists that the old one was on. Whoever may not follow it (a block stands between them)
    stays where they were.
    """
    rows = await list_local_follows(uow, account.id, after_id=after_id, limit=PIECE)
    people = await list_accounts(uow, [row.follower_id for row in rows])
    last = None
    for row in briefly(rows):
        last = row.id
        follower = people[row.follower_id]
        if follower.id == target.id:
            continue
        try:
            await follow(
                uow, settings, follower, target, show_boosts=row.show_boosts, notify=row.notify,
                languages=row.languages.split(), now=now,
            )  # fmt: skip
        except RookeryError as error:
            log.info("follower_not_carried", follower=follower.id, target=target.id, reason=error.message)
            continue
        await carry_member(uow, follower.id, account.id, target.id, now=now)
        await unfollow(uow, follower.id, account.id)
    return last


async def _carry_blocks(
    uow: UnitOfWork, settings: Settings, account: Account, target: Account, *, after_id: int, now: datetime
) -> int | None:
    rows = await list_local_blocks(uow, account.id, after_id=after_id, limit=PIECE)
    people = await list_accounts(uow, [row.account_id for row in rows])
    last = None
    for row in briefly(rows):
        last = row.id
        if row.account_id != target.id:
            await block(uow, settings, people[row.account_id], target, now=now)
    return last


async def _carry_mutes(
    uow: UnitOfWork, account: Account, target: Account, *, after_id: int, now: datetime
) -> int | None:
    rows = await list_mutes(uow, account.id, after_id=after_id, limit=PIECE)
    last = None
    for row in briefly(rows):
        last = row.id
        if row.account_id != target.id:  # terms that somebody chose for the new account already stay
            values = {
                "id": new_id(),
                "account_id": row.account_id,
                "target_id": target.id,
                "hide_notifications": row.hide_notifications,
                "expires_at": row.expires_at,
                "created_at": now,
            }
            await insert_if_absent(uow, Mute, values)
    return last


async def _carry_notes(
    uow: UnitOfWork, account: Account, target: Account, *, after_id: int, now: datetime
) -> int | None:
    rows = await list_notes_about(uow, account.id, after_id=after_id, limit=PIECE)
    last = None
    for row in briefly(rows):
        last = row.id
        await copy_note(uow, row, target.id, now=now)
    return last


async def _own(uow: UnitOfWork, account_id: int) -> Account:
    account = await get_account(uow, account_id)
    if not account.is_local:
        raise Forbidden()
    return account


async def _say_changed(uow: UnitOfWork, account: Account) -> None:
    account.version += 1
    await uow.flush()
    await uow.record(ProfileUpdated(account.id))
