"""The values that signing and verifying pass around, and the bytes-level crypto both schemes share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from federation.errors import SignatureInvalid
from federation.keys import PublicKey, load_private_key

Scheme = Literal["cavage", "rfc9421"]

_PKCS1 = padding.PKCS1v15()
_PSS = padding.PSS(padding.MGF1(SHA512()), 64)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of our keys; the PEM never shows in a repr or log line."""

    key_id: str
    private_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it arrived, nothing re-encoded.

    `raw_target` is path and query exactly as on the request line (SIG-8). `scheme` and `expected_hosts` are
    *configured*, never taken from forwarded headers: our public scheme, and the hosts (`social.example`,
    `127.0.0.1:8001`) that a request may have been signed for (row 6).
    """

    method: str
    raw_target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    expected_hosts: frozenset[str]
    scheme: str = "https"

    def values(self, name: str) -> list[str]:
        """Return all values of a header, trimmed, in order; `name` in lower case."""
        return [value.strip(" \t") for key, value in self.headers if key.lower() == name]

    def joined(self, name: str) -> str | None:
        """Return the values of a header joined by a comma and space, or None when it is absent."""
        found = self.values(name)
        return ", ".join(found) if found else None

    def host(self) -> str:
        """Return the signed-for host, lower case and without the default port.

        SignatureInvalid (`wrong_host`) unless it is one of ours: a captured request of somebody else's
        inbox must not count here.
        """
        found = self.values("host")
        host = found[0].lower() if len(found) == 1 else ""
        default = ":443" if self.scheme == "https" else ":80"
        host = host.removesuffix(default)
        if host not in self.expected_hosts:
            raise SignatureInvalid("wrong_host", f"the request is for host {', '.join(found)[:200]!r}, not us")
        return host


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """What a request says about its signature; nothing of it is proven yet."""

    scheme: Scheme
    key_id: str
    algorithm: str | None
    covered: tuple[str, ...]
    """Lower-case names, derived components with their `@` or brackets."""
    signature: bytes
    created: int | None
    expires: int | None
    parameters: str = ""
    """RFC 9421: the signature parameters in canonical form, the last line of the base."""


def sign_bytes(data: bytes, key: SigningKey) -> bytes:
    """Sign by the key's type: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519."""
    private = load_private_key(key.private_pem)
    if isinstance(private, RSAPrivateKey):
        return private.sign(data, _PKCS1, SHA256())
    return private.sign(data)


def signature_fits(signature: bytes, data: bytes, key: PublicKey, *, algorithm: str) -> bool:
    """Say whether a signature over the data is the key's; algorithms: see `verification`."""
    try:
        if not isinstance(key, RSAPublicKey):
            key.verify(signature, data)
        elif algorithm == "rsa-pss-sha512":
            key.verify(signature, data, _PSS, SHA512())
        elif algorithm in {"rsa-sha512", "rsa-v1_5-sha512"}:
            key.verify(signature, data, _PKCS1, SHA512())
        else:
            key.verify(signature, data, _PKCS1, SHA256())
    except InvalidSignature:
        return False
    return True
