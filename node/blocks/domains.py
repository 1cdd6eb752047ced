"""Use cases of a person's own blocks of whole servers (MOD-4). What the node blocks for everybody is `moderation`.

Nobody of that server is told: their follows are ended, and their words are hidden by the queries that ask for it.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from federation.errors import MalformedDocument
from federation.origins import normalise_domain
from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.blocks.models import UserDomainBlock
from node.blocks.queries import count_domain_blocks, list_related
from node.events import DomainBlocked
from node.follows.queries import list_pairs
from node.follows.service import PAIRS, sever_pairs

MAX_DOMAINS = 1_000
WALKS: Final = ((True, True), (False, True), (True, False), (False, False))
"""Over whom somebody follows, over who follows them, over those who were asked to and who asked: follows, held."""
LOOKED: Final = 500
"""Follows that are looked at in one transaction."""


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


async def sever_some(uow: UnitOfWork, event: DomainBlocked) -> DomainBlocked:
    """End some follows between a person and a server; return from where to go on: beyond the last of `WALKS` at the
    end.

    A person may have a hundred thousand followers of whom a handful are of that server, and whoever publishes waits.
    """
    walk, after_id, left = event.walk, event.after_id, LOOKED
    others: list[int] = []
    while walk < len(WALKS) and left and len(others) < PAIRS:
        follows, held = WALKS[walk]
        rows = await list_related(uow, event.account_id, follows=follows, held=held, after_id=after_id, limit=left)
        for row in rows:
            left, after_id = left - 1, row.id
            if row.domain == event.domain:
                others.append(row.account_id)
            if len(others) == PAIRS:
                break
        else:
            if left:
                walk, after_id = walk + 1, 0
    pairs = await list_pairs(uow, [(other_id, event.account_id) for other_id in dict.fromkeys(others)])
    await sever_pairs(uow, pairs, kind="user_domain_block", domain=event.domain)
    return replace(event, walk=walk, after_id=after_id)


def checked_domain(settings: Settings, domain: str) -> str:
    """Return a domain as accounts carry it. Raises Invalid."""
    try:
        normal = normalise_domain(domain.strip().removeprefix("@").rstrip("."))
    except MalformedDocument:
        raise Invalid(fields={"domain": ["is not a domain"]}) from None
    if normal in settings.local_domains:
        raise Invalid(fields={"domain": ["is our own"]})
    return normal
