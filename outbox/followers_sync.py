"""What deliveries to followers say of them (COL-9): each host's digest of an author's followers there.

All hosts of an author are reckoned at once and kept in the process until the author gains or loses a follower: a
delivery costs a look into a dictionary.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from federation.followers_sync import FollowersClaim, write_claim
from node.base.runtime import Runtime
from node.follows.queries import followers_version, list_remote_follower_uris
from node.uris import followers_sync_uri, followers_uri
from outbox.recipients import readable_host

_KEPT, _SECONDS = 1_000, 3_600.0
_NOBODY: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Claims:
    """An author's digests, by host."""

    collection: str
    url: str
    digests: Mapping[str, str]

    def of(self, host: str) -> str:
        """Return the header for a delivery to a host."""
        return write_claim(FollowersClaim(self.collection, self.url, self.digests.get(host, _NOBODY)))


async def read_claims(runtime: Runtime, account_ids: Collection[int]) -> dict[int, Claims]:
    """Return what is to be said of these authors' followers."""
    if not account_ids:
        return {}
    cache = runtime.caches.get("followers_digests", size=_KEPT, seconds=_SECONDS)
    found: dict[int, Claims] = {}
    async with runtime.read() as reader:
        for account_id in account_ids:
            version = await followers_version(reader, account_id)
            known = cache.get(account_id)
            if known is None or known[0] != version:
                known = (version, _digests(await list_remote_follower_uris(reader, account_id)))
                cache.put(account_id, known)
            settings = runtime.settings
            found[account_id] = Claims(
                followers_uri(settings, account_id), followers_sync_uri(settings, account_id), known[1]
            )
    return found


def _digests(uris: Collection[str]) -> dict[str, str]:
    totals: dict[str, int] = {}
    for uri in uris:
        host = readable_host(uri)
        if host is not None:
            totals[host] = totals.get(host, 0) ^ int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return {host: f"{total:064x}" for host, total in totals.items()}
