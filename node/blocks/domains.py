"""Use cases of a person's own blocks of whole servers (MOD-4). What the node blocks for everybody is `moderation`.

Nobody of that server is told: their follows are ended, and their words are hidden by the queries that ask for it.
"""

from datetime import datetime

from sqlalchemy import delete

from federation.errors import MalformedDocument
from federation.origins import normalise_domain
from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.pieces import PIECE
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.blocks.models import UserDomainBlock
from node.blocks.queries import count_domain_blocks, count_follows_at, list_follows_at
from node.events import DomainBlocked, FollowsSevered
from node.follows.service import sever

MAX_DOMAINS = 1_000


async def block_domain(uow: UnitOfWork, settings: Settings, account: Account, domain: str, *, now: datetime) -> bool:
    """Block a server for one person; return whether that is new. Follows both ways end soon after.

    Raises Invalid for what is no domain, for our own, and beyond `MAX_DOMAINS` (attack row 59).
    """
    domain = checked_domain(settings, domain)
    if await count_domain_blocks(uow, account.id) >= MAX_DOMAINS:
        raise Invalid(f"You can block {MAX_DOMAINS} servers at most")
    values = {"id": new_id(), "account_id": account.id, "domain": domain, "created_at": now}
    is_new = await insert_if_absent(uow, UserDomainBlock, values)
    if is_new:
        followers, following = await count_follows_at(uow, account.id, domain)
        if followers or following:
            await uow.record(FollowsSevered(account.id, "user_domain_block", domain, followers, following))
        await uow.record(DomainBlocked(account.id, domain))
    return is_new


async def unblock_domain(uow: UnitOfWork, settings: Settings, account_id: int, domain: str) -> bool:
    """End such a block; return whether there was one. What it ended stays ended."""
    domain = checked_domain(settings, domain)
    return bool(
        await uow.write(
            delete(UserDomainBlock).where(UserDomainBlock.account_id == account_id, UserDomainBlock.domain == domain)
        )
    )


async def sever_some(uow: UnitOfWork, account_id: int, domain: str) -> bool:
    """End some follows between a person and a server; return whether there may be more."""
    others = await list_follows_at(uow, account_id, domain, limit=PIECE)
    for other_id in others:
        await sever(uow, account_id, other_id)
    return len(others) == PIECE


def checked_domain(settings: Settings, domain: str) -> str:
    """Return a domain as accounts carry it. Raises Invalid."""
    try:
        normal = normalise_domain(domain.strip().removeprefix("@").rstrip("."))
    except MalformedDocument:
        raise Invalid(fields={"domain": ["is not a domain"]}) from None
    if normal in settings.local_domains:
        raise Invalid(fields={"domain": ["is our own"]})
    return normal
