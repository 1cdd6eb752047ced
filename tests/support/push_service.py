"""A push service and the app behind it: takes what a node hands over, checks its statement, and decrypts it.

Both encodings are read with http_ece, as apps do; `Phone` holds the
keys that an app made for itself.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.fake_peer import PeerRequest


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Phone:
    """An app's keys."""

    private: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def point(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def keys(self) -> dict[str, str]:
        """Return what the app tells the node."""
        return {
            "p256dh": base64.urlsafe_b64encode(self.point).decode().rstrip("="),
            "auth": base64.urlsafe_b64encode(self.auth).decode().rstrip("="),
        }

    def read(self, request: PeerRequest, *, server_key: str) -> dict[str, Any]:
        """Check and decrypt a push. Fails when anything about it is wrong."""
        encoding = request.header("content-encoding")
        if encoding == "aes128gcm":
            scheme, _, rest = (request.header("authorization") or "").partition(" ")
            parts = dict(part.split("=", 1) for part in rest.split(","))
            assert (scheme, parts["k"]) == ("vapid", server_key)
            statement = parts["t"]
            words = http_ece.decrypt(request.body, private_key=self.private, auth_secret=self.auth)
        else:
            assert encoding == "aesgcm"
            scheme, _, statement = (request.header("authorization") or "").partition(" ")
            crypto = dict(part.split("=", 1) for part in (request.header("crypto-key") or "").split(";"))
            assert (scheme, crypto["p256ecdsa"]) == ("WebPush", server_key)
            words = http_ece.decrypt(
                request.body,
                salt=decode((request.header("encryption") or "").removeprefix("salt=")),
                private_key=self.private,
                dh=decode(crypto["dh"]),
                auth_secret=self.auth,
                version="aesgcm",
            )
        self.claims = claims_of(statement, server_key)
        found: dict[str, Any] = json.loads(words)
        return found


def claims_of(statement: str, server_key: str) -> dict[str, Any]:
    """Return what a signed statement says. Fails when another key signed it."""
    head, body, signature = statement.split(".")
    assert json.loads(decode(head)) == {"typ": "JWT", "alg": "ES256"}
    raw = decode(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decode(server_key))
    key.verify(der, f"{head}.{body}".encode(), ECDSA(SHA256()))
    found: dict[str, Any] = json.loads(decode(body))
    return found
