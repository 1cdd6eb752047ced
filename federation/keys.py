"""Keys: making, reading and writing them. RSA for HTTP signatures, Ed25519 beside it.

Reading is strict (attack row 9): one PEM block and nothing after it, RSA of 2048 to 8192 bits with a sane
exponent, or Ed25519. Parsed keys are cached, since parsing costs more than verifying.
Whose key it is (owner, origin) is decided in `discovery` and by the inbox; where keys are kept, in `node`.
"""

import base64
import binascii
import re
from functools import lru_cache

import base58
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from federation.errors import KeyUnavailable
from federation.vocabulary import MAX_PEM

PublicKey = RSAPublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | Ed25519PrivateKey

_PEM = re.compile(
    r"\s*-----BEGIN (?P<label>(?:RSA )?PUBLIC KEY)-----\s"
    r"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=label)-----\s*"
)
_MIN_BITS, _MAX_BITS = 2048, 8192
_ED25519_PREFIX, _RSA_PREFIX = b"\xed\x01", b"\x85\x24"


def generate_rsa_key() -> tuple[str, str]:
    """Make a 2048-bit RSA pair; return (PKCS#8 PEM, SPKI PEM), both with a trailing newline (ACT-1)."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    private_pem = private.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private_pem.decode("ascii"), public_pem(private.public_key())


def generate_ed25519_key() -> tuple[str, str]:
    """Make an Ed25519 pair; return (PKCS#8 PEM, SPKI PEM). Signs proofs, never requests (SIG-12, SIG-22)."""
    private = Ed25519PrivateKey.generate()
    private_pem = private.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private_pem.decode("ascii"), public_pem(private.public_key())


def public_pem(key: PublicKey) -> str:
    """Write a public key as SPKI PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


@lru_cache(maxsize=4096)
def load_public_key(pem: str) -> PublicKey:
    """Read an SPKI or PKCS#1 PEM; KeyUnavailable (`bad_key`, `weak_key`) if it is not one we trust."""
    match = _PEM.fullmatch(pem) if len(pem) <= MAX_PEM else None
    if match is None:
        raise KeyUnavailable("bad_key", "not a single PEM block of a public key")
    try:
        der = base64.b64decode("".join(match["body"].split()), validate=True)
    except binascii.Error as error:
        raise KeyUnavailable("bad_key", "the PEM block is not base64") from error
    return _load_der(der)


@lru_cache(maxsize=1024)
def load_private_key(pem: str) -> PrivateKey:
    """Read one of our own private keys; KeyUnavailable (`bad_key`) if it is damaged."""
    try:
        key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnavailable("bad_key", "a private key of ours cannot be read") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise KeyUnavailable("bad_key", "a private key of ours is neither RSA nor Ed25519")
    return key


def encode_multikey(key: PublicKey) -> str:
    """Write a key as `publicKeyMultibase` (ACT-7): base58btc of a type prefix and the raw key."""
    if isinstance(key, Ed25519PublicKey):
        raw = _ED25519_PREFIX + key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        raw = _RSA_PREFIX + key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return "z" + base58.b58encode(raw).decode("ascii")


@lru_cache(maxsize=1024)
def decode_multikey(multibase: str) -> PublicKey:
    """Read a `publicKeyMultibase`; KeyUnavailable (`bad_key`, `weak_key`) if it is not one we trust."""
    if not multibase.startswith("z") or len(multibase) > 2_000:  # base58 decoding is quadratic
        raise KeyUnavailable("bad_key", "not a base58btc multikey")
    try:
        raw: bytes = base58.b58decode(multibase[1:])
    except ValueError as error:
        raise KeyUnavailable("bad_key", "not a base58btc multikey") from error
    if raw.startswith(_ED25519_PREFIX) and len(raw) == 34:
        return Ed25519PublicKey.from_public_bytes(raw[2:])
    if raw.startswith(_RSA_PREFIX):
        return _load_der(raw[2:])
    raise KeyUnavailable("bad_key", "a multikey of a type that is not in use here")


def _load_der(der: bytes) -> PublicKey:
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnavailable("bad_key", "not a readable public key") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise KeyUnavailable("bad_key", "neither an RSA nor an Ed25519 key")
    exponent = key.public_numbers().e
    if not _MIN_BITS <= key.key_size <= _MAX_BITS or exponent < 3 or exponent % 2 == 0 or exponent >= 2**33:
        raise KeyUnavailable("weak_key", f"an RSA key of {key.key_size} bits, exponent {exponent}")
    return key
