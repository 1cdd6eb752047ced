"""Integrity proofs: the vectors of FEP-8b32 and RFC 8785, and what is no proof (SIG-22, row 34)."""

import hashlib
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from federation.documents import load_document
from federation.errors import FederationError, SignatureInvalid
from federation.keys import PublicKey, decode_multikey, generate_rsa_key, load_public_key
from federation.proofs import canonical, check_proof, inspect_proofs, load_exact, sign_document
from federation.signatures import SigningKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACTOR = "https://a.example/users/ann"
KEY_ID = f"{ACTOR}#ed25519-key"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]


def vectors(name: str) -> Any:
    return json.loads((Path(__file__).parents[2] / "vectors" / name).read_text())


def private_pem(seed: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


PEM = private_pem(bytes(range(32)))
PUBLIC = decode_multikey("z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd")
LIKE: dict[str, Any] = {
    "@context": CONTEXT,
    "id": "https://a.example/activities/1",
    "type": "Like",
    "actor": ACTOR,
    "object": "https://b.example/notes/9",
}


def signed(document: dict[str, Any] | None = None, key_id: str = KEY_ID) -> dict[str, Any]:
    return sign_document(document or LIKE, key=SigningKey(key_id, PEM), created=NOW)


def judge(document: Any, *, actor: str = ACTOR, now: datetime = NOW, key: PublicKey = PUBLIC, proofs: int = 1) -> None:
    """Check every proof of a document as it would arrive."""
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    load_document(raw)
    claims = inspect_proofs(load_exact(raw), actor=actor, now=now)
    assert len(claims) == proofs
    for claim in claims:
        check_proof(claim, key)


def refused(document: Any, **how: Any) -> str:
    with pytest.raises(FederationError) as caught:
        judge(document, **how)
    return caught.value.reason


def test_v4_hashes_and_proof() -> None:
    """V-4, SIG-22."""
    config = {
        "@context": CONTEXT,
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": KEY_ID,
        "proofPurpose": "assertionMethod",
        "created": "2026-01-02T03:04:05Z",
    }
    assert hashlib.sha256(canonical(LIKE)).hexdigest() == (
        "b6f4f0b343362cdac8b2ca6f54d922292b77a56249d1cf630734efcda9a12e3f"
    )
    assert hashlib.sha256(canonical(config)).hexdigest() == (
        "07c8b46e65a22defa445c6daad78cf4978e2e9e4b69a2aa2e90db858772aca12"
    )
    value = "z2zyXMY5LFtnNEa2qEKNoVpu3zBoiFVTzNhUWvZ8Le1YqxWhKmkGSwEQ3wzXCxJX6WzLHvJjh9sK92jVcfsC7cyT7"
    assert signed() == LIKE | {"proof": config | {"proofValue": value}}
    judge(signed())


FEP = vectors("fep-8b32-eddsa-jcs-2022.json")


@pytest.mark.parametrize("number", range(len(FEP["cases"])))
def test_fep_8b32_vectors(number: int) -> None:
    """SIG-22: the FEP's own document, floats included, made and checked."""
    case = FEP["cases"][number]
    document = case["document"] | {"proof": case["proof"] | {"proofValue": case["proofValue"]}}
    judge(document, actor=case["document"]["actor"], key=decode_multikey(FEP["publicKeyMultibase"]))
    seed = base58.b58decode(FEP["secretKeyMultibase"][1:])[2:]
    key = SigningKey(case["proof"]["verificationMethod"], private_pem(seed))
    created = datetime.fromisoformat(case["proof"]["created"])
    assert sign_document(case["document"], key=key, created=created) == document


JCS = vectors("rfc8785-jcs.json")


@pytest.mark.parametrize("case", JCS["cases"], ids=lambda case: case["name"])
def test_rfc8785_documents(case: Any) -> None:
    """RFC 8785: the canonical form of its author's documents."""
    value = json.loads(case["input"])
    assert canonical(value).decode() == case["output"]
    if isinstance(value, dict):
        assert canonical(load_exact(case["input"].encode())).decode() == case["output"]


@pytest.mark.parametrize(("bits", "text"), JCS["numbers_appendix_b"])
def test_rfc8785_numbers(bits: str, text: str) -> None:
    """RFC 8785, appendix B: every number, as it is written and as it is read back."""
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number).decode() == text
    assert canonical(load_exact(f'{{"n":{text}}}'.encode())).decode() == f'{{"n":{text}}}'


def test_a_proof_covers_numbers_and_characters_as_they_came() -> None:
    """SIG-22: what is judged is the text received, whatever another writer would make of it."""
    place = LIKE | {
        "location": {"latitude": 1.0, "longitude": -71.184902, "altitude": 2**60},
        "name": "é\u2028 \U0001f600",
    }
    raw = json.dumps(signed(load_exact(json.dumps(place).encode())))
    judge(raw.encode())
    judge(raw.replace("1152921504606846976", "1.152921504606847e18").encode())
    assert refused(raw.replace("-71.184902", "-71.184903").encode()) == "proof_mismatch"
    assert refused(raw.replace("\\u2028", "\\ud800").encode()) == "bad_proof"


@pytest.mark.parametrize(
    "change",
    [
        {"object": "https://b.example/notes/10"},
        {"to": ["https://c.example/users/carol"]},
        {"@context": [*CONTEXT, {"object": "as:target"}]},
        {"actor": "https://a.example/users/other"},
    ],
)
def test_a_changed_document_is_refused(change: dict[str, Any]) -> None:
    """Row 34: the proof is over everything but itself; what is added or altered later breaks it."""
    assert refused(signed() | change) == "proof_mismatch"


