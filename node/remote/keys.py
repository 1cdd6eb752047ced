"""Public keys of remote actors: known ones at once, unknown or changed ones fetched within narrow limits.

A key is looked for in this process, then in the database, then at its owner's (SIG-14). Whoever can make us
fetch can also make us fetch in vain, so (SIG-15, rows 14 and 15):

* a key is refetched at most once in five minutes, whoever asks;
* a sender whose key could not be had gets no second fetch for five minutes (more from networks that
  `insecure_peers` lets in, where a whole test network shares one address, and for the proofs that a host brings,
  which are of many others' keys);
* a host's keys are fetched at most 60 times a minute.

A changed key is no error: hosts rotate keys without notice, and follows survive it (blind key rotation).
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from federation.discovery import ResolvedKey, find_key
from federation.errors import EgressRefused, FederationError, FetchGone, KeyUnavailable
from federation.keys import PublicKey, load_public_key
from federation.origins import host_of, without_fragment
from node.accounts.models import Account
from node.accounts.queries import find_account, list_keys
from node.accounts.queries import find_key as find_stored_key
from node.base.runtime import Runtime
from node.events import FollowRequested
from node.remote.actors import forget_gone, is_own, store_actor
from node.remote.documents import require_allowed, signer_for
from node.remote.errors import FetchLimited, is_passing
from node.remote.memory import memory_of
from node.remote.queries import list_local_follows_of

REFRESH_EVERY: Final = timedelta(minutes=5)
FAILING_FETCHES: Final = 1
LENIENT_FAILING_FETCHES: Final = 30
FETCHES_PER_HOST: Final = 60

_KEY_LIFE: Final = timedelta(seconds=60)
_HOST_WINDOW: Final = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _LastTry:
    reason: str
    is_passing: bool


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key and whose it is."""

    key_id: str
    owner_uri: str
    public_key: PublicKey


async def find_known_key(runtime: Runtime, key_id: str, *, newest: bool = False) -> KnownKey | None:
    """Return a key we have, without any fetch; `newest` looks past this process's memory into the database."""
    memory, now = memory_of(runtime), runtime.now()
    if not newest:
        held = memory.keys.get(key_id, now)
        if isinstance(held, KnownKey):
            return held
    async with runtime.read() as reader:
        row = await find_stored_key(reader, key_id)
        owner = await find_account(reader, row.account_id) if row is not None else None
    if row is None or owner is None or owner.is_local or owner.deleted_at is not None:
        return None
    try:
        known = KnownKey(key_id, owner.uri, load_public_key(row.public_pem))
    except KeyUnavailable:
        return None
    memory.keys.put(key_id, known, until=now + _KEY_LIFE)
    return known


async def fetch_key(runtime: Runtime, key_id: str, *, source: str = "", refresh: bool = False) -> KnownKey:
    """Fetch a key from its owner and keep both; `source` is the address of whoever makes us do it.

    `refresh`: we have a key of this id and a signature did not fit it. KeyUnavailable (`refetch_limited` within
    five minutes of the last try), FetchLimited, and what the client raises. A 410 for an actor we know deletes it
    here (SIG-16).
    """
    memory, now = memory_of(runtime), runtime.now()
    if is_own(runtime, key_id):
        raise KeyUnavailable("own_host", "a key of ours cannot sign what comes to us")
    await require_allowed(runtime, key_id)
    last = memory.failures.get(f"key {key_id}", now)
    if isinstance(last, _LastTry):
        if last.is_passing:
            raise FetchLimited("peer_away", f"{key_id[:200]} could not be had: {last.reason}", retry_after=300)
        raise KeyUnavailable("refetch_limited", f"{key_id[:200]} was asked for a moment ago: {last.reason}")
    if memory.windows.used(("source", source), now) >= _allowance(runtime, source):
        raise FetchLimited("source_limited", f"{source} made us fetch in vain", retry_after=300)
    if memory.windows.add(("host", host_of(key_id)), now, _HOST_WINDOW) > FETCHES_PER_HOST:
        raise FetchLimited("host_limited", f"too many keys of {host_of(key_id)} at once", retry_after=60)
    try:
        known = await memory.flights.join(("key", key_id), lambda: _fetch(runtime, key_id))
    except FederationError as error:
        passing = is_passing(error)
        memory.failures.put(f"key {key_id}", _LastTry(error.reason, passing), until=now + REFRESH_EVERY)
        if source and not isinstance(error, EgressRefused):
            memory.windows.add(("source", source), now, REFRESH_EVERY)
        raise
    if refresh:
        # From here on a signature that still does not fit is the sender's fault, not a rotation.
        memory.failures.put(f"key {key_id}", _LastTry("just fetched", False), until=now + REFRESH_EVERY)
    return known


async def _fetch(runtime: Runtime, key_id: str) -> KnownKey:
    try:
        found = await find_key(runtime.http, key_id, signer=await signer_for(runtime))
    except FetchGone as error:
        if error.status == 410:
            await forget_gone(runtime, without_fragment(key_id))
        raise
    await require_allowed(runtime, found.actor.id)
    await _keep(runtime, found)
    known = KnownKey(key_id, found.actor.id, found.public_key)
    memory_of(runtime).keys.put(key_id, known, until=runtime.now() + _KEY_LIFE)
    return known


async def _keep(runtime: Runtime, found: ResolvedKey) -> None:
    async with runtime.read() as reader:
        before = await find_stored_key(reader, found.key.id)
        held = {row.public_pem for row in await list_keys(reader, before.account_id)} if before else set()
    account = await store_actor(runtime, found.actor)
    async with runtime.read() as reader:
        row = await find_stored_key(reader, found.key.id)
        if row is None or row.account_id != account.id:
            raise KeyUnavailable("key_taken", f"another actor holds the key {found.key.id[:200]}")  # row 13
        after = {key.public_pem for key in await list_keys(reader, account.id)}
    if held and not held & after:
        log.warning("all_keys_changed", actor=account.uri)
        await _ask_again(runtime, account)


async def _ask_again(runtime: Runtime, account: Account) -> None:
    """Send our follows of an actor once more: whoever replaced every key may be a host that lost its data."""
    async with runtime.write() as uow:
        for follow in await list_local_follows_of(uow, account.id, limit=1000):
            await uow.record(FollowRequested(follow.id, follow.follower_id, follow.followee_id))


def _allowance(runtime: Runtime, source: str) -> int:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return LENIENT_FAILING_FETCHES  # no address: our own work, or a host that brings what others proved
    insecure = any(address in network for network in runtime.settings.insecure_peers)
    return LENIENT_FAILING_FETCHES if insecure else FAILING_FETCHES
