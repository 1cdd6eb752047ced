"""The node's own key at push services (RFC 8292, "VAPID"), and what is sealed with it.

The pair is made once and kept in the database, so a backup has it: subscriptions are bound to it. Each push carries a
short-lived statement, signed with it, of who sends to whom; push services refuse pushes from anybody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from os import urandom
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.push.models import PushKey
from node.push.queries import find_push_key
from node.push.rules import to_base64

LIFE: Final = timedelta(hours=12)
_NONCE: Final = 12
_CACHE: Final = "push_key"


@dataclass(frozen=True, slots=True)
class VapidKey:
    """The pair. `public` is what apps and push services get: the uncompressed point, base64url."""

    private: EllipticCurvePrivateKey
    public: str

    def statement(self, audience: str, contact: str, *, now: datetime) -> str:
        """Return a signed statement for one push service (a JWT, ES256)."""
        claims = {"aud": audience, "exp": int((now + LIFE).timestamp()), "sub": contact}
        signed = ".".join(to_base64(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(self.private.sign(signed.encode(), ECDSA(SHA256())))
        return f"{signed}.{to_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def seal(self, secret: str) -> bytes:
        """Return a secret so that only this node reads it again."""
        nonce = urandom(_NONCE)
        return nonce + AESGCM(self._sealing_key()).encrypt(nonce, secret.encode(), None)

    def unseal(self, sealed: bytes) -> str | None:
        """Return what was sealed; None when that was with another key."""
        try:
            return AESGCM(self._sealing_key()).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()
        except InvalidTag:
            return None

    def _sealing_key(self) -> bytes:
        scalar = self.private.private_numbers().private_value.to_bytes(32, "big")
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"rookery push tokens").derive(scalar)


def key_of(scalar: bytes) -> VapidKey:
    """Return the pair that 32 bytes stand for."""
    private = derive_private_key(int.from_bytes(scalar, "big"), SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return VapidKey(private, to_base64(point))


async def vapid_key(runtime: Runtime) -> VapidKey:
    """Return the node's pair, making it at the first use."""
    cache = runtime.caches.get(_CACHE, size=1, seconds=3_600)
    found: VapidKey | None = cache.get(_CACHE)
    if found is None:
        async with runtime.read() as reader:
            row = await find_push_key(reader)
        if row is None:
            row = await _make(runtime)
        found = key_of(row.private)
        cache.put(_CACHE, found)
    return found


async def _make(runtime: Runtime) -> PushKey:
    scalar = generate_private_key(SECP256R1()).private_numbers().private_value.to_bytes(32, "big")
    async with runtime.write() as uow:
        await insert_if_absent(uow, PushKey, {"id": 1, "private": scalar, "created_at": runtime.now()})
        return await _stored(uow)


async def _stored(reader: Reader) -> PushKey:
    row = await find_push_key(reader)
    assert row is not None, "it was just put there, by us or by another process"
    return row
