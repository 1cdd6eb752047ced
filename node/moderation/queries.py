"""Every SELECT over domain policies and the log of decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import aliased

from federation.errors import EgressRefused
from federation.origins import host_of, is_subdomain_of
from node.accounts.models import SPLIT, Account
from node.accounts.rules import domain_and_parents
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime, before_each_hop
from node.base.settings import Settings
from node.follows.models import Follow
from node.follows.queries import FollowPair, list_pairs
from node.moderation.models import DomainPolicy, ModerationEntry
from node.moderation.rules import Policy, PolicyBook, book_of

BOOK_SECONDS = 5.0
"""How long a process may go by an old book: a policy reaches every process within this time."""


_POLICIES = Prepared(
    select(DomainPolicy.domain, DomainPolicy.severity, DomainPolicy.reject_media, DomainPolicy.reject_reports).where(
        DomainPolicy.domain.in_(bindparam("names", expanding=True))
    )
)
"""Asked with every signed request for a document."""


async def find_policy(reader: Reader, domain: str) -> DomainPolicy | None:
    """Return the policy that reaches a domain or `host:port`: its own, else its closest parent's (MOD-2)."""
    return next(iter(await list_policies_over(reader, domain)), None)


async def list_policies_over(reader: Reader, domain: str) -> list[DomainPolicy]:
    """Return every policy made for a domain or for a parent of it, the closest first."""
    names = domain_and_parents(domain)
    rows = {row.domain: row for row in await reader.scalars(select(DomainPolicy).where(DomainPolicy.domain.in_(names)))}
    return [rows[name] for name in names if name in rows]


async def is_suspended_domain(reader: Reader, host: str, *, settings: Settings) -> bool:
    """Whether nothing is taken from or sent to a host (attack row 47), as the rules stand at this moment."""
    names = domain_and_parents(host)
    found = {row.domain: row for row in await reader.rows(_POLICIES, {"names": names})}
    closest = next((found[name] for name in names if name in found), None)
    return book_of([] if closest is None else [Policy(*closest)], settings).is_suspended(host)


async def find_exact_policy(reader: Reader, domain: str) -> DomainPolicy | None:
    """Return the policy made for exactly this domain."""
    found: DomainPolicy | None = await reader.scalar(select(DomainPolicy).where(DomainPolicy.domain == domain))
    return found


async def list_policies(reader: Reader) -> list[DomainPolicy]:
    """Return every policy, by domain."""
    return list(await reader.scalars(select(DomainPolicy).order_by(DomainPolicy.domain)))


async def list_limits(reader: Reader) -> list[DomainPolicy]:
    """Return the policies that keep somebody out or away, by domain: what people may see of them (MOD-2)."""
    return [policy for policy in await list_policies(reader) if policy.severity in ("silence", "suspend")]


async def read_policy_book(reader: Reader, settings: Settings) -> PolicyBook:
    """Return every policy as one value to ask many times."""
    return book_of([_policy_of(row) for row in await list_policies(reader)], settings)


def _policy_of(row: DomainPolicy) -> Policy:
    return Policy(row.domain, row.severity, row.reject_media, row.reject_reports)


async def policy_book(runtime: Runtime) -> PolicyBook:
    """Return the policies as this process knows them, at most `BOOK_SECONDS` old."""
    cache = runtime.caches.get("policy_book", size=1, seconds=BOOK_SECONDS)
    book: PolicyBook | None = cache.get("book")
    if book is None:
        async with runtime.read() as reader:
            book = await read_policy_book(reader, runtime.settings)
        cache.put("book", book)
    return book


@before_each_hop
async def refuse_suspended_hop(runtime: Runtime, url: str) -> None:
    """Raise EgressRefused (`blocked_domain`) for a suspended host, wherever a redirect or a look-up led (row 47)."""
    host = host_of(url)
    async with runtime.read() as reader:  # not by the book: a rule holds from the moment it is made
        is_suspended = await is_suspended_domain(reader, host, settings=runtime.settings)
    if is_suspended:
        raise EgressRefused("blocked_domain", f"{host} is suspended here")


async def list_entries(
    reader: Reader, page: Page, *, target_kind: str | None = None, target: str | None = None
) -> list[ModerationEntry]:
    """Return a page of the log, newest first, of one target if asked."""
    statement = select(ModerationEntry)
    if target_kind is not None:
        statement = statement.where(ModerationEntry.target_kind == target_kind)
    if target is not None:
        statement = statement.where(ModerationEntry.target == target)
    return page.newest_first(list(await reader.scalars(page.apply(statement, ModerationEntry.id.expression))))


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """A remote account: `domain` is that of its handle; its host may be another one."""

    id: int
    uri: str
    domain: str


async def list_accounts_at(reader: Reader, domain: str, *, after_id: int, limit: int) -> list[KnownAccount]:
    """Return accounts with handles of exactly this domain, oldest first."""
    rows = await reader.execute(
        select(Account.id, Account.uri, Account.domain)
        .where(Account.domain == domain, Account.id > after_id)
        .order_by(Account.id)
        .limit(limit)
    )
    return [KnownAccount(*row) for row in rows]


async def list_split_accounts(reader: Reader, domain: str, *, after_uri: str, limit: int) -> list[KnownAccount]:
    """Return accounts whose host may be of a domain while their handle is of another, by their URIs.

    Wide on purpose: subdomains and ports are told apart by parsing, not by patterns (attack row 22).
    """
    rows = await reader.execute(
        select(Account.id, Account.uri, Account.domain)
        .where(
            text(SPLIT[reader.dialect]),
            Account.uri > after_uri,
            Account.uri.contains(domain, autoescape=True),
        )
        .order_by(Account.uri)
        .limit(limit)
    )
    return [KnownAccount(*row) for row in rows]


async def list_known_domains(reader: Reader, domain: str, *, after: str) -> list[str]:
    """Return the domains below this one, itself too, of which handles are known, in order, from the one after `after`.

    One step in the index for each domain that is known, however many accounts it has.
    """

    def next_after(name: Any) -> Any:
        other = aliased(Account)
        return select(other.domain).where(other.domain > name).order_by(other.domain).limit(1).scalar_subquery()

    known = select(next_after(after).label("name")).cte("known", recursive=True)
    known = known.union_all(select(next_after(known.c.name)).where(known.c.name.is_not(None)))
    names = await reader.scalars(select(known.c.name).where(known.c.name.contains(domain, autoescape=True)))
    return [name for name in names if is_subdomain_of(name, domain)]


async def list_follow_pairs(reader: Reader, account_ids: Sequence[int], *, limit: int) -> list[FollowPair]:
    """Return some pairs between which there is a follow or request, for the given remote accounts."""
    pairs: set[tuple[int, int]] = set()
    for theirs, ours in ((Follow.follower_id, Follow.followee_id), (Follow.followee_id, Follow.follower_id)):
        if len(pairs) < limit:
            some = select(theirs, ours).where(theirs.in_(account_ids)).limit(limit)
            pairs |= {(row[0], row[1]) for row in await reader.execute(some)}
    return await list_pairs(reader, sorted(pairs)[:limit])
