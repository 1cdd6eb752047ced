"""Keys: round trips, multikeys, and what is not trusted (ACT-7, row 9)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from federation.errors import KeyUnavailable
from federation.keys import (
    decode_multikey,
    encode_multikey,
    generate_rsa_key,
    load_private_key,
    load_public_key,
    public_pem,
)

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "fep-521a-multikey.json").read_text())
PUBLIC = generate_rsa_key()[1]


def pem(key: Any, format: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_bytes(Encoding.PEM, format).decode()


def block(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n"


def test_a_generated_pair_is_readable() -> None:
    """ACT-1: RSA 2048, SPKI, `\\n` line ends and a trailing newline."""
    private_text, public_text = generate_rsa_key()
    private, public = load_private_key(private_text), load_public_key(public_text)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    assert private.public_key().public_numbers() == public.public_numbers()
    assert public.key_size == 2048
    assert public_text.endswith("-----END PUBLIC KEY-----\n")
    assert "\r" not in public_text
    assert public_pem(public) == public_text


def test_forms_that_peers_send() -> None:
    """SIG-14: PKCS#1, CR LF, no trailing newline, Ed25519."""
    key = load_public_key(PUBLIC)
    for text in (PUBLIC.replace("\n", "\r\n"), PUBLIC.strip(), f"\n {PUBLIC}\n\n", pem(key, PublicFormat.PKCS1)):
        assert public_pem(load_public_key(text)) == PUBLIC
    assert isinstance(load_public_key(pem(Ed25519PrivateKey.generate().public_key())), Ed25519PublicKey)


def test_weak_and_strange_keys_are_refused() -> None:
    """Row 9: size, exponent, curve, trailing data, second block."""
    number = load_public_key(PUBLIC)
    assert isinstance(number, rsa.RSAPublicKey)
    der = number.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    huge = rsa.RSAPublicNumbers(65537, (1 << 65_535) + 1).public_key()
    bad = {
        "small": pem(small),
        "huge": pem(huge),
        "too large": pem(rsa.RSAPublicNumbers(65537, (1 << 9_000) + 1).public_key()),
        "curve": pem(ec.generate_private_key(ec.SECP256R1()).public_key()),
        "trailing data": block(der + b"x"),
        "cut": block(der[:-1]),
        "text behind": PUBLIC + "more",
        "text before": "more" + PUBLIC,
        "two blocks": PUBLIC + PUBLIC,
        "private": generate_rsa_key()[0],
        "certificate": PUBLIC.replace("PUBLIC KEY", "CERTIFICATE"),
        "no base64": "-----BEGIN PUBLIC KEY-----\nabcde\n-----END PUBLIC KEY-----\n",
        "empty": "",
    }
    for name, text in bad.items():
        with pytest.raises(KeyUnavailable) as caught:
            load_public_key(text)
        assert caught.value.reason in {"bad_key", "weak_key"}, name


@pytest.mark.parametrize("exponent", [1, 2, 65536, 2**40 + 1])
def test_exponents_that_make_forging_easy(exponent: int) -> None:
    """Row 9; written by hand, since the library would not make such a key."""
    number = load_public_key(PUBLIC)
    assert isinstance(number, rsa.RSAPublicKey)

    def integer(value: int) -> bytes:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02" + length(len(raw)) + raw

    def length(size: int) -> bytes:
        return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")

    inner = integer(number.public_numbers().n) + integer(exponent)
    text = block(b"\x30" + length(len(inner)) + inner)
    with pytest.raises(KeyUnavailable):
        load_public_key(text)


def test_v3_multikey() -> None:
    """V-3, ACT-7."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
    assert encode_multikey(key) == "z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
    assert decode_multikey(encode_multikey(key)) == key


def test_fep_521a_vectors() -> None:
    ed = decode_multikey(VECTOR["ed25519"]["publicKeyMultibase"])
    assert ed.public_bytes(Encoding.Raw, PublicFormat.Raw).hex() == VECTOR["ed25519"]["public_key_hex"]
    key = decode_multikey(VECTOR["rsa"]["publicKeyMultibase"])
    assert key.public_bytes(Encoding.DER, PublicFormat.PKCS1).hex() == VECTOR["rsa"]["pkcs1_der_hex"]
    assert encode_multikey(key) == VECTOR["rsa"]["publicKeyMultibase"]


@pytest.mark.parametrize(
    "text", ["", "z", "m6Mk", "z6Mk", "z0OIl", "z" + "2" * 3000, "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"]
)
def test_bad_multikeys(text: str) -> None:
    with pytest.raises(KeyUnavailable):
        decode_multikey(text)


def test_a_damaged_private_key_says_so() -> None:
    with pytest.raises(KeyUnavailable) as caught:
        load_private_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert caught.value.reason == "bad_key"
