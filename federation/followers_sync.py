"""Followers synchronisation (FEP-8fcf): the header on deliveries to followers, and the digest it carries. Pure.

The digest is the XOR of the SHA-256 of each follower's id, so that order does not matter and nobody is named. Sent by
`outbox`, received by `inbox`, acted on by `node.remote.followers_sync`.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from federation.origins import is_http_uri

HEADER: Final = "Collection-Synchronization"
_MAX_HEADER: Final = 2_000
_PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*"([^"\\]*)"\s*(?:,|$)')
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FollowersClaim:
    """What a server says of the followers an actor of its has at ours; `url` is where they are listed."""

    collection: str
    url: str
    digest: str


def followers_digest(uris: Iterable[str]) -> str:
    """Return the digest of some followers, in hex; 64 zeros for none (V-5)."""
    total = 0
    for uri in set(uris):
        total ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return f"{total:064x}"


def write_claim(claim: FollowersClaim) -> str:
    """Write the header (COL-9)."""
    return f'collectionId="{claim.collection}", url="{claim.url}", digest="{claim.digest}"'


def read_claim(value: str | None) -> FollowersClaim | None:
    """Read the header; None when it is absent or not understood (COL-10)."""
    if not value or len(value) > _MAX_HEADER:
        return None
    found: dict[str, str] = {}
    position = 0
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
        position = match.end()
    claim = FollowersClaim(found.get("collectionId", ""), found.get("url", ""), found.get("digest", "").lower())
    if not (is_http_uri(claim.collection) and is_http_uri(claim.url) and _DIGEST.fullmatch(claim.digest)):
        return None
    return claim
