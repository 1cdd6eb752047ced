"""What a domain's policy does to the accounts that are known of it: marks, and the end of follows.

A large server has a hundred thousand accounts here and as many follows, and whoever publishes waits for each
transaction. So the decision marks the first accounts itself, and goes on piece by piece as the effect of events
(`outbox/effects/domains.py`). Each piece goes by the policies as they are by then, so that it does not matter which of
two decisions comes to its end first. What comes from the domain meanwhile is refused from the decision on.

A policy marks accounts with the very moment it was made, so that lifting it frees those and not the ones an operator
had suspended one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import update

from federation.origins import host_of, is_subdomain_of
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.events import DomainPolicyChanged
from node.follows.service import PAIRS, sever_pairs
from node.moderation.models import DomainPolicy
from node.moderation.queries import (
    KnownAccount,
    list_accounts_at,
    list_follow_pairs,
    list_known_domains,
    list_policies_over,
    list_split_accounts,
)

ACCOUNTS: Final = 200
"""Accounts that are looked at in one transaction."""

_MARKS: Final = {"suspend": Account.suspended_at, "silence": Account.silenced_at}


async def reach(uow: UnitOfWork, event: DomainPolicyChanged) -> None:
    """Do a piece from where the event says, and record the event from where to go on, if there is more.

    All accounts are marked first, which hides them; then the follows with them are ended.
    """
    going_on = await _walk(uow, event)
    over = await list_policies_over(uow, event.domain)
    if going_on is None and not event.ending and over and over[0].severity == "suspend":
        going_on = await _walk(uow, DomainPolicyChanged(event.domain, event.was, ending=True))
    if going_on is not None:
        await uow.record(going_on)


async def _walk(uow: UnitOfWork, event: DomainPolicyChanged) -> DomainPolicyChanged | None:
    """Do a piece; return from where to go on, None at the end."""
    at, after, looked, ended = event.at, event.after, 0, 0
    names: list[str] | None = None
    while looked < ACCOUNTS:
        limit = ACCOUNTS - looked
        if at:
            found = await list_accounts_at(uow, at, after_id=int(after or 0), limit=limit)
        else:
            found = await list_split_accounts(uow, event.domain, after_uri=after, limit=limit)
        for reached in await _reached_of(uow, event.domain, found):
            if event.ending:
                ended += await _sever(uow, event.domain, reached, limit=PAIRS - ended)
            else:
                await _mark(uow, reached, datetime.fromisoformat(event.was) if event.was else None)
            if ended == PAIRS:
                return replace(event, at=at, after=after)
        looked += len(found)
        if len(found) == limit:
            after = str(found[-1].id) if at else found[-1].uri
            continue
        if names is None:
            names = await list_known_domains(uow, event.domain, after=at)
        if not names:
            return None
        at, after = names.pop(0), ""
    return replace(event, at=at, after=after)


@dataclass(frozen=True, slots=True)
class _Reached:
    """Accounts of the same host and handle domain, and the policies over these: the closest of each, and all."""

    ids: Sequence[int]
    closest: Sequence[DomainPolicy]
    all: Sequence[DomainPolicy]


async def _reached_of(uow: UnitOfWork, domain: str, accounts: Iterable[KnownAccount]) -> list[_Reached]:
    """Return how those of the accounts stand that a policy for the domain reaches."""
    alike: dict[frozenset[str], list[int]] = {}
    for account in accounts:
        hosts = frozenset({host_of(account.uri), account.domain})
        if any(is_subdomain_of(host, domain) for host in hosts):
            alike.setdefault(hosts, []).append(account.id)
    found = []
    for hosts, ids in alike.items():
        over = [await list_policies_over(uow, host) for host in hosts]
        found.append(_Reached(ids, [each[0] for each in over if each], [policy for each in over for policy in each]))
    return found


async def _mark(uow: UnitOfWork, reached: _Reached, was: datetime | None) -> None:
    """Give accounts the marks of the closest policies, and take those of all others and of an earlier one away."""
    moments = {policy.created_at for policy in reached.all} | ({was} if was is not None else set())
    for severity, column in _MARKS.items():
        since = [policy.created_at for policy in reached.closest if policy.severity == severity]
        version = {Account.version: Account.version + 1}
        if lifted := moments.difference(since):
            lifting = update(Account).where(Account.id.in_(reached.ids), column.in_(lifted))
            await uow.write(lifting.values({column: None} | version))
        if since:
            marking = update(Account).where(Account.id.in_(reached.ids), column.is_(None))
            await uow.write(marking.values({column: min(since)} | version))


async def _sever(uow: UnitOfWork, domain: str, reached: _Reached, *, limit: int) -> int:
    """End follows with these accounts where they are suspended, and let ours know; return between how many pairs."""
    if all(policy.severity != "suspend" for policy in reached.closest):
        return 0
    pairs = await list_follow_pairs(uow, reached.ids, limit=limit)
    await sever_pairs(uow, pairs, kind="domain_block", domain=domain)
    return len(pairs)
