"""Use cases of moderation: what this node does with a domain, and with an account in somebody's name. All are logged.

What a domain's policy does to the accounts of that domain is done by `reaching.py`.
"""

from datetime import datetime

from sqlalchemy import delete

from federation.errors import MalformedDocument
from federation.origins import is_subdomain_of, normalise_domain
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
from node.events import DomainPolicyChanged
from node.moderation.models import DomainPolicy, ModerationEntry
from node.moderation.queries import find_exact_policy
from node.moderation.reaching import reach
from node.moderation.rules import ACTIONS, SEVERITIES, may_moderate

MAX_COMMENT = 2_000


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

    "suspend" hides its accounts and ends every follow with them, of a large domain piece by piece soon after; "silence"
    keeps them from people who did not ask; "noop" limits nobody and carries only what is rejected of them; "allow" lets
    in where only a list is let in.
    Raises Invalid for what is no domain, for our own, and for an unknown severity.
    """
    domain = checked_domain(settings, domain)
    if severity not in SEVERITIES:
        raise Invalid(fields={"severity": [f"must be one of: {', '.join(SEVERITIES)}"]})
    if max(len(public_comment), len(private_comment)) > MAX_COMMENT:
        raise Invalid(fields={"comment": [f"is too long (at most {MAX_COMMENT} characters)"]})
    policy = await find_exact_policy(uow, domain)
    was = "" if policy is None else policy.created_at.isoformat()
    if policy is None:
        policy = DomainPolicy(domain=domain, severity=severity, created_at=now)
        uow.add(policy)
    policy.severity, policy.created_at = severity, now
    policy.reject_media, policy.reject_reports, policy.obfuscate = reject_media, reject_reports, obfuscate
    policy.public_comment, policy.private_comment = public_comment.strip(), private_comment.strip()
    await uow.flush()
    await reach(uow, DomainPolicyChanged(domain, was))
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
    was = policy.created_at.isoformat()
    await uow.write(delete(DomainPolicy).where(DomainPolicy.domain == domain))
    await reach(uow, DomainPolicyChanged(domain, was))
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
