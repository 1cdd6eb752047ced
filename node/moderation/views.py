"""Domain policies and accounts in the shape of Mastodon's API: for anybody (MOD-2), and for moderators."""

import hashlib
from collections.abc import Sequence
from typing import Any

from node.accounts.views import account_view, role_view
from node.base.clock import time_word
from node.base.settings import Settings
from node.moderation.account_queries import AccountRow, SeenFrom
from node.moderation.models import DomainPolicy
from node.moderation.rules import obfuscated, policy_id


def domain_block_view(policy: DomainPolicy) -> dict[str, Any]:
    """Return a DomainBlock. Whoever knows the whole name can tell by the digest that it is the one."""
    return {
        "domain": obfuscated(policy.domain) if policy.obfuscate else policy.domain,
        "digest": hashlib.sha256(policy.domain.encode()).hexdigest(),
        "severity": policy.severity,
        "comment": policy.public_comment,
    }


def admin_domain_block_view(policy: DomainPolicy) -> dict[str, Any]:
    """Return an Admin::DomainBlock: all there is to know of it."""
    return {
        **admin_domain_allow_view(policy),
        "digest": hashlib.sha256(policy.domain.encode()).hexdigest(),
        "severity": policy.severity,
        "reject_media": policy.reject_media,
        "reject_reports": policy.reject_reports,
        "private_comment": policy.private_comment or None,
        "public_comment": policy.public_comment or None,
        "obfuscate": policy.obfuscate,
    }


def admin_domain_allow_view(policy: DomainPolicy) -> dict[str, Any]:
    """Return an Admin::DomainAllow."""
    return {
        "id": str(policy_id(policy.domain)),
        "domain": policy.domain,
        "created_at": time_word(policy.created_at),
    }


def admin_account_view(row: AccountRow, *, seen_from: Sequence[SeenFrom], settings: Settings) -> dict[str, Any]:
    """Return an Admin::Account: the account with what only moderators see."""
    account, user = row.account, row.user
    addresses = [{"ip": seen.address, "used_at": time_word(seen.used_at)} for seen in seen_from]
    return {
        "id": str(account.id),
        "username": account.username,
        "domain": account.domain or None,
        "created_at": time_word(account.created_at),
        "email": user.email if user else None,
        "ip": addresses[0]["ip"] if addresses else None,
        "ips": addresses,
        "role": role_view(user.role) if user else None,
        "confirmed": user.confirmed_at is not None if user else None,
        "approved": user.approved_at is not None if user else None,
        "disabled": user.disabled_at is not None if user else None,
        "silenced": account.silenced_at is not None,
        "suspended": account.suspended_at is not None,
        "sensitized": account.sensitised_at is not None,
        "locale": user.locale if user else None,
        "invite_request": (user.sign_up_reason or None) if user else None,
        "account": account_view(account, settings=settings),
    }
