"""Domain policies in the shape of Mastodon's API: what anybody may see of them (MOD-2)."""

import hashlib
from typing import Any

from node.moderation.models import DomainPolicy
from node.moderation.rules import obfuscated


def domain_block_view(policy: DomainPolicy) -> dict[str, Any]:
    """Return a DomainBlock. Whoever knows the whole name can tell by the digest that it is the one."""
    return {
        "domain": obfuscated(policy.domain) if policy.obfuscate else policy.domain,
        "digest": hashlib.sha256(policy.domain.encode()).hexdigest(),
        "severity": policy.severity,
        "comment": policy.public_comment,
    }
