"""What deliveries to followers say of them (COL-9): each host's digest of an author's followers there.

Only the hosts that are delivered to are looked at, and a digest is kept in the process until the author gains or loses
a follower at that host: who has a hundred thousand of them all over the world gains one with nearly every delivery.
"""

from collections.abc import Collection
from typing import Final

from federation.followers_sync import FollowersClaim, followers_digest, write_claim
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.follows.queries import list_follower_uris, list_followers_versions
from node.uris import followers_sync_uri, followers_uri

_KEPT, _SECONDS = 10_000, 3_600.0
_NOBODY: Final = followers_digest(())


async def read_claims(runtime: Runtime, wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return the headers of deliveries, by author and host."""
    hosts: dict[int, set[str]] = {}
    for account_id, host in wanted:
        hosts.setdefault(account_id, set()).add(host)
    claims: dict[tuple[int, str], str] = {}
    async with runtime.read() as reader:
        for account_id, theirs in hosts.items():
            digests = await _digests(runtime, reader, account_id, theirs)
            collection = followers_uri(runtime.settings, account_id)
            url = followers_sync_uri(runtime.settings, account_id)
            for host in theirs:
                claim = FollowersClaim(collection, url, digests.get(host, _NOBODY))
                claims[account_id, host] = write_claim(claim)
    return claims


async def _digests(runtime: Runtime, reader: Reader, account_id: int, hosts: Collection[str]) -> dict[str, str]:
    """Return the digests of hosts that have followers of an account."""
    versions = await list_followers_versions(reader, account_id, hosts)
    cache = runtime.caches.get("followers_digests", size=_KEPT, seconds=_SECONDS)
    found, absent = cache.get_many([(account_id, host, *version) for host, version in versions.items()])
    digests = {key[1]: digest for key, digest in found.items()}
    if absent:
        uris: dict[str, list[str]] = {key[1]: [] for key in absent}
        for host, uri in await list_follower_uris(reader, account_id, uris):
            uris[host].append(uri)
        for key in absent:
            digests[key[1]] = followers_digest(uris[key[1]])
            cache.put(key, digests[key[1]])
    return digests
