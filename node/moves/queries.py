"""Every SELECT about who goes along when an account moves: our own people only, in the order of their rows."""

from sqlalchemy import exists, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_ours
from node.base.db.unit_of_work import Reader
from node.blocks.models import Block, Mute
from node.follows.models import AccountNote, Follow


async def concerns_anybody(reader: Reader, account_id: int) -> bool:
    """Whether one of ours has to do with an account, if only by a note: else its move is not our business."""
    return bool(
        await reader.scalar(
            select(
                or_(
                    exists(select(Follow.id).where(Follow.followee_id == account_id)),
                    exists(select(Block.id).where(Block.target_id == account_id)),
                    exists(select(Mute.id).where(Mute.target_id == account_id)),
                    exists(select(AccountNote.id).where(AccountNote.target_id == account_id)),
                )
            )
        )
    )


async def list_local_follows(reader: Reader, account_id: int, *, after_id: int, limit: int) -> list[Follow]:
    """Return accepted follows of an account by our own people, oldest first."""
    return list(
        await reader.scalars(
            select(Follow)
            .join(Account, Account.id == Follow.follower_id)
            .where(
                Follow.followee_id == account_id,
                Follow.accepted_at.is_not(None),
                Follow.id > after_id,
                is_ours(),
            )
            .order_by(Follow.id)
            .limit(limit)
        )
    )


async def list_local_blocks(reader: Reader, account_id: int, *, after_id: int, limit: int) -> list[Block]:
    """Return blocks of an account by our own people, oldest first."""
    return list(
        await reader.scalars(
            select(Block)
            .join(Account, Account.id == Block.account_id)
            .where(Block.target_id == account_id, Block.id > after_id, is_ours())
            .order_by(Block.id)
            .limit(limit)
        )
    )


async def list_mutes(reader: Reader, account_id: int, *, after_id: int, limit: int) -> list[Mute]:
    """Return mutes of an account, oldest first; only our own people mute."""
    return list(
        await reader.scalars(
            select(Mute).where(Mute.target_id == account_id, Mute.id > after_id).order_by(Mute.id).limit(limit)
        )
    )
