"""Who signed a request: the signature judged with the key it names, fetched if need be (SIG-14 to SIG-17).

What no key could save (nothing signed, too little covered, another body) is refused before any key is looked
for, so a forgery costs no fetch. A signature that does not fit a key we hold may mean that the host changed
its keys: the key is fetched again, within the limits of `node.remote.keys`, and judged once more.

Only who signed is answered here; whether that one may say what the body says is INB-4 and SIG-23, in `inbox`,
and what that one may read is decided where it is served, in `outbox`. Called by both.
"""

from dataclasses import dataclass

from federation.errors import (
    EgressRefused,
    FederationError,
    FetchGone,
    KeyUnavailable,
    MalformedDocument,
    SignatureInvalid,
)
from federation.origins import host_of
from federation.signatures import SignatureClaim, SignedRequest, inspect_signature, verify_signature
from node.base.runtime import Runtime
from node.moderation.queries import policy_book
from node.remote.errors import FetchLimited, is_passing
from node.remote.keys import KnownKey, fetch_key, find_known_key


@dataclass(frozen=True, slots=True)
class Signer:
    """The actor whose key signed a request, and how."""

    uri: str
    host: str
    scheme: str


class KeyAway(FederationError):
    """The key cannot be had right now; the sender may try again (503)."""


class BlockedDomain(FederationError):
    """The sender's domain is suspended here (403 or 202, as the operator wishes)."""


async def verify_request(runtime: Runtime, request: SignedRequest, *, source: str = "") -> Signer:
    """Return who signed. Raises SignatureInvalid, MalformedDocument, KeyUnavailable, KeyAway, FetchLimited,
    BlockedDomain."""
    claim = inspect_signature(request)
    try:
        await require_welcome(runtime, claim.key_id)
    except MalformedDocument as error:
        raise KeyUnavailable("bad_key_id", error.detail) from error
    known = await find_known_key(runtime, claim.key_id)
    if known is not None:
        if _fits(runtime, claim, known, request):
            return _signer(known, claim)
        newest = await find_known_key(runtime, claim.key_id, newest=True)
        if newest is not None and newest.public_key != known.public_key and _fits(runtime, claim, newest, request):
            return _signer(newest, claim)
    fetched = await fetch_named_key(runtime, claim.key_id, source=source, refresh=known is not None)
    verify_signature(claim, fetched.public_key, request=request, now=runtime.now())
    return _signer(fetched, claim)


async def require_welcome(runtime: Runtime, uri: str) -> None:
    """Raise BlockedDomain when the URI's host is suspended here, MalformedDocument when it has none.

    Goes by this process's policy book, which may be some seconds old; `inbox.process` looks again.
    """
    host = host_of(uri)
    if (await policy_book(runtime)).is_suspended(host):
        raise BlockedDomain("blocked_domain", f"{host} is suspended here")


def _fits(runtime: Runtime, claim: SignatureClaim, known: KnownKey, request: SignedRequest) -> bool:
    try:
        verify_signature(claim, known.public_key, request=request, now=runtime.now())
    except SignatureInvalid as error:
        if error.reason in {"signature_mismatch", "algorithm_mismatch"}:
            return False  # maybe the key has changed
        raise
    return True


async def fetch_named_key(runtime: Runtime, key_id: str, *, source: str, refresh: bool) -> KnownKey:
    """Fetch the key that a signature or proof names. KeyAway or FetchLimited where that may go well later, else
    KeyUnavailable."""
    try:
        return await fetch_key(runtime, key_id, source=source, refresh=refresh)
    except FetchGone as error:
        raise KeyUnavailable("key_gone", error.detail) from error
    except EgressRefused as error:
        raise KeyUnavailable(error.reason, error.detail) from error
    except FetchLimited:
        raise
    except FederationError as error:
        if is_passing(error):
            raise KeyAway("key_away", error.detail) from error
        raise KeyUnavailable(error.reason, error.detail) from error


def _signer(known: KnownKey, claim: SignatureClaim) -> Signer:
    return Signer(known.owner_uri, host_of(known.owner_uri), claim.scheme)
