"""Integrity proofs: FEP-8b32 with the cryptosuite `eddsa-jcs-2022` (SIG-22), made and judged.

    sign_document      a document with a proof of its actor
    inspect_proofs     what the proofs of a document claim, without a key (which keys to fetch)
    check_proof        whether a claim holds

A proof travels inside the document and survives being passed on, which an HTTP signature does not. What is signed is
the hash of the proof's own options and the hash of everything in the document but its proofs and LD signature, both
in canonical form (RFC 8785), so a document is judged exactly as it was received: `load_exact` keeps what
`documents.load_document` cleans away.

Whose word a proof is: of the actor who publishes its key, so the key must be of the actor's own origin, and whoever
calls must compare the key's owner with the actor (row 34). Of several proofs all must hold. Proofs of other kinds
prove nothing here and harm nothing. LD signatures are not read anywhere (SIG-21).
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import base58
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.documents import Document, as_list, format_time, parse_time, refuse_duplicates
from federation.errors import MalformedDocument, SignatureInvalid
from federation.keys import PublicKey
from federation.origins import is_http_uri, same_origin
from federation.signatures.request import SigningKey, sign_bytes, signature_fits
from federation.vocabulary import AS_CONTEXT, DATA_INTEGRITY_CONTEXT

_TYPE: Final = "DataIntegrityProof"
_SUITE: Final = "eddsa-jcs-2022"
_PURPOSE: Final = "assertionMethod"
_SKEW: Final = timedelta(hours=1)
_MAX_PROOFS: Final = 4
_MAX_EXACT: Final = 2**53 - 1
_SIGNATURE_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class ProofClaim:
    """What a proof says; nothing of it is proven yet."""

    key_id: str
    created: datetime
    signature: bytes
    signed: tuple[bytes, ...]
    """What may have been signed: some leave the context out of the proof that they had in it when they signed."""


def sign_document(document: Document, *, key: SigningKey, created: datetime) -> Document:
    """Return the document with a proof made by an Ed25519 key of its actor; its context names what the proof needs."""
    context = _with_integrity(document.get("@context"))
    unsigned = {"@context": context} | {name: value for name, value in document.items() if name != "@context"}
    options = {
        "@context": context,
        "type": _TYPE,
        "cryptosuite": _SUITE,
        "verificationMethod": key.key_id,
        "proofPurpose": _PURPOSE,
        "created": format_time(created),
    }
    signature = sign_bytes(_hashed(options, unsigned), key)
    return unsigned | {"proof": options | {"proofValue": "z" + base58.b58encode(signature).decode("ascii")}}


def load_exact(raw: bytes) -> Document:
    """Parse a document that `load_document` has accepted, without changing a character of it."""
    value: Document = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=refuse_duplicates, parse_int=_exact_number)
    return value


def inspect_proofs(document: Document, *, actor: str, now: datetime) -> tuple[ProofClaim, ...]:
    """Return the claims of a document's proofs that say they are the actor's; nothing when it carries none we read.

    SignatureInvalid: `proof_purpose`, `proof_key` (no key of the actor's origin), `proof_expired`, `clock_skew`,
    `proof_context`, `too_many_proofs`. MalformedDocument (`bad_proof`) for what cannot be read.
    """
    proofs = [proof for proof in as_list(document.get("proof")) if _is_ours_to_judge(proof)]
    if len(proofs) > _MAX_PROOFS:
        raise SignatureInvalid("too_many_proofs", f"at most {_MAX_PROOFS} proofs are looked at")
    bare = {name: value for name, value in document.items() if name not in {"proof", "signature"}}
    return tuple(_claim(proof, bare, actor, now) for proof in proofs)


def check_proof(claim: ProofClaim, public_key: PublicKey) -> None:
    """Raise SignatureInvalid (`proof_mismatch`, `algorithm_mismatch`) unless the proof is this key's."""
    if not isinstance(public_key, Ed25519PublicKey):
        raise SignatureInvalid("algorithm_mismatch", f"{_SUITE} takes an Ed25519 key")
    if not any(signature_fits(claim.signature, data, public_key, algorithm="ed25519") for data in claim.signed):
        raise SignatureInvalid("proof_mismatch", "the proof is not this key's over this document")


def canonical(value: Any) -> bytes:
    """Return a JSON value in the form of RFC 8785. MalformedDocument (`bad_proof`) for what has none."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise MalformedDocument("bad_proof", f"the document has no canonical form: {error}") from error


def _is_ours_to_judge(proof: Any) -> bool:
    return isinstance(proof, dict) and proof.get("type") == _TYPE and proof.get("cryptosuite") == _SUITE


def _claim(proof: Document, bare: Document, actor: str, now: datetime) -> ProofClaim:
    if proof.get("proofPurpose") != _PURPOSE:
        raise SignatureInvalid("proof_purpose", f"a proof is made for {_PURPOSE} here")
    key_id = proof.get("verificationMethod")
    if not isinstance(key_id, str) or not is_http_uri(key_id) or not same_origin(key_id, actor):
        raise SignatureInvalid("proof_key", f"the proof names {str(key_id)[:200]}, no key of {actor[:200]}")
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    signed = [_hashed(options, bare)]
    if "@context" not in options:
        if "@context" in bare:
            signed.append(_hashed({"@context": bare["@context"]} | options, bare))
    elif not _is_prefix(options["@context"], bare.get("@context")):
        raise SignatureInvalid("proof_context", "the proof's context is not the beginning of the document's")
    return ProofClaim(key_id, _checked_time(proof, now), _signature(proof.get("proofValue")), tuple(signed))


def _checked_time(proof: Document, now: datetime) -> datetime:
    created = parse_time(proof.get("created"))
    if created is None:
        raise MalformedDocument("bad_proof", "a proof does not say when it was made")
    if created > now + _SKEW:
        raise SignatureInvalid("clock_skew", "the proof is dated ahead of our clock; one of the two clocks is wrong")
    if "expires" in proof:
        expires = parse_time(proof["expires"])
        if expires is None or expires <= now or expires < created:
            raise SignatureInvalid("proof_expired", "the time of the proof is over")
    return created


def _signature(value: Any) -> bytes:
    if not isinstance(value, str) or not value.startswith("z") or len(value) > 100:
        raise MalformedDocument("bad_proof", "a proofValue that is not base58btc")
    try:
        signature: bytes = base58.b58decode(value[1:])
    except ValueError as error:
        raise MalformedDocument("bad_proof", "a proofValue that is not base58btc") from error
    if len(signature) != _SIGNATURE_BYTES:
        raise MalformedDocument("bad_proof", "a proofValue that is no Ed25519 signature")
    return signature


def _hashed(options: Document, document: Document) -> bytes:
    return hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(document)).digest()


def _is_prefix(shorter: Any, longer: Any) -> bool:
    beginning, whole = as_list(shorter), as_list(longer)
    return whole[: len(beginning)] == beginning


def _with_integrity(context: Any) -> list[Any]:
    entries = as_list(context) or [AS_CONTEXT]
    if DATA_INTEGRITY_CONTEXT in entries:
        return list(entries)
    return [entries[0], DATA_INTEGRITY_CONTEXT, *entries[1:]]


def _exact_number(text: str) -> int | float:
    number = int(text) if len(text) <= 17 else float(text)
    return float(number) if abs(number) > _MAX_EXACT else number
