"""RFC 9421, HTTP Message Signatures, as far as servers of the fediverse use it (SIG-10, SIG-11).

Fields and derived components without parameters, except `@query-param;name=`. Exactly one signature is
judged: the first that carries what is required.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, quote

from federation.errors import MalformedDocument, SignatureInvalid
from federation.origins import split_uri
from federation.signatures.digests import content_digest_header
from federation.signatures.request import SignatureClaim, SignedRequest, SigningKey, sign_bytes
from federation.signatures.structured import Bare, InnerList, Item, parse_dictionary
from federation.vocabulary import AP_TYPE

_MAX_COMPONENTS: Final = 32
_ASKED_LIFE: Final = 300
_CAN_SIGN: Final = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"})


@dataclass(frozen=True, slots=True)
class SignatureWish:
    """What a peer wants a signature to look like (RFC 9421, section 5.1)."""

    label: str
    components: tuple[str, ...]
    echoed: dict[str, Bare]
    """Parameters that are to come back as they are: `nonce`, `tag`."""
    expires: bool = False


def sign_request_rfc9421(
    method: str,
    url: str,
    *,
    key: SigningKey,
    body: bytes | None,
    now: datetime,
    content_type: str = AP_TYPE,
    algorithm: str | None = "rsa-v1_5-sha256",
    wish: SignatureWish | None = None,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a signed request: Host, Signature-Input, Signature, with a body Content-Digest, and `more`.

    `algorithm=None` leaves `alg` out, as Ed25519 signers do. A `wish` adds what the peer asks for and takes nothing
    away: a signature over less than method, target and body would be good for other requests too.
    """
    headers = {"Host": split_uri(url)[0].host_port}
    names = ["@method", "@target-uri"]
    if body is not None:
        headers["Content-Type"] = content_type
        headers["Content-Digest"] = content_digest_header(body)
        names.append("content-digest")
    headers |= more or {}
    names += [name.lower() for name in more or {}]
    if wish is not None:
        names = list(dict.fromkeys([*names, *wish.components]))
    lines = [f'"{name}": {_own_component(name, method, url, headers)}' for name in names]
    created = int(now.timestamp())
    parameters: dict[str, Bare] = {"created": created}
    if wish is not None and wish.expires:
        parameters["expires"] = created + _ASKED_LIFE
    parameters["keyid"] = key.key_id
    if algorithm is not None:
        parameters["alg"] = algorithm
    if wish is not None:
        parameters |= wish.echoed
    signed = str(InnerList(tuple(Item(name, {}) for name in names), parameters))
    lines.append(f'"@signature-params": {signed}')
    signature = base64.b64encode(sign_bytes("\n".join(lines).encode(), key)).decode("ascii")
    label = wish.label if wish is not None else "sig1"
    headers["Signature-Input"] = f"{label}={signed}"
    headers["Signature"] = f"{label}=:{signature}:"
    return headers


def read_wish(text: str, *, key_id: str, has_body: bool) -> SignatureWish | None:
    """Return what an `Accept-Signature` header asks for, if this RSA key of ours can do it (SIG-13); else None."""
    try:
        members = parse_dictionary(text)
    except ValueError:
        return None
    for label, member in members.items():
        if not isinstance(member, InnerList) or len(member.value) > _MAX_COMPONENTS:
            continue
        names = tuple(str(item.value) for item in member.value)
        possible = _CAN_SIGN | ({"content-digest", "content-type"} if has_body else set())
        asked = member.parameters
        if (
            possible.issuperset(names)
            and not any(item.parameters for item in member.value)
            and asked.get("keyid", key_id) == key_id
            and asked.get("alg", "rsa-v1_5-sha256") == "rsa-v1_5-sha256"
        ):
            echoed = {name: asked[name] for name in ("nonce", "tag") if isinstance(asked.get(name), str)}
            return SignatureWish(label, names, echoed, expires="expires" in asked)
    return None


def read_claim(request: SignedRequest) -> SignatureClaim:
    """Read `Signature-Input` and `Signature` (SIG-11).

    MalformedDocument (`bad_signature_header`) when they cannot be read, SignatureInvalid when no signature of
    the request covers enough.
    """
    inputs, signatures = _dictionary(request, "signature-input"), _dictionary(request, "signature")
    refusal: SignatureInvalid | None = None
    for label, member in inputs.items():
        signature = signatures.get(label)
        if not isinstance(member, InnerList) or signature is None or not isinstance(signature.value, bytes):
            continue
        try:
            claim = _claim(member, signature.value)
            _check_coverage(claim, request)
        except SignatureInvalid as error:
            refusal = refusal or error
            continue
        return claim
    raise refusal or SignatureInvalid("missing_signature", "no signature belongs to Signature-Input")


