"""Fetching a document for this node: may we ask that host at all, did it fail a moment ago, who signs.

The rules of the wire (INB-5, SIG-20) are the client's; here stand the node's own: domain policy on what is
asked and on what answered (MOD-2), the negative cache (DLV-9), single flight, and the second signature scheme
for hosts that want it (SIG-13). Called by `actors`, `posts`, `keys` and `resolving`.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from federation.answers import FetchedDocument, Validators
from federation.errors import DiscoveryFailed, EgressRefused, FederationError, FetchFailed, FetchGone, FetchRefused
from federation.origins import host_of
from federation.signatures import SigningKey
from node.accounts.keys import instance_signing_key, signing_key
from node.base.runtime import Runtime
from node.moderation.queries import is_suspended_domain
from node.remote.memory import memory_of

T = TypeVar("T")

_GONE_LIFE: Final = timedelta(hours=1)
_FAILURE_LIFE: Final = timedelta(minutes=5)
_NOBODY_LIFE: Final = timedelta(minutes=1)
"""Short: people type a name again when somebody has just signed up there."""


async def fetch_document(runtime: Runtime, uri: str, *, as_account_id: int | None = None) -> FetchedDocument:
    """Fetch a document, signed by the instance actor, or by one of our people who may read it (SIG-18).

    Everybody who asks for the same URI at the same time shares one request. Raises what the client raises;
    EgressRefused with `blocked_domain` for a suspended host, ours or theirs at the end of a redirect.
    """
    return await guarded(
        runtime,
        ("document", uri, as_account_id),
        uri,
        lambda: _fetch(runtime, uri, as_account_id=as_account_id),
    )


async def fetch_newer(runtime: Runtime, uri: str, *, known: Validators) -> FetchedDocument:
    """Fetch a document of which we have the version `known`: FetchUnchanged when it is still that one.

    For callers that come back by a schedule of their own: failures are not remembered here. Raises like
    `fetch_document`.
    """
    await require_allowed(runtime, uri)
    return await _fetch(runtime, uri, as_account_id=None, known=known)


async def guarded(runtime: Runtime, flight: tuple[object, ...], uri: str, work: Callable[[], Awaitable[T]]) -> T:
    """Run `work`, a fetch of `uri`, once for all who want it; fail at once if it failed lately or is blocked.

    404 and 410 are remembered for an hour, other failures for five minutes, a name that leads to nobody for one;
    refusals of our own are not.
    """
    await require_allowed(runtime, uri)
    memory = memory_of(runtime)
    known = memory.failures.get(repr(flight), runtime.now())
    if known is not None:
        assert isinstance(known, FederationError)
        raise _again(known)

    async def remembered() -> T:
        try:
            return await work()
        except (FetchFailed, DiscoveryFailed) as error:
            memory.failures.put(repr(flight), error, until=runtime.now() + _life(error))
            raise

    return await memory.flights.join(flight, remembered)


def forget_failure(runtime: Runtime, flight: tuple[object, ...]) -> None:
    """Let the next fetch go out although the last one failed: somebody has proof that things changed."""
    memory_of(runtime).failures.forget(repr(flight))


async def require_allowed(runtime: Runtime, uri: str) -> None:
    """Raise EgressRefused (`blocked_domain`) for a URI of a suspended host, MalformedDocument for no URI."""
    host = host_of(uri)
    async with runtime.read() as reader:
        blocked = await is_suspended_domain(reader, host, settings=runtime.settings)
    if blocked:
        raise EgressRefused("blocked_domain", f"{host} is suspended here")


async def signer_for(runtime: Runtime, account_id: int | None = None) -> SigningKey:
    """Return the key that signs our GETs."""
    async with runtime.read() as reader:
        if account_id is None:
            return await instance_signing_key(reader)
        return await signing_key(reader, account_id)


async def _fetch(
    runtime: Runtime, uri: str, *, as_account_id: int | None, known: Validators | None = None
) -> FetchedDocument:
    signer = await signer_for(runtime, as_account_id)
    try:
        fetched = await runtime.http.fetch_document(uri, signer=signer, known=known)
    except FetchRefused:
        fetched = await runtime.http.fetch_document(uri, signer=signer, scheme="rfc9421", known=known)
    await require_allowed(runtime, fetched.final_uri)
    return fetched


def _life(error: FederationError) -> timedelta:
    if isinstance(error, DiscoveryFailed):
        return _NOBODY_LIFE
    return _GONE_LIFE if isinstance(error, FetchGone) else _FAILURE_LIFE


def _again(error: FederationError) -> FederationError:
    """Return a fresh copy of a remembered error: one exception object must not be raised in two tasks."""
    if isinstance(error, FetchFailed):
        return type(error)(error.reason, error.detail, status=error.status, retry_after=error.retry_after)
    return type(error)(error.reason, error.detail)
