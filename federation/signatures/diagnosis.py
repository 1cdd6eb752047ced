"""Why a signature does not fit: what we rebuilt, and which part must be another one for it to fit.

For people, never for a decision: `verification` judges. Proxies rewrite Host, decode paths, strip queries, add a
charset; a signature over the original then fits nothing that arrives. Holding it against what may have been sent
names the part. Called by `node.remote.arrivals` for what was refused, while the signature is still at hand.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import quote, unquote

from federation.errors import FederationError
from federation.keys import PublicKey
from federation.signatures import cavage, rfc9421
from federation.signatures.request import SignatureClaim, SignedRequest, signature_fits

_FORWARDED_HOST_HEADERS: Final = ("x-forwarded-host", "x-original-host", "x-host")
_ORIGINAL_TARGET_HEADERS: Final = ("x-original-uri", "x-original-url", "x-rewrite-url")
_MAX_VARIANTS: Final = 24


def read_claim(request: SignedRequest) -> SignatureClaim | None:
    """Return what a request claims, though it is refused; None where it cannot be read that far."""
    try:
        return rfc9421.read_claim(request) if request.values("signature-input") else cavage.read_claim(request)
    except FederationError:
        return None


def rebuilt_signing_string(claim: SignatureClaim, request: SignedRequest) -> str:
    """Return the signing string as we rebuild it, whatever Host arrived; "" where a part of it is not there."""
    seen = request.values("host")
    known = replace(request, expected_hosts=request.expected_hosts | {host.lower() for host in seen})
    try:
        data = (rfc9421.signature_base if claim.scheme == "rfc9421" else cavage.signing_string)(claim, known)
    except FederationError:
        return ""
    return data.decode("utf-8", "replace")


def what_differs(claim: SignatureClaim, request: SignedRequest, key: PublicKey) -> str:
    """Return in words which part, sent otherwise, makes the signature fit; "" when none of those we know does."""
    for number, (words, variant) in enumerate(_variants(request)):
        if number >= _MAX_VARIANTS:
            break
        data = rebuilt_signing_string(claim, variant)
        if data and signature_fits(claim.signature, data.encode(), key, algorithm=claim.algorithm or ""):
            return words
    return ""


def _variants(request: SignedRequest) -> Iterator[tuple[str, SignedRequest]]:
    """What may have left the sender, with the words for how it got changed on the way."""
    seen = ", ".join(request.values("host"))
    ours = sorted(request.expected_hosts)
    named = [host for name in _FORWARDED_HOST_HEADERS for host in request.values(name)]
    bare = [host.rpartition(":")[0] for host in [*ours, *named] if host.rpartition(":")[2].isdigit()]
    for host in dict.fromkeys([*ours, *named, *bare]):
        if host and host.lower() != seen.lower():
            yield (
                f"it fits for Host {host}: the sender signed that, and a proxy made {seen or 'nothing'} of it",
                _with_host(request, host),
            )
    target = request.raw_target
    given = [value for name in _ORIGINAL_TARGET_HEADERS for value in request.values(name)]
    path, question, query = target.partition("?")
    for other in dict.fromkeys(
        [
            *given,
            path,
            unquote(path) + question + query,
            quote(unquote(path), safe="/:@!$&'()*+,;=~-._") + question + query,
            (path.rstrip("/") or "/") + question + query,
            path + "/" + question + query,
        ]
    ):
        if other != target:
            yield (
                f"it fits for the target {other}: a proxy made {target} of it",
                replace(request, raw_target=other),
            )
    swapped = "http" if request.scheme == "https" else "https"
    yield (
        f"it fits for {swapped}: the sender reached us by {swapped}, and our public address says {request.scheme}",
        replace(request, scheme=swapped),
    )
    for name in ("content-type", "digest", "content-length"):
        values = request.values(name)
        if len(values) == 1:
            for other in {values[0].partition(";")[0].strip(), values[0].lower()} - {values[0]}:
                yield (
                    f"it fits for {name} {other!r}: a proxy made {values[0]!r} of it",
                    _with_header(request, name, other),
                )


def _with_host(request: SignedRequest, host: str) -> SignedRequest:
    return replace(_with_header(request, "host", host), expected_hosts=frozenset({host.lower()}))


def _with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    others = [(key, old) for key, old in request.headers if key.lower() != name]
    return replace(request, headers=[*others, (name, value)])
