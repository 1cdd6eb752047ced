"""Barriers in an operator's name: who may not sign up, and which network may not come in. All are logged."""

from datetime import datetime
from typing import Any

from node.barriers.models import EmailBlock, EmailDomainBlock, NetworkBlock
from node.barriers.queries import Row
from node.barriers.service import block_email, block_email_domain, block_network, change_network_block, take_down
from node.base.db.unit_of_work import UnitOfWork
from node.moderation.service import log_decision


async def bar_email_domain(uow: UnitOfWork, domain: str, *, actor_id: int | None, now: datetime) -> EmailDomainBlock:
    """Let nobody sign up with an address of a domain. Raises Invalid."""
    row = await block_email_domain(uow, domain, now=now)
    await _log(uow, "block", row, actor_id, now)
    return row


async def bar_email(
    uow: UnitOfWork, *, email: str = "", hash_: str = "", actor_id: int | None, now: datetime
) -> EmailBlock:
    """Let nobody sign up with a mailbox. Only its hash is kept, in the log too. Raises Invalid."""
    row = await block_email(uow, email=email, hash_=hash_, now=now)
    await _log(uow, "block", row, actor_id, now)
    return row


async def bar_network(
    uow: UnitOfWork, network: str, severity: str, *, actor_id: int | None, now: datetime, **parts: Any
) -> NetworkBlock:
    """Keep a network from signing up, or out (`parts` as of `block_network`). Raises Invalid."""
    row = await block_network(uow, network, severity, now=now, **parts)
    await _log(uow, row.severity, row, actor_id, now)
    return row


async def change_barred_network(
    uow: UnitOfWork, id_: int, *, actor_id: int | None, now: datetime, **parts: Any
) -> NetworkBlock:
    """Change what is done with a network (`parts` as of `change_network_block`). Raises NotFound, Invalid."""
    row = await change_network_block(uow, id_, now=now, **parts)
    await _log(uow, row.severity, row, actor_id, now)
    return row


async def let_in(uow: UnitOfWork, table: type[Row], id_: int, *, actor_id: int | None, now: datetime) -> None:
    """Take a barrier down. Raises NotFound."""
    await _log(uow, "clear", await take_down(uow, table, id_), actor_id, now)


async def _log(
    uow: UnitOfWork,
    what: str,
    row: EmailDomainBlock | EmailBlock | NetworkBlock,
    actor_id: int | None,
    now: datetime,
) -> None:
    match row:
        case EmailDomainBlock():
            kind, target, comment = "email_domain", row.domain, ""
        case EmailBlock():
            kind, target, comment = "email", row.email_hash, ""
        case NetworkBlock():
            kind, target, comment = "network", row.network, row.comment
    await log_decision(
        uow, f"{kind}.{what}", target_kind=kind, target=target, actor_id=actor_id, comment=comment, now=now
    )
