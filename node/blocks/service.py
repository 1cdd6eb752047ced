"""Use cases of blocks and mutes. A block ends every follow between the two; a mute changes only what its owner reads.

What else a block hides (posts, notifications, timelines) is hidden by the queries that ask for it.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_pair
from node.base.db.pieces import delete_piece
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.blocks.models import Block, Mute, UserDomainBlock
from node.blocks.queries import count_blocks, count_mutes, find_block
from node.events import AccountBlocked, AccountUnblocked
from node.follows.service import sever
from node.uris import block_uri

MAX_BLOCKS = 20_000
"""Blocks, and mutes, that one of ours may have (attack row 59)."""


async def block(
    uow: UnitOfWork, settings: Settings, account: Account, target: Account, *, uri: str = "", now: datetime
) -> Block:
    """Block somebody and end the follows both ways (ACV-7). Repeating changes nothing. Raises Invalid for oneself.

    `uri` is the Block activity's id when a remote server sent it.
    """
    if account.id == target.id:
        raise Invalid("You cannot block yourself")
    if account.is_local and await count_blocks(uow, account.id) >= MAX_BLOCKS:
        raise Invalid(f"You cannot block more than {MAX_BLOCKS} accounts. Block their servers instead.")
    await lock_pair(uow, "relation", account.id, target.id)  # no follow slips in between
    block_id = new_id()
    is_new = await insert_if_absent(
        uow,
        Block,
        {
            "id": block_id,
            "account_id": account.id,
            "target_id": target.id,
            "uri": block_uri(settings, block_id) if account.is_local else uri,
            "created_at": now,
        },
    )
    row = await find_block(uow, account.id, target.id)
    assert row is not None
    if is_new:
        await sever(uow, account.id, target.id)
        await uow.record(AccountBlocked(row.id, account.id, target.id))
    return row


async def unblock(uow: UnitOfWork, account_id: int, target_id: int) -> bool:
    """End a block; return whether there was one. What it ended stays ended."""
    result = await uow.execute(
        delete(Block).where(Block.account_id == account_id, Block.target_id == target_id).returning(Block.id, Block.uri)
    )
    row = result.one_or_none()
    if row is None:
        return False
    await uow.record(AccountUnblocked(row.id, row.uri, account_id, target_id))
    return True


async def mute(
    uow: UnitOfWork,
    account: Account,
    target: Account,
    *,
    duration: timedelta | None = None,
    notifications: bool = True,
    now: datetime,
) -> None:
    """Mute somebody, for a while or until further notice. Repeating sets the new terms. Raises Invalid for oneself."""
    if account.id == target.id:
        raise Invalid("You cannot mute yourself")
    if await count_mutes(uow, account.id) >= MAX_BLOCKS:
        raise Invalid(f"You cannot mute more than {MAX_BLOCKS} accounts")
    terms = {"hide_notifications": notifications, "expires_at": now + duration if duration else None}
    is_new = await insert_if_absent(
        uow,
        Mute,
        {"id": new_id(), "account_id": account.id, "target_id": target.id, "created_at": now, **terms},
    )
    if not is_new:
        await uow.write(update(Mute).where(Mute.account_id == account.id, Mute.target_id == target.id).values(**terms))


async def unmute(uow: UnitOfWork, account_id: int, target_id: int) -> bool:
    """End a mute; return whether there was one."""
    return bool(await uow.write(delete(Mute).where(Mute.account_id == account_id, Mute.target_id == target_id)))


async def remove_some(uow: UnitOfWork, account_id: int) -> bool:
    """Remove some blocks and mutes of an account that is gone, in both directions; return whether there may be more.
    Nobody is told."""
    return (
        await delete_piece(uow, Block, or_(Block.account_id == account_id, Block.target_id == account_id))
        or await delete_piece(uow, Mute, or_(Mute.account_id == account_id, Mute.target_id == account_id))
        or await delete_piece(uow, UserDomainBlock, UserDomainBlock.account_id == account_id)
    )