def test_an_ld_signature_beside_a_proof_is_no_part_of_it() -> None:
    """SIG-21, SIG-22."""
    judge(signed() | {"signature": {"type": "RsaSignature2017", "signatureValue": "AAAA"}})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"proofPurpose": "authentication"}, "proof_purpose"),
        ({"proofPurpose": None}, "proof_purpose"),
        ({"verificationMethod": "https://evil.test/users/m#ed25519-key"}, "proof_key"),
        ({"verificationMethod": "http://a.example/users/ann#ed25519-key"}, "proof_key"),
        ({"verificationMethod": "https://a.example:8443/users/ann#ed25519-key"}, "proof_key"),
        ({"verificationMethod": "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"}, "proof_key"),
        ({"verificationMethod": {"id": KEY_ID}}, "proof_key"),
        ({"created": "2026-01-02T05:04:05Z"}, "clock_skew"),
        ({"created": "yesterday"}, "bad_proof"),
        ({"created": None}, "bad_proof"),
        ({"expires": "2026-01-02T03:04:04Z"}, "proof_expired"),
        ({"expires": "soon"}, "proof_expired"),
        ({"@context": [CONTEXT[1]]}, "proof_context"),
        ({"@context": [*CONTEXT, "https://c.example/context"]}, "proof_context"),
        ({"proofValue": "m2zyX"}, "bad_proof"),
        ({"proofValue": "z0OIl"}, "bad_proof"),
        ({"proofValue": "z" + "2" * 200}, "bad_proof"),
        ({"proofValue": "z6Mk"}, "bad_proof"),
        ({"proofValue": ["z6Mk"]}, "bad_proof"),
        ({"domain": "b.example"}, "proof_mismatch"),
        ({"created": "2026-01-02T03:04:04Z"}, "proof_mismatch"),
        ({"@context": [CONTEXT[0]]}, "proof_mismatch"),
    ],
)
def test_proofs_that_do_not_hold(change: dict[str, Any], reason: str) -> None:
    """SIG-22, row 34: purpose, key, times, context and value, each wrong once."""
    document = signed()
    assert refused(document | {"proof": document["proof"] | change}) == reason


def test_of_several_proofs_all_must_hold() -> None:
    """Row 34: two proofs, one bad."""
    good = signed()["proof"]
    other = signed(LIKE | {"object": "https://b.example/notes/10"})["proof"]
    judge(LIKE | {"proof": [good, good]}, proofs=2)
    assert refused(LIKE | {"proof": [good, other]}, proofs=2) == "proof_mismatch"
    assert refused(LIKE | {"proof": [good] * 5}) == "too_many_proofs"


@pytest.mark.parametrize(
    "proof",
    [
        None,
        [],
        "https://a.example/proofs/1",
        {"type": "MitraJcsRsaSignature2022", "proofValue": "AAAA"},
        {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023", "proofValue": "u2V0"},
    ],
)
def test_proofs_of_other_kinds_prove_nothing(proof: Any) -> None:
    """SIG-22: they are passed over, so that what carries them is judged by the rest of SIG-23."""
    judge(LIKE | {"proof": proof}, proofs=0)


def test_a_context_left_out_of_the_proof_is_the_documents() -> None:
    """SIG-22: Fedify signs its options with the document's context and sends them without."""
    document = signed()
    proof = {name: value for name, value in document["proof"].items() if name != "@context"}
    judge(document | {"proof": proof})
    assert refused(document | {"proof": proof, "@context": [*CONTEXT, "https://c.example/context"]}) == "proof_mismatch"


def test_other_keys_do_not_fit() -> None:
    """Row 34: an RSA key, and somebody else's Ed25519 key."""
    assert refused(signed(), key=load_public_key(generate_rsa_key()[1])) == "algorithm_mismatch"
    assert refused(signed(), key=decode_multikey(FEP["publicKeyMultibase"])) == "proof_mismatch"


def test_the_context_names_what_the_proof_needs() -> None:
    """SIG-22: once, behind the first entry, whatever the document's own context is."""
    for context in ("https://www.w3.org/ns/activitystreams", None, [CONTEXT[0], {"Hashtag": "as:Hashtag"}]):
        document = signed(LIKE | {"@context": context})
        assert document["@context"][:2] == CONTEXT
        assert document["proof"]["@context"] == document["@context"]
        judge(document)
    assert signed()["@context"] == CONTEXT


def test_no_signature_without_an_owner_to_compare() -> None:
    """Row 34: a proof counts for the actor it is asked for, and for nobody else of other origins."""
    with pytest.raises(SignatureInvalid):
        inspect_proofs(signed(), actor="https://good.test/users/alice", now=NOW)


@pytest.mark.parametrize("shape", [None, 5, True, "", "x", [], [[]], {}, {"id": 5}, 1e300, "\u2028"])
@pytest.mark.parametrize(
    "name", ["type", "verificationMethod", "proofPurpose", "created", "expires", "proofValue", "@context"]
)
def test_no_shape_of_a_proof_is_more_than_a_refusal(name: str, shape: Any) -> None:
    """Row 30, row 34: wrong types anywhere are refused or passed over, never a crash and never a proof."""
    document = signed()
    raw = json.dumps(document | {"proof": document["proof"] | {name: shape}}).encode()
    try:
        claims = inspect_proofs(load_exact(raw), actor=ACTOR, now=NOW)
    except FederationError:
        return
    for claim in claims:
        with pytest.raises(SignatureInvalid):
            check_proof(claim, PUBLIC)
