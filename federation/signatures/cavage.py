"""draft-cavage-http-signatures-12, in the dialect of the fediverse (SIG-1..5).

Signing and reading of the `Signature` header; times, keys and digests are judged in `verification`.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from federation.errors import MalformedDocument, SignatureInvalid
from federation.origins import split_uri
from federation.signatures.digests import digest_header
from federation.signatures.request import SignatureClaim, SignedRequest, SigningKey, sign_bytes
from federation.vocabulary import AP_TYPE

_PARAMETER = re.compile(
    r"[ \t]*(?P<name>[A-Za-z]{1,32})[ \t]*=[ \t]*"
    r"(?:\"(?P<quoted>[^\"\x00-\x1f]*)\"|(?P<token>[A-Za-z0-9!#$%&'*+.^_`|~/:@=-]+))[ \t]*(?P<comma>,|$)"
)
_MAX_HEADER: Final = 8_192
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sign_request(
    method: str,
    url: str,
    *,
    key: SigningKey,
    body: bytes | None,
    now: datetime,
    content_type: str = AP_TYPE,
    with_query: bool = True,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a signed request: Host, Date, Signature, with a body Digest and Content-Type, and `more`.

    Never `(created)` or `(expires)`, always the label `rsa-sha256` (SIG-3). `with_query=False` leaves the
    query out of what is signed, for peers of old that forget it when they verify (SIG-8).
    """
    origin, target = split_uri(url)
    signed_target = target if with_query else target.partition("?")[0]
    headers = {"Host": origin.host_port, "Date": http_date(now)}
    lines = [
        f"(request-target): {method.lower()} {signed_target}",
        f"host: {headers['Host']}",
        f"date: {headers['Date']}",
    ]
    names = "(request-target) host date"
    if body is not None:
        headers["Digest"] = digest_header(body)
        headers["Content-Type"] = content_type
        lines += [f"digest: {headers['Digest']}", f"content-type: {content_type}"]
        names += " digest content-type"
    for name, value in (more or {}).items():
        headers[name] = value
        lines.append(f"{name.lower()}: {value}")
        names += f" {name.lower()}"
    signature = base64.b64encode(sign_bytes("\n".join(lines).encode(), key)).decode("ascii")
    headers["Signature"] = f'keyId="{key.key_id}",algorithm="rsa-sha256",headers="{names}",signature="{signature}"'
    return headers


def read_claim(request: SignedRequest) -> SignatureClaim:
    """Read the `Signature` header, or `Authorization: Signature ...` (SIG-4).

    MalformedDocument (`bad_signature_header`) when it cannot be read one way only, SignatureInvalid when it is
    missing, comes twice, or covers too little (SIG-5).
    """
    parameters = _parameters(_header(request))
    try:
        signature = base64.b64decode(parameters["signature"], validate=True)
        key_id = parameters["keyid"]
    except KeyError as error:
        raise MalformedDocument("bad_signature_header", f"the Signature header lacks {error}") from error
    except (binascii.Error, ValueError) as error:
        raise MalformedDocument("bad_signature_header", "a signature that is not base64") from error
    if not key_id or not signature:
        raise MalformedDocument("bad_signature_header", "an empty keyId or signature")
    claim = SignatureClaim(
        scheme="cavage",
        key_id=key_id,
        algorithm=parameters["algorithm"].lower() if "algorithm" in parameters else None,
        covered=tuple(parameters.get("headers", "date").lower().split()),
        signature=signature,
        created=_seconds(parameters.get("created")),
        expires=_seconds(parameters.get("expires")),
    )
    _check_coverage(claim, request)
    return claim


def signing_string(claim: SignatureClaim, request: SignedRequest, *, with_query: bool = True) -> bytes:
    """Build the signed bytes (SIG-2); SignatureInvalid (`header_absent`) if a listed header is not there."""
    target = request.raw_target if with_query else request.raw_target.partition("?")[0]
    lines = []
    for name in claim.covered:
        if name == "(request-target)":
            value: str | None = f"{request.method.lower()} {target}"
        elif name == "(created)":
            value = None if claim.created is None else str(claim.created)
        elif name == "(expires)":
            value = None if claim.expires is None else str(claim.expires)
        else:
            value = request.joined(name)
        if value is None:
            raise SignatureInvalid("header_absent", f"the signature covers {name[:60]!r}, which is not there")
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def http_date(moment: datetime) -> str:
    """Write a time as `Fri, 02 Jan 2026 03:04:05 GMT`, whatever the locale."""
    utc = moment.astimezone(UTC)
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02d} {_MONTHS[utc.month - 1]} {utc.year:04d} "
        f"{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d} GMT"
    )


def _header(request: SignedRequest) -> str:
    found = request.values("signature")
    if not found:
        found = [value[10:] for value in request.values("authorization") if value[:10].lower() == "signature "]
    if not found:
        raise SignatureInvalid("missing_signature", "the request is not signed")
    if len(found) > 1:
        raise SignatureInvalid("duplicate_signature", "the request carries more than one Signature header")
    text = found[0]
    return text[10:] if text[:10].lower() == "signature " else text


def _parameters(text: str) -> dict[str, str]:
    if len(text) > _MAX_HEADER:
        raise MalformedDocument("bad_signature_header", "the Signature header is too long")
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise MalformedDocument("bad_signature_header", "the Signature header cannot be read")
        name = match["name"].lower()
        if name in found:
            raise MalformedDocument("bad_signature_header", f"the Signature header gives {name} twice")
        found[name] = match["quoted"] if match["quoted"] is not None else match["token"]
        at = match.end()
        if match["comma"] and at == len(text):
            raise MalformedDocument("bad_signature_header", "the Signature header ends in a comma")
    return found


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text):
        raise MalformedDocument("bad_signature_header", "created or expires is no Unix time")
    return int(text.partition(".")[0])


def _check_coverage(claim: SignatureClaim, request: SignedRequest) -> None:
    covered = set(claim.covered)
    needed = {"(request-target)", "host"}
    if request.method.upper() not in {"GET", "HEAD"} or request.body:
        needed.add("digest")
    if "date" not in covered and not ("(created)" in covered and claim.algorithm in {None, "hs2019"}):
        needed.add("date")
    missing = sorted(needed - covered)
    if missing:
        raise SignatureInvalid("too_little_covered", f"the signature does not cover {', '.join(missing)}")
