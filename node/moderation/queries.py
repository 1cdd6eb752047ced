"""Every SELECT over domain policies and the log of decisions."""

from dataclasses import dataclass

from sqlalchemy import bindparam, select

from federation.errors import EgressRefused
from federation.origins import host_of
from node.accounts.models import Account
from node.accounts.rules import domain_and_parents
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime, before_each_hop
from node.base.settings import Settings
from node.follows.models import Follow
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
    names = domain_and_parents(domain)
    rows = {row.domain: row for row in await reader.scalars(select(DomainPolicy).where(DomainPolicy.domain.in_(names)))}
    return next((rows[name] for name in names if name in rows), None)


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


async def list_candidates(reader: Reader, domain: str, *, after_id: int, limit: int) -> list[tuple[int, str, str]]:
    """Return (id, uri, handle domain) of remote accounts that may be of `domain`; the caller looks closer.

    Wide on purpose: subdomains and ports are told apart by parsing, not by patterns (attack row 22).
    """
    rows = await reader.execute(
        select(Account.id, Account.uri, Account.domain)
        .where(
            Account.domain != "",
            Account.id > after_id,
            Account.domain.contains(domain, autoescape=True) | Account.uri.contains(domain, autoescape=True),
        )
        .order_by(Account.id)
        .limit(limit)
    )
    return [(id_, uri, handle_domain) for id_, uri, handle_domain in rows]


@dataclass(frozen=True, slots=True)
class FollowPair:
    """A remote account and another one, and which follows hold between them: requests are none."""

    theirs: int
    ours: int
    follows_us: bool
    followed_by_us: bool


async def list_follow_pairs(reader: Reader, account_ids: list[int]) -> list[FollowPair]:
    """Return the pairs between which there is a follow or request, for the given remote accounts."""
    out = await reader.execute(
        select(Follow.follower_id, Follow.followee_id, Follow.accepted_at).where(Follow.follower_id.in_(account_ids))
    )
    back = await reader.execute(
        select(Follow.followee_id, Follow.follower_id, Follow.accepted_at).where(Follow.followee_id.in_(account_ids))
    )
    follows_us = {(theirs, ours): accepted is not None for theirs, ours, accepted in out.all()}
    followed = {(theirs, ours): accepted is not None for theirs, ours, accepted in back.all()}
    pairs = sorted(follows_us.keys() | followed.keys())
    return [FollowPair(*pair, follows_us.get(pair, False), followed.get(pair, False)) for pair in pairs]