def signature_base(claim: SignatureClaim, request: SignedRequest) -> bytes:
    """Build the signed bytes (RFC 9421, section 2.5)."""
    lines = [f"{name}: {_component(name, request)}" for name in claim.covered]
    lines.append(f'"@signature-params": {claim.parameters}')
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _dictionary(request: SignedRequest, name: str) -> dict[str, Item | InnerList]:
    text = request.joined(name)
    if text is None:
        raise SignatureInvalid("missing_signature", f"Signature-Input came without its pair ({name} is missing)")
    try:
        return parse_dictionary(text)
    except ValueError as error:
        raise MalformedDocument("bad_signature_header", f"unreadable {name}: {error}") from error


def _claim(member: InnerList, signature: bytes) -> SignatureClaim:
    created, key_id = member.parameters.get("created"), member.parameters.get("keyid")
    expires, algorithm = member.parameters.get("expires"), member.parameters.get("alg")
    if not isinstance(created, int) or isinstance(created, bool) or not isinstance(key_id, str) or not key_id:
        raise SignatureInvalid("too_little_covered", "the signature lacks created or keyid")
    if expires is not None and (not isinstance(expires, int) or isinstance(expires, bool)):
        raise MalformedDocument("bad_signature_header", "expires is no Unix time")
    if algorithm is not None and not isinstance(algorithm, str):
        raise MalformedDocument("bad_signature_header", "alg is no string")
    covered = tuple(map(str, member.value))
    if len(covered) > _MAX_COMPONENTS or len(set(covered)) != len(covered):
        raise MalformedDocument("bad_signature_header", "a component comes twice, or there are too many")
    return SignatureClaim(
        scheme="rfc9421",
        key_id=key_id,
        algorithm=algorithm,
        covered=covered,
        signature=signature,
        created=created,
        expires=expires,
        parameters=str(member),
    )


def _check_coverage(claim: SignatureClaim, request: SignedRequest) -> None:
    covered = {name.strip('"') for name in claim.covered if name.endswith('"')}
    by_path = {"@authority", "@path"} | ({"@query"} if "?" in request.raw_target else set())
    if "@method" not in covered:
        raise SignatureInvalid("too_little_covered", "the signature does not cover @method")
    if not any(way <= covered for way in ({"@target-uri"}, {"@authority", "@request-target"}, by_path)):
        raise SignatureInvalid("too_little_covered", "the signature does not cover the target")
    has_body = request.method.upper() not in {"GET", "HEAD"} or bool(request.body)
    if has_body and "content-digest" not in covered:
        raise SignatureInvalid("too_little_covered", "the signature does not cover content-digest")


def _component(name: str, request: SignedRequest) -> str:
    identifier, _, parameters = name.partition('";')
    identifier = identifier.strip('"')
    path, question, query = request.raw_target.partition("?")
    if identifier == "@query-param" and parameters.startswith('name="'):
        return _query_parameter(query, parameters[6:-1])
    if parameters:
        raise SignatureInvalid("unknown_component", f"cannot verify the component {name[:80]}")
    if identifier == "@method":
        return request.method.upper()
    if identifier == "@target-uri":
        return f"{request.scheme}://{request.host()}{request.raw_target}"
    if identifier == "@authority":
        return request.host()
    if identifier == "@scheme":
        return request.scheme
    if identifier == "@request-target":
        return request.raw_target
    if identifier == "@path":
        return path or "/"
    if identifier == "@query":
        return f"?{query}" if question else "?"
    value = None if identifier.startswith("@") else request.joined(identifier)
    if value is None or identifier != identifier.lower():
        raise SignatureInvalid("header_absent", f"the signature covers {identifier[:60]!r}, which is not there")
    return value


def _own_component(name: str, method: str, url: str, headers: dict[str, str]) -> str:
    """Return the value of a component of a request that we make."""
    origin, target = split_uri(url)
    path, question, query = target.partition("?")
    derived = {
        "@method": method.upper(),
        "@target-uri": f"{origin}{target}",
        "@authority": origin.host_port,
        "@scheme": origin.scheme,
        "@request-target": target,
        "@path": path or "/",
        "@query": f"?{query}" if question else "?",
    }
    if name in derived:
        return derived[name]
    return next(value for header, value in headers.items() if header.lower() == name)


def _query_parameter(query: str, name: str) -> str:
    values = [value for key, value in parse_qsl(query, keep_blank_values=True) if quote(key) == name]
    if len(values) != 1:
        raise SignatureInvalid("header_absent", f"the query has not exactly one {name[:60]!r}")
    return quote(values[0], safe="")
