"""What a domain's policy says of a host, and who may moderate whom. Pure.

The closest policy decides: "allow" for `good.isp.test` lifts a suspension of `isp.test` (MOD-2).
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from node.accounts.rules import domain_and_parents
from node.base.settings import Settings

Severity = Literal["allow", "noop", "silence", "suspend"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

ACTIONS = (
    *("approve", "reject", "suspend", "unsuspend", "silence", "unsilence"),
    *("sensitive", "unsensitive", "disable", "enable", "delete"),
)
"""What can be done to an account. `reject` deletes who waits for approval; `sensitive` covers all media of the account;
`disable` lets the person in no more and leaves what they wrote."""

_RANKS = {"user": 0, "moderator": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Policy:
    """What this node does with a domain and everything below it."""

    domain: str
    severity: str
    reject_media: bool = False
    reject_reports: bool = False


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Every policy of the node at one moment. `listed_only`: nobody is spoken with but who has a rule that is no
    suspension (fetch mode "allowlist"); `own` domains never need one."""

    policies: Mapping[str, Policy]
    listed_only: bool = False
    own: frozenset[str] = frozenset()

    def find(self, host: str) -> Policy | None:
        """Return the policy that reaches `host` (`name`, or `name:port`), or None."""
        return next((self.policies[name] for name in domain_and_parents(host) if name in self.policies), None)

    def is_suspended(self, host: str) -> bool:
        """Whether nothing comes from or goes to `host`."""
        policy = self.find(host)
        if policy is None:
            return self.listed_only and host not in self.own
        return policy.severity == "suspend"

    def is_silenced(self, host: str) -> bool:
        """Whether what `host` says is kept from people who did not ask for it."""
        policy = self.find(host)
        return policy is not None and policy.severity == "silence"

    def rejects_media(self, host: str) -> bool:
        """Whether media of `host` are never fetched."""
        policy = self.find(host)
        return self.is_suspended(host) or (policy is not None and policy.reject_media)


def book_of(policies: Iterable[Policy], settings: Settings) -> PolicyBook:
    """Return policies as this node goes by them."""
    return PolicyBook(
        {policy.domain: policy for policy in policies},
        listed_only=settings.fetch_mode == "allowlist",
        own=settings.local_domains,
    )


def obfuscated(domain: str) -> str:
    """Return a domain for the public list so that those who know it can tell it and nobody can look it up."""
    shown = max(1, len(domain) // 5)
    return "".join(
        letter if letter == "." or place < shown or place >= len(domain) - shown else "*"
        for place, letter in enumerate(domain)
    )


def may_moderate(actor_role: str, target_role: str) -> bool:
    """Whether one role may act on another: staff on those below them, an admin on everybody (attack row 91)."""
    actor, target = _RANKS.get(actor_role, 0), _RANKS.get(target_role, 0)
    return actor >= 1 and (actor > target or actor_role == "admin")


def policy_id(domain: str) -> int:
    """Return the id by which apps know a domain's policy: 62 bits of its name's SHA-256, the same on every node."""
    return int.from_bytes(hashlib.sha256(domain.encode()).digest()[:8], "big") >> 2
