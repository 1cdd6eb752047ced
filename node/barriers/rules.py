"""What counts as one mailbox, and what the blocks of an address add up to. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, get_args

from node.base.errors import Invalid

Network = IPv4Network | IPv6Network
Severity = Literal["sign_up_requires_approval", "sign_up_block", "no_access"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""Mastodon's words, from mild to hard."""
MAX_COMMENT: Final = 2_000
WIDEST: Final = {4: 8, 6: 16}
"""Shortest prefixes that may be blocked: a slip must not lock everybody out."""

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """What is done with requests from a network."""

    network: Network
    severity: str


def email_hash(email: str) -> str:
    """Return what stands for a mailbox: the SHA-256 of the address in lower case, without dots and `+tag` (row 101)."""
    local, _, domain = email.strip().lower().rpartition("@")
    mailbox = f"{local.partition('+')[0].replace('.', '')}@{domain}"
    return hashlib.sha256(mailbox.encode()).hexdigest()


def checked_hash(value: str) -> str:
    """Return a hash as it is stored. Raises Invalid."""
    folded = value.strip().lower()
    if not _HASH.fullmatch(folded):
        raise Invalid(fields={"canonical_email_hash": ["Canonical email hash must be 64 hexadecimal digits"]})
    return folded


def checked_network(value: str) -> str:
    """Return an address or network as it is stored. Raises Invalid for what is none and for what is too wide."""
    try:
        network = ip_network(value.strip(), strict=False)
    except ValueError:
        raise Invalid(fields={"ip": ["Ip must be an address or a network, such as 192.0.2.0/24"]}) from None
    if network.prefixlen < WIDEST[network.version]:
        raise Invalid(fields={"ip": [f"Ip is too wide: at least /{WIDEST[network.version]}"]})
    return str(network)


def hardest(rules: Iterable[NetworkRule], address: str) -> str:
    """Return the hardest severity that reaches an address, "" for none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:  # a unix socket: nobody's network
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    reaching = [rule.severity for rule in rules if rule.network.version == found.version and found in rule.network]
    return max(reaching, key=lambda severity: SEVERITIES.index(severity), default="")


def network_around(address: str) -> str:
    """Return the network of somebody's neighbourhood, a /24 or a /48; "" for what tells nothing, as our own proxy's."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if not found.is_global:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))
