"""Every SELECT over barriers."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import TypeVar

from sqlalchemy import or_, select

from node.accounts.rules import domain_and_parents
from node.barriers.models import EmailBlock, EmailDomainBlock, NetworkBlock
from node.barriers.rules import NetworkRule, email_hash
from node.base.db.unit_of_work import Reader
from node.base.errors import NotFound
from node.base.paging import Page
from node.base.runtime import Runtime

Row = TypeVar("Row", EmailBlock, EmailDomainBlock, NetworkBlock)

BOOK_SECONDS = 5.0
"""How long a process may go by old rules for networks."""


async def list_rows(reader: Reader, table: type[Row], page: Page) -> list[Row]:
    """Return a page of one kind of barrier, newest first."""
    return page.newest_first(list(await reader.scalars(page.apply(select(table), table.id))))


async def get_row(reader: Reader, table: type[Row], id_: int) -> Row:
    """Return one barrier. Raises NotFound."""
    found: Row | None = await reader.scalar(select(table).where(table.id == id_))
    if found is None:
        raise NotFound()
    return found


async def find_email_block(reader: Reader, hash_: str) -> EmailBlock | None:
    """Return the block of a mailbox."""
    found: EmailBlock | None = await reader.scalar(select(EmailBlock).where(EmailBlock.email_hash == hash_))
    return found


async def is_email_barred(reader: Reader, email: str) -> bool:
    """Whether this address may not sign up: its mailbox, its domain, or a domain above."""
    domains = domain_and_parents(email.strip().lower().rpartition("@")[2])
    if await reader.scalar(select(EmailDomainBlock.id).where(EmailDomainBlock.domain.in_(domains)).limit(1)):
        return True
    return await find_email_block(reader, email_hash(email)) is not None


async def list_network_rules(reader: Reader, now: datetime) -> Sequence[NetworkRule]:
    """Return what is done with which network now."""
    rows = await reader.execute(
        select(NetworkBlock.network, NetworkBlock.severity).where(
            or_(NetworkBlock.expires_at.is_(None), NetworkBlock.expires_at > now)
        )
    )
    return [NetworkRule(ip_network(network), severity) for network, severity in rows]


async def network_rules(runtime: Runtime) -> Sequence[NetworkRule]:
    """Return the rules for networks as this process knows them, at most `BOOK_SECONDS` old."""
    cache = runtime.caches.get("network_rules", size=1, seconds=BOOK_SECONDS)
    rules: Sequence[NetworkRule] | None = cache.get("rules")
    if rules is None:
        async with runtime.read() as reader:
            rules = await list_network_rules(reader, runtime.now())
        cache.put("rules", rules)
    return rules
