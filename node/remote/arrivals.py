"""Keeping account of what arrives: one line an exchange in the node's log, with what was seen of its signature.

What was refused before a signature held stands under the host it claimed, in a ring of its own, and cannot push
out what is proven. A signature that did not fit is held against what the sender may have signed (`diagnosis`), so
that the line can say which part differed; that costs some verifications, so at most one request of a host in
`EXPLAIN_EVERY` is looked at so closely, and only with a key that is here already: nothing is fetched.

Called by the doors: `inbox.receive` and `outbox.onlookers`, and by `inbox.process` for how a stored activity ended.
"""

import re
from datetime import timedelta
from typing import Final

from federation.errors import FederationError
from federation.exchanges import Exchange, Verdict, plain_signing_string
from federation.origins import host_of
from federation.signatures import SignatureClaim, SignedRequest
from federation.signatures.diagnosis import read_claim, rebuilt_signing_string, what_differs
from node.base.errors import Unavailable
from node.base.exchange_log import Evidence
from node.base.runtime import Runtime
from node.remote.keys import find_known_key
from node.remote.memory import memory_of

EXPLAIN_EVERY: Final = timedelta(seconds=5)
EVIDENCE_EVERY: Final = timedelta(seconds=30)
READ_EVERY: Final = timedelta(minutes=10)
NOBODY: Final = "(unknown)"

_KEY_ID = re.compile(r"key_?id=\"([^\"]{1,2000})\"", re.I)
_EXPLAINED: Final = frozenset({"signature_mismatch", "wrong_host"})
_FORWARDING: Final = ("x-forwarded-for", "forwarded", "x-real-ip")


def note_proven(
    runtime: Runtime,
    request: SignedRequest,
    *,
    host: str,
    scheme: str,
    kind: str,
    answer: str = "accepted",
    source: str = "",
) -> None:
    """Keep account of a request whose signature held; `answer` is accepted, duplicate or ignored."""
    now = runtime.now()
    evidence = None
    if memory_of(runtime).windows.add(("evidence", host), now, EVIDENCE_EVERY) == 1:
        claim = read_claim(request)
        evidence = None if claim is None else _evidence(runtime, request, claim, host, proven=True, differs="")
    runtime.exchanges.note(
        Exchange(
            at=now,
            direction="in",
            kind=kind,
            host=host,
            method=request.method,
            url=request.raw_target,
            status=202 if kind == "delivery" else 200,
            verdict="accepted" if answer == "accepted" else "ignored",
            reason="" if answer == "accepted" else answer,
            scheme=scheme,
            source=source,
            forwarded=_passed_proxy(request, source),
        ),
        evidence,
    )


async def note_refused(
    runtime: Runtime,
    request: SignedRequest,
    error: FederationError,
    *,
    kind: str,
    status: int,
    source: str = "",
) -> str:
    """Keep account of a request that was not believed; return which part of it differed, if that was found out."""
    claim = read_claim(request)
    host = claimed_host(request)
    differs = await _what_differs(runtime, request, claim, error.reason, host)
    evidence = None if claim is None else _evidence(runtime, request, claim, host, proven=False, differs=differs)
    runtime.exchanges.note(
        _claimed(runtime, request, host, kind, status, "refused", error.reason, f"{error.detail} {differs}", source),
        evidence,
    )
    return differs


def note_unproven(
    runtime: Runtime,
    request: SignedRequest,
    *,
    kind: str,
    status: int,
    verdict: Verdict,
    reason: str,
    source: str = "",
) -> None:
    """Keep account of a request whose signature was not judged.

    Reads of what is public come in numbers: one in `READ_EVERY` has a line, lest they push refusals out.
    """
    host = claimed_host(request)
    if kind == "read" and memory_of(runtime).windows.add(("read", host), runtime.now(), READ_EVERY) > 1:
        runtime.exchanges.count("in", kind, verdict, reason)
        return
    runtime.exchanges.note(_claimed(runtime, request, host, kind, status, verdict, reason, "", source))


def note_end(runtime: Runtime, *, host: str, kind: str, verdict: Verdict, reason: str, detail: str) -> None:
    """Keep account of a stored activity that had no effect; `kind` is its type."""
    runtime.exchanges.note(
        Exchange(
            at=runtime.now(),
            direction="in",
            kind="processing",
            host=host,
            method=kind[:32],
            verdict=verdict,
            reason=reason,
            detail=detail,
        )
    )


def claimed_host(request: SignedRequest) -> str:
    """Return the host whose key a request names, proven or not."""
    for name in ("signature-input", "signature", "authorization"):
        for value in request.values(name):
            found = _KEY_ID.search(value)
            if found is not None:
                try:
                    return host_of(found[1])
                except FederationError:
                    return NOBODY
    return NOBODY


async def _what_differs(
    runtime: Runtime, request: SignedRequest, claim: SignatureClaim | None, reason: str, host: str
) -> str:
    if claim is None or reason not in _EXPLAINED:
        return ""
    if memory_of(runtime).windows.add(("explain", host), runtime.now(), EXPLAIN_EVERY) > 1:
        return ""
    try:
        known = await find_known_key(runtime, claim.key_id)
    except Unavailable:
        return ""
    return "" if known is None else what_differs(claim, request, known.public_key)


def _claimed(
    runtime: Runtime,
    request: SignedRequest,
    host: str,
    kind: str,
    status: int,
    verdict: Verdict,
    reason: str,
    detail: str,
    source: str,
) -> Exchange:
    return Exchange(
        at=runtime.now(),
        direction="in",
        kind=kind,
        host=host,
        method=request.method,
        url=request.raw_target,
        status=status,
        verdict=verdict,
        reason=reason,
        detail=detail.strip(),
        scheme="rfc9421" if request.values("signature-input") else "cavage" if request.values("signature") else "",
        proven=False,
        date=request.joined("date") or "",
        source=source,
        forwarded=_passed_proxy(request, source),
    )


def _passed_proxy(request: SignedRequest, source: str) -> bool:
    """Say whether a proxy that is not trusted here seems to stand before us: it names callers, and not this one."""
    named = [value for name in _FORWARDING for value in request.values(name)]
    return bool(named) and not any(source and source in value for value in named)


def _evidence(
    runtime: Runtime, request: SignedRequest, claim: SignatureClaim, host: str, *, proven: bool, differs: str
) -> Evidence:
    return Evidence(
        at=runtime.now(),
        host=host,
        proven=proven,
        key_id=claim.key_id[:500],
        scheme=claim.scheme,
        signing_string=plain_signing_string(rebuilt_signing_string(claim, request)),
        seen_host=", ".join(request.values("host"))[:300],
        forwarded_host=", ".join(request.values("x-forwarded-host"))[:300],
        differs=differs,
    )
