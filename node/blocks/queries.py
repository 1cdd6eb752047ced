"""Every SELECT over blocks and mutes. A mute that has run out is none; its row goes with the next sweep."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_present
from node.accounts.relations import block_between
from node.base.clock import system_clock
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.blocks.models import Block, Mute, UserDomainBlock
from node.follows.models import Follow


async def find_block(reader: Reader, account_id: int, target_id: int) -> Block | None:
    """Return the block of one account against another."""
    found: Block | None = await reader.scalar(
        select(Block).where(Block.account_id == account_id, Block.target_id == target_id)
    )
    return found


async def find_block_by_uri(reader: Reader, uri: str) -> Block | None:
    """Return a block by its activity's id. Ids of remote origin are not unique: check whose it is."""
    if not uri:
        return None
    found: Block | None = await reader.scalar(select(Block).where(Block.uri == uri).order_by(Block.id).limit(1))
    return found


async def is_blocked_between(reader: Reader, a: int, b: int) -> bool:
    """Whether one of the two blocks the other."""
    return bool(await reader.scalar(select(block_between(a, b))))


async def list_blocks(reader: Reader, account_id: int, page: Page) -> list[AccountEntry]:
    """Return a page of whom an account blocks, newest first, paged by the block's id."""
    statement = (
        select(Block.id, Block.target_id)
        .join(Account, Account.id == Block.target_id)
        .where(Block.account_id == account_id, is_present())
    )
    rows = (await reader.execute(page.apply(statement, Block.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


async def list_mutes(reader: Reader, account_id: int, page: Page, *, now: datetime | None = None) -> list[AccountEntry]:
    """Return a page of whom an account mutes, newest first, paged by the mute's id."""
    statement = (
        select(Mute.id, Mute.target_id)
        .join(Account, Account.id == Mute.target_id)
        .where(Mute.account_id == account_id, _stands(now), is_present())
    )
    rows = (await reader.execute(page.apply(statement, Mute.id.expression))).all()
    return page.newest_first([AccountEntry(id_, other) for id_, other in rows])


async def list_mute_ends(reader: Reader, account_id: int, target_ids: Collection[int]) -> dict[int, datetime]:
    """Return when mutes of these accounts run out; those without an end are left out."""
    rows = await reader.execute(
        select(Mute.target_id, Mute.expires_at).where(
            Mute.account_id == account_id, Mute.target_id.in_(target_ids), Mute.expires_at.is_not(None)
        )
    )
    return {row.target_id: row.expires_at for row in rows}


async def list_domain_blocks(reader: Reader, account_id: int, page: Page) -> list[UserDomainBlock]:
    """Return a page of the servers an account blocks, newest first."""
    statement = select(UserDomainBlock).where(UserDomainBlock.account_id == account_id)
    return page.newest_first(list(await reader.scalars(page.apply(statement, UserDomainBlock.id))))


async def count_blocks(reader: Reader, account_id: int) -> int:
    """Return how many an account blocks."""
    return int(await reader.scalar(select(func.count()).select_from(Block).where(Block.account_id == account_id)) or 0)


async def count_mutes(reader: Reader, account_id: int) -> int:
    """Return how many an account mutes."""
    return int(await reader.scalar(select(func.count()).select_from(Mute).where(Mute.account_id == account_id)) or 0)


async def count_domain_blocks(reader: Reader, account_id: int) -> int:
    """Return how many servers an account blocks."""
    statement = select(func.count()).select_from(UserDomainBlock).where(UserDomainBlock.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def has_domain_block(reader: Reader, account_id: int, domain: str) -> bool:
    """Whether somebody blocks exactly this server."""
    found = select(UserDomainBlock.id).where(UserDomainBlock.account_id == account_id, UserDomainBlock.domain == domain)
    return await reader.scalar(found) is not None


@dataclass(frozen=True, slots=True)
class Related:
    """A follow or request, and who is at its other end."""

    id: int
    account_id: int
    domain: str


async def list_related(
    reader: Reader, account_id: int, *, follows: bool, held: bool, after_id: int, limit: int
) -> list[Related]:
    """Return some whom an account `follows`, or who follow it, by ids; `held`: follows, else requests.

    In the order of an index, whatever their domain.
    """
    mine, theirs = (Follow.follower_id, Follow.followee_id) if follows else (Follow.followee_id, Follow.follower_id)
    rows = await reader.execute(
        select(Follow.id, Account.id, Account.domain)
        .join_from(Follow, Account, Account.id == theirs)
        .where(
            mine == account_id,
            Follow.accepted_at.is_not(None) if held else Follow.accepted_at.is_(None),
            Follow.id > after_id,
        )
        .order_by(Follow.id)
        .limit(limit)
    )
    return [Related(*row) for row in rows]


def _stands(now: datetime | None) -> ColumnElement[bool]:
    return or_(Mute.expires_at.is_(None), Mute.expires_at > (now or system_clock()))
