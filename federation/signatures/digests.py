"""Body digests: `Digest` (RFC 3230, beside cavage signatures) and `Content-Digest` (RFC 9530, beside 9421).

Recomputed over the raw received bytes before anything is parsed (SIG-6).
"""

import base64
import binascii
import hashlib
import hmac

from federation.errors import MalformedDocument, SignatureInvalid
from federation.signatures.structured import parse_dictionary

_ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def digest_header(body: bytes) -> str:
    """Return the value of a `Digest` header."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def content_digest_header(body: bytes) -> str:
    """Return the value of a `Content-Digest` header."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def check_digest(value: str | None, body: bytes) -> None:
    """Check a `Digest` header; every algorithm we know must fit, and one must be known.

    SignatureInvalid (`digest_missing`, `digest_unknown`, `digest_mismatch`).
    """
    if value is None:
        raise SignatureInvalid("digest_missing", "a body without a Digest header")
    known = False
    for entry in value.split(","):
        name, separator, encoded = entry.strip().partition("=")
        algorithm = _ALGORITHMS.get(name.strip().lower()) if separator else None
        if algorithm is None:
            continue
        known = True
        _compare(_decoded(encoded.strip()), algorithm(body).digest())
    if not known:
        raise SignatureInvalid("digest_unknown", "the Digest header names no algorithm we know")


def check_content_digest(value: str | None, body: bytes) -> None:
    """Check a `Content-Digest` header; like `check_digest`.

    A value that is no structured dictionary of byte sequences (`SHA-256=:...:`, capitals) is a
    MalformedDocument (`bad_content_digest`).
    """
    if value is None:
        raise SignatureInvalid("digest_missing", "a body without a Content-Digest header")
    try:
        entries = parse_dictionary(value)
    except ValueError as error:
        raise MalformedDocument("bad_content_digest", f"unreadable Content-Digest: {error}") from error
    known = False
    for name, member in entries.items():
        if not isinstance(member.value, bytes):
            raise MalformedDocument("bad_content_digest", "a Content-Digest that is no byte sequence")
        algorithm = _ALGORITHMS.get(name)
        if algorithm is not None:
            known = True
            _compare(member.value, algorithm(body).digest())
    if not known:
        raise SignatureInvalid("digest_unknown", "the Content-Digest header names no algorithm we know")


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("digest_mismatch", "a digest that is not base64") from error


def _compare(claimed: bytes, actual: bytes) -> None:
    if not hmac.compare_digest(claimed, actual):
        raise SignatureInvalid("digest_mismatch", "the body is not the one that was signed")
