"""Every SELECT over blocks and mutes. A mute that has run out is none; its row goes with the next sweep."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, union

from node.accounts.models import Account
from node.accounts.queries import AccountEntry, is_at, is_present
from node.accounts.relations import FOLLOWS, block_between
from node.base.clock import system_clock
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.blocks.models import Block, Mute, UserDomainBlock


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


async def list_follows_at(reader: Reader, account_id: int, domain: str, *, limit: int) -> list[int]:
    """Return accounts of a server that follow an account, or that it follows, or ask to."""
    f = FOLLOWS.alias()
    related = union(
        select(f.c.followee_id).where(f.c.follower_id == account_id),
        select(f.c.follower_id).where(f.c.followee_id == account_id),
    )
    statement = select(Account.id).where(Account.id.in_(related.subquery().select()), is_at(domain))
    return list(await reader.scalars(statement.order_by(Account.id).limit(limit)))


async def count_follows_at(reader: Reader, account_id: int, domain: str) -> tuple[int, int]:
    """Return how many people of a server follow an account, and how many it follows there; requests count as none."""
    f = FOLLOWS.alias()

    def there(mine: ColumnElement[int], theirs: ColumnElement[int]) -> Select[int]:
        related = select(func.count()).select_from(f).join(Account, Account.id == theirs)
        return related.where(mine == account_id, f.c.accepted_at.is_not(None), is_at(domain))

    followers = await reader.scalar(there(f.c.followee_id, f.c.follower_id))
    following = await reader.scalar(there(f.c.follower_id, f.c.followee_id))
    return int(followers or 0), int(following or 0)


def _stands(now: datetime | None) -> ColumnElement[bool]:
    return or_(Mute.expires_at.is_(None), Mute.expires_at > (now or system_clock()))
