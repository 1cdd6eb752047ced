"""Use cases of moderation: what this node does with a domain, and with an account in somebody's name. All are logged.

A domain's policy marks the accounts of that domain with the very moment it was made, so that lifting it frees those
and not the ones an operator had suspended one by one.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from sqlalchemy import delete, update

from federation.errors import MalformedDocument
from federation.origins import host_of, is_subdomain_of, normalise_domain
from node.accounts.models import Account
from node.accounts.queries import get_account
from node.accounts.standing import (
    cover_media,
    delete_account,
    silence_account,
    suspend_account,
    unsuspend_account,
)
from node.auth.queries import find_user
from node.auth.second_step import switch_off_second_step
from node.auth.service import approve_user, lock_out
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Forbidden, Invalid
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import FollowsSevered
from node.follows.service import sever
from node.moderation.models import DomainPolicy, ModerationEntry
from node.moderation.queries import FollowPair, find_exact_policy, find_policy, list_candidates, list_follow_pairs
from node.moderation.rules import ACTIONS, SEVERITIES, may_moderate

MAX_COMMENT = 2_000
BATCH = 500


async def set_domain_policy(
    uow: UnitOfWork,
    settings: Settings,
    domain: str,
    severity: str,
    *,
    reject_media: bool = False,
    reject_reports: bool = False,
    obfuscate: bool = False,
    public_comment: str = "",
    private_comment: str = "",
    actor_id: int | None = None,
    now: datetime,
) -> DomainPolicy:
    """Decide what this node does with a domain and its subdomains (MOD-2); replaces an earlier decision.

    "suspend" hides its accounts and ends every follow with them; "silence" keeps them from people who did not ask;
    "noop" limits nobody and carries only what is rejected of them; "allow" lets in where only a list is let in.
    Raises Invalid for what is no domain, for our own, and for an unknown severity.
    """
    domain = checked_domain(settings, domain)
    if severity not in SEVERITIES:
        raise Invalid(fields={"severity": [f"must be one of: {', '.join(SEVERITIES)}"]})
    if max(len(public_comment), len(private_comment)) > MAX_COMMENT:
        raise Invalid(fields={"comment": [f"is too long (at most {MAX_COMMENT} characters)"]})
    policy = await find_exact_policy(uow, domain)
    if policy is None:
        policy = DomainPolicy(domain=domain, severity=severity, created_at=now)
        uow.add(policy)
    else:
        await _lift(uow, policy)
    policy.severity, policy.created_at = severity, now
    policy.reject_media, policy.reject_reports, policy.obfuscate = reject_media, reject_reports, obfuscate
    policy.public_comment, policy.private_comment = public_comment.strip(), private_comment.strip()
    await uow.flush()
    await _apply(uow, domain)
    await log_decision(
        uow, f"domain.{severity}", target_kind="domain", target=domain, actor_id=actor_id,
        comment=private_comment, now=now,
    )  # fmt: skip
    return policy


async def remove_domain_policy(uow: UnitOfWork, domain: str, *, actor_id: int | None = None, now: datetime) -> bool:
    """Take a decision back; return whether there was one. Follows that it ended stay ended."""
    try:
        domain = normalise_domain(domain.strip().rstrip("."))
    except MalformedDocument:
        return False
    policy = await find_exact_policy(uow, domain)
    if policy is None:
        return False
    await _lift(uow, policy)
    await uow.write(delete(DomainPolicy).where(DomainPolicy.domain == domain))
    await _apply(uow, domain)  # a parent's policy reaches them again
    await log_decision(uow, "domain.clear", target_kind="domain", target=domain, actor_id=actor_id, now=now)
    return True


async def moderate_account(
    uow: UnitOfWork, account_id: int, action: str, *, actor_id: int | None = None, comment: str = "", now: datetime
) -> bool:
    """Do one of `rules.ACTIONS` to an account in an operator's name; return whether it changed anything.

    `actor_id` is None for the command line. Raises Forbidden when the actor's role does not reach the target
    (attack row 91), Invalid for an unknown action.
    """
    await _check_reach(uow, actor_id, account_id)
    if action not in ACTIONS:
        raise Invalid("There is no such action")
    if action == "approve":
        changed = await approve_user(uow, account_id, now=now)
    elif action == "reject":
        changed = await _reject(uow, account_id, now=now)
    elif action == "suspend":
        changed = await suspend_account(uow, account_id, now=now)
    elif action == "unsuspend":
        changed = await unsuspend_account(uow, account_id)
    elif action in ("silence", "unsilence"):
        changed = await silence_account(uow, account_id, silenced=action == "silence", now=now)
    elif action in ("sensitive", "unsensitive"):
        changed = await cover_media(uow, account_id, covered=action == "sensitive", now=now)
    elif action in ("disable", "enable"):
        changed = await lock_out(uow, account_id, locked=action == "disable", now=now)
    else:
        changed = await delete_account(uow, account_id, now=now)
    if changed:
        await log_decision(
            uow, f"account.{action}", target_kind="account", target=str(account_id), actor_id=actor_id,
            comment=comment, now=now,
        )  # fmt: skip
    return changed


async def _reject(uow: UnitOfWork, account_id: int, *, now: datetime) -> bool:
    user = await find_user(uow, account_id)
    if user is None or user.approved_at is not None:
        return False
    return await delete_account(uow, account_id, now=now)


async def moderate_second_step(
    uow: UnitOfWork,
    settings: Settings,
    account_id: int,
    *,
    actor_id: int | None = None,
    comment: str = "",
    now: datetime,
) -> bool:
    """Switch off the second step of somebody who lost everything it takes; return whether there was one.

    Raises Forbidden when the actor's role does not reach them (attack row 91).
    """
    await _check_reach(uow, actor_id, account_id)
    changed = await switch_off_second_step(uow, settings, account_id, now=now)
    if changed:
        await log_decision(
            uow, "account.disable_2fa", target_kind="account", target=str(account_id), actor_id=actor_id,
            comment=comment, now=now,
        )  # fmt: skip
    return changed


async def log_decision(
    uow: UnitOfWork,
    action: str,
    *,
    target_kind: str,
    target: str,
    actor_id: int | None = None,
    comment: str = "",
    now: datetime,
) -> None:
    """Write one decision down."""
    uow.add(
        ModerationEntry(
            id=new_id(),
            actor_id=actor_id,
            action=action,
            target_kind=target_kind,
            target=target,
            comment=comment[:MAX_COMMENT],
            created_at=now,
        )
    )
    await uow.flush()


def checked_domain(settings: Settings, domain: str) -> str:
    """Return a domain as it is stored. Raises Invalid for what is none, and for our own."""
    try:
        normal = normalise_domain(domain.strip().rstrip("."))
    except MalformedDocument:
        raise Invalid(fields={"domain": ["is not a domain"]}) from None
    if any(is_subdomain_of(ours, normal) for ours in settings.local_domains):
        raise Invalid(fields={"domain": ["is our own"]})
    return normal


async def _check_reach(uow: UnitOfWork, actor_id: int | None, target_id: int) -> None:
    await get_account(uow, target_id, include_gone=True)
    if actor_id is None:
        return
    actor, target = await find_user(uow, actor_id), await find_user(uow, target_id)
    target_role = target.role if target is not None else "user"
    if actor is None or actor_id == target_id or not may_moderate(actor.role, target_role):
        raise Forbidden()


async def _lift(uow: UnitOfWork, policy: DomainPolicy) -> None:
    """Free the accounts that this policy marked, and no others."""
    async for batch in _accounts_of(uow, policy.domain):
        for column in (Account.suspended_at, Account.silenced_at):
            await uow.write(
                update(Account)
                .where(Account.id.in_(list(batch)), column == policy.created_at)
                .values({column: None, Account.version: Account.version + 1})
            )


async def _apply(uow: UnitOfWork, domain: str) -> None:
    """Mark the known accounts of a domain as the closest policy of each says, and let ours know what that ends."""
    ended: dict[int, list[int]] = {}
    known: dict[str, DomainPolicy | None] = {}
    async for batch in _accounts_of(uow, domain):
        marks: dict[tuple[str, datetime], list[int]] = {}
        for account_id, hosts in batch.items():
            for host in hosts:
                if host not in known:
                    known[host] = await find_policy(uow, host)
                policy = known[host]
                if policy is not None and policy.severity in ("silence", "suspend"):
                    marks.setdefault((policy.severity, policy.created_at), []).append(account_id)
        for (severity, since), account_ids in marks.items():
            for pair in await _mark(uow, severity, since, account_ids):
                counts = ended.setdefault(pair.ours, [0, 0])
                counts[0] += pair.follows_us
                counts[1] += pair.followed_by_us
    for account_id, (followers, following) in ended.items():
        if followers or following:
            await uow.record(FollowsSevered(account_id, "domain_block", domain, followers, following))


async def _accounts_of(uow: UnitOfWork, domain: str) -> AsyncIterator[dict[int, set[str]]]:
    """Yield the known accounts of a domain and its subdomains in batches: id to host and handle's domain."""
    after_id = 0
    while candidates := await list_candidates(uow, domain, after_id=after_id, limit=BATCH):
        after_id = candidates[-1][0]
        hosts = {id_: {host_of(uri), handle_domain} for id_, uri, handle_domain in candidates}
        yield {id_: both for id_, both in hosts.items() if any(is_subdomain_of(host, domain) for host in both)}


async def _mark(uow: UnitOfWork, severity: str, since: datetime, account_ids: list[int]) -> list[FollowPair]:
    """Mark accounts; return between whom follows were ended by that."""
    column = Account.suspended_at if severity == "suspend" else Account.silenced_at
    await uow.write(
        update(Account)
        .where(Account.id.in_(account_ids), column.is_(None))
        .values({column: since, Account.version: Account.version + 1})
    )
    pairs = await list_follow_pairs(uow, account_ids) if severity == "suspend" else []
    for pair in pairs:
        await sever(uow, pair.ours, pair.theirs)
    return pairs
