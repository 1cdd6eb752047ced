"""Remote actors: from an id or a handle to an `Account`, fetched when unknown or stale.

The database comes first. A fetch is signed, shared by all who want it, checked by `federation`, and ends in
`upsert_remote_account`; the handle is confirmed both ways before it is shown (DISC-4), at most once a day
unless the actor takes another name. Identity is the id.
"""

from datetime import datetime, timedelta
from typing import Final

from federation.discovery import find_actor_by_handle, verify_handle
from federation.errors import DiscoveryFailed, EgressRefused, FederationError, FetchFailed, FetchGone, OriginMismatch
from federation.origins import Handle, host_of, parse_handle
from federation.parsing import RemoteActor, parse_actor
from node.accounts.models import Account
from node.accounts.queries import find_account_by_handle, find_account_by_uri, find_local_account
from node.accounts.service import mark_remote_gone, upsert_remote_account
from node.base.errors import Forbidden
from node.base.runtime import Runtime
from node.remote.documents import fetch_document, forget_failure, guarded, require_allowed, signer_for
from node.remote.memory import memory_of

STALE: Final = timedelta(days=7)
_HANDLE_LIFE: Final = timedelta(days=1)


async def fetch_actor(runtime: Runtime, uri: str, *, force: bool = False) -> Account:
    """Return the actor with this id, fetching it when it is unknown, stale (7 days, ACT-6) or `force` is set.

    A stale one that cannot be fetched is returned as it stands; one that is gone here is never fetched again.
    Raises FederationError.
    """
    async with runtime.read() as reader:
        known = await find_account_by_uri(reader, uri)
    if known is not None and (known.is_local or known.deleted_at is not None):
        return known
    if is_own(runtime, uri):
        raise DiscoveryFailed("not_found", f"{uri[:200]} is nobody here")
    if known is not None and not force and not is_stale(known, runtime.now()):
        return known
    if force:
        forget_failure(runtime, ("document", uri, None))
    try:
        return await memory_of(runtime).flights.join(("actor", uri), lambda: _fetch_and_store(runtime, uri))
    except FetchFailed as error:
        if known is None or force or isinstance(error, FetchGone):
            raise
        return known


async def resolve_handle(runtime: Runtime, handle: Handle | str) -> Account | None:
    """Return the account behind `user@domain`, asking its server when it is unknown; None when there is none."""
    try:
        asked = parse_handle(handle) if isinstance(handle, str) else handle
    except FederationError:
        return None
    settings = runtime.settings
    async with runtime.read() as reader:
        if asked.domain is None or asked.domain in settings.local_domains:
            return await find_local_account(reader, asked.username)
        known = await find_account_by_handle(reader, asked.username, asked.domain)
    if known is not None and not is_stale(known, runtime.now()):
        return known
    name = f"{asked.username.lower()}@{asked.domain}"
    try:
        url = await runtime.http.base_url_for(asked.domain)
        return await guarded(runtime, ("handle", name), url, lambda: _discover(runtime, asked))
    except FederationError:
        return known


async def store_actor(runtime: Runtime, actor: RemoteActor) -> Account:
    """Confirm the handle of a freshly fetched actor and keep both. Raises FederationError."""
    now = runtime.now()
    async with runtime.read() as reader:
        known = await find_account_by_uri(reader, actor.id)
    return await _keep(runtime, actor, await _confirmed_handle(runtime, actor, known, now))


def is_own(runtime: Runtime, uri: str) -> bool:
    """Say whether an id is of this node's own origin."""
    try:
        return host_of(uri) == runtime.settings.web_host
    except FederationError:
        return False


def is_stale(account: Account, now: datetime) -> bool:
    """Say whether a remote account was last fetched longer ago than `STALE`."""
    return not account.is_local and (account.fetched_at is None or account.fetched_at < now - STALE)


async def _fetch_and_store(runtime: Runtime, uri: str) -> Account:
    try:
        fetched = await fetch_document(runtime, uri)
    except FetchGone as error:
        if error.status == 410:
            await forget_gone(runtime, uri)
        raise
    actor = parse_actor(fetched.document)
    if actor.id != uri:
        raise OriginMismatch("id_mismatch", f"asked for the actor {uri[:200]}, got {actor.id[:200]}")
    return await store_actor(runtime, actor)


async def forget_gone(runtime: Runtime, uri: str) -> None:
    """Delete here what its own server says is gone for good (SIG-16): an actor we know, and its posts."""
    async with runtime.write() as uow:
        known = await find_account_by_uri(uow, uri)
        if known is not None and not known.is_local and known.deleted_at is None:
            await mark_remote_gone(uow, known.id)


async def _discover(runtime: Runtime, asked: Handle) -> Account:
    found = await find_actor_by_handle(runtime.http, asked, signer=await signer_for(runtime))
    await require_allowed(runtime, found.actor.id)
    if is_own(runtime, found.actor.id):
        raise DiscoveryFailed("handle_mismatch", f"{asked} points back at us")
    return await _keep(runtime, found.actor, found.handle)


async def _keep(runtime: Runtime, actor: RemoteActor, handle: Handle | None) -> Account:
    try:
        async with runtime.write() as uow:
            return await upsert_remote_account(uow, actor, handle=handle, now=runtime.now())
    except Forbidden as error:
        raise EgressRefused("actor_refused", f"{actor.id[:200]}: {error.message}") from error


async def _confirmed_handle(
    runtime: Runtime, actor: RemoteActor, known: Account | None, now: datetime
) -> Handle | None:
    """Return the actor's confirmed handle, or None; a confirmed one holds for a day and through an outage."""
    kept = None
    if known is not None and known.handle_confirmed and known.username.lower() == actor.preferred_username.lower():
        kept = Handle(known.username, known.domain)
        if actor.webfinger is not None and actor.webfinger.lower() != kept.acct.lower():
            kept = None
    if kept is not None and known is not None and known.fetched_at and known.fetched_at > now - _HANDLE_LIFE:
        return kept
    try:
        if actor.webfinger is not None:
            await require_allowed(runtime, f"https://{actor.webfinger.rpartition('@')[2]}/")
        return await verify_handle(runtime.http, actor)
    except FederationError:
        return kept
