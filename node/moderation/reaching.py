"""What a domain's policy does to the accounts that are known of it: marks, and the end of follows.

A large server has a hundred thousand accounts here and as many follows, and whoever publishes waits for each
transaction. So the decision marks the first accounts itself, and goes on piece by piece as the effect of events
(`outbox/effects/domains.py`). Each piece goes by the policies as they are by then, so that it does not matter which of
two decisions comes to its end first. What comes from the domain meanwhile is refused from the decision on.

A policy marks accounts with the very moment it was made, so that lifting it frees those and not the ones an operator
had suspended one by one.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import update

from federation.origins import host_of, is_subdomain_of
from node.accounts.models import Account
from node.base.db.unit_of_work import UnitOfWork
from node.events import DomainPolicyChanged, FollowsSevered
from node.follows.service import sever
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
PAIRS: Final = 20
"""Pairs between which follows are ended in one transaction: each takes a millisecond."""

_MARKS: Final = {"suspend": Account.suspended_at, "silence": Account.silenced_at}


async def reach(uow: UnitOfWork, event: DomainPolicyChanged) -> None:
    """Do a piece from where the event says, and record the event from where to go on, if there is more."""
    at, after, looked, ended = event.at, event.after, 0, 0
    names: list[str] | None = None
    while looked < ACCOUNTS:
        limit = ACCOUNTS - looked
        if at:
            found = await list_accounts_at(uow, at, after_id=int(after or 0), limit=limit)
        else:
            found = await list_split_accounts(uow, event.domain, after_uri=after, limit=limit)
        ended += await _settle(uow, event, found, pairs=PAIRS - ended)
        if ended == PAIRS:
            break
        looked += len(found)
        if len(found) == limit:
            after = str(found[-1].id) if at else found[-1].uri
            continue
        if names is None:
            names = await list_known_domains(uow, event.domain, after=at)
        if not names:
            return
        at, after = names.pop(0), ""
    await uow.record(DomainPolicyChanged(event.domain, event.was, at, after))


async def _settle(uow: UnitOfWork, event: DomainPolicyChanged, accounts: Iterable[KnownAccount], *, pairs: int) -> int:
    """Give accounts the marks that the policies over them give, and end follows between as many pairs at most; return
    between how many."""
    over: dict[str, Sequence[DomainPolicy]] = {}
    reached: dict[frozenset[str], list[int]] = {}
    for account in accounts:
        hosts = frozenset({host_of(account.uri), account.domain})
        if any(is_subdomain_of(host, event.domain) for host in hosts):
            reached.setdefault(hosts, []).append(account.id)
    barred: list[int] = []
    for hosts, ids in reached.items():
        for host in hosts:
            if host not in over:
                over[host] = await list_policies_over(uow, host)
        closest = [over[host][0] for host in hosts if over[host]]
        moments = {policy.created_at for host in hosts for policy in over[host]}
        if event.was:
            moments.add(datetime.fromisoformat(event.was))
        for severity in _MARKS:
            since = [policy.created_at for policy in closest if policy.severity == severity]
            await _mark(uow, ids, severity, since, moments.difference(since))
            barred += ids if since and severity == "suspend" else []
    return await _sever(uow, event.domain, barred, limit=pairs) if barred else 0


async def _mark(
    uow: UnitOfWork, ids: Sequence[int], severity: str, since: Sequence[datetime], lifted: Collection[datetime]
) -> None:
    column = _MARKS[severity]
    if lifted:
        await uow.write(
            update(Account)
            .where(Account.id.in_(ids), column.in_(lifted))
            .values({column: None, Account.version: Account.version + 1})
        )
    if since:
        await uow.write(
            update(Account)
            .where(Account.id.in_(ids), column.is_(None))
            .values({column: min(since), Account.version: Account.version + 1})
        )


async def _sever(uow: UnitOfWork, domain: str, account_ids: Sequence[int], *, limit: int) -> int:
    """End follows with these accounts, and let ours know; return between how many pairs."""
    ended: dict[int, list[int]] = {}
    pairs = await list_follow_pairs(uow, account_ids, limit=limit)
    for pair in pairs:
        await sever(uow, pair.ours, pair.theirs)
        counts = ended.setdefault(pair.ours, [0, 0])
        counts[0] += pair.follows_us
        counts[1] += pair.followed_by_us
    for account_id, (followers, following) in ended.items():
        if followers or following:
            await uow.record(FollowsSevered(account_id, "domain_block", domain, followers, following))
    return len(pairs)
