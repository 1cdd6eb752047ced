"""HTTP signatures by published vectors, by what other servers sign, and by what must bounce (SIG, rows 1-10)."""

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import FederationError, MalformedDocument, SignatureInvalid
from federation.keys import generate_rsa_key, load_private_key, load_public_key
from federation.signatures import (
    SignedRequest,
    SigningKey,
    inspect_signature,
    read_wish,
    sign_request,
    sign_request_rfc9421,
    verify_signature,
)
from federation.signatures.cavage import signing_string
from federation.signatures.request import SignatureClaim, sign_bytes, signature_fits
from federation.signatures.rfc9421 import signature_base
from federation.signatures.structured import InnerList, parse_dictionary
from federation.vocabulary import AP_TYPE

VECTORS = Path(__file__).parents[2] / "vectors"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BODY = b'{"hello": "world"}'
INBOX = "https://b.example/inbox"
PRIVATE, PUBLIC_PEM = generate_rsa_key()
KEY = SigningKey("https://a.example/users/ann#main-key", PRIVATE)
PUBLIC_KEY = load_public_key(PUBLIC_PEM)
SEED = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEED_PEM = SEED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


def arrived(
    headers: dict[str, str],
    *,
    method: str = "POST",
    target: str = "/inbox",
    body: bytes = BODY,
    host: str = "b.example",
) -> SignedRequest:
    return SignedRequest(method, target, tuple(headers.items()), body, frozenset({host}))


def verify(request: SignedRequest, *, now: datetime = NOW, key: Any = PUBLIC_KEY) -> SignatureClaim:
    claim = inspect_signature(request)
    verify_signature(claim, key, request=request, now=now)
    return claim


def refused(request: SignedRequest, *, now: datetime = NOW, key: Any = PUBLIC_KEY) -> str:
    with pytest.raises(FederationError) as caught:
        verify(request, now=now, key=key)
    return caught.value.reason


def resigned(
    names: str, headers: dict[str, str], *, target: str = "/inbox", extra: str = "", **fields: Any
) -> dict[str, str]:
    """Sign a chosen list of headers, as a peer with other habits (or bad intentions) would."""
    claim = SignatureClaim("cavage", KEY.key_id, "rsa-sha256", tuple(names.split()), b"", None, None)
    claim = replace(claim, **fields)
    request = arrived(headers, target=target)
    signature = base64.b64encode(sign_bytes(signing_string(claim, request), KEY)).decode()
    text = f'keyId="{KEY.key_id}",algorithm="{claim.algorithm}",headers="{names}",signature="{signature}"{extra}'
    return headers | {"Signature": text}


@pytest.fixture
def headers() -> dict[str, str]:
    return sign_request("POST", INBOX, key=KEY, body=BODY, now=NOW)


def test_v1_signing_string_and_digest(headers: dict[str, str]) -> None:
    """V-1, SIG-1, SIG-3: the published digest, signing string and label."""
    assert headers["Digest"] == "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="
    assert headers["Date"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    claim = verify(arrived(headers))
    string = signing_string(claim, arrived(headers))
    assert hashlib.sha256(string).hexdigest() == "0473b68aace212d2958e9f7b8d6ae765b05ab32a96f5ac9d7fae6b1bd21baabb"
    assert claim.key_id == KEY.key_id
    assert "(created)" not in headers["Signature"]
    assert 'algorithm="rsa-sha256"' in headers["Signature"]  # SIG-3


def test_v2_rfc9421_base_and_signature() -> None:
    """V-2, SIG-10: the published base and Ed25519 signature, byte for byte."""
    key = SigningKey("https://a.example/users/ann#ed25519-key", SEED_PEM)
    headers = sign_request_rfc9421("POST", INBOX, key=key, body=BODY, now=NOW, algorithm=None)
    assert headers["Signature"] == (
        "sig1=:7U/jpbRuwHKthTJzsyqXHtk6sBNp4pZnY553MF9V9wdkWJcrSpMXCqBmOznkKvycAHj9aeDQbAWLt5uncfosBQ==:"
    )
    request = arrived(headers)
    claim = verify(request, key=SEED.public_key())
    base = signature_base(claim, request)
    assert hashlib.sha256(base).hexdigest() == "e8bd3d64f3327f9023c82b0d0a27648b8f4406b0322fc22e7061df8f7cb2e63c"


@pytest.mark.parametrize("sign", [sign_request, sign_request_rfc9421])
@pytest.mark.parametrize(
    "url", [INBOX, "https://b.example/x?author=1&p=%C3%BC", "https://b.example", "https://b.example:8443/i"]
)
@pytest.mark.parametrize("body", [BODY, None])
def test_what_we_sign_we_accept(sign: Any, url: str, body: bytes | None) -> None:
    """SIG-1, SIG-2, SIG-10: round trip with path, query, port, with and without a body."""
    method = "GET" if body is None else "POST"
    made = sign(method, url, key=KEY, body=body, now=NOW)
    target = "/" + url.removeprefix("https://").partition("/")[2]
    host = url.removeprefix("https://").partition("/")[0]
    request = SignedRequest(method, target, tuple(made.items()), body or b"", frozenset({host}))
    assert verify(request).key_id == KEY.key_id


MASTODON = vectors("mastodon-signed-requests.json")


@pytest.mark.parametrize("case", MASTODON["cases"], ids=lambda case: case["name"][-90:])
def test_requests_as_mastodon_signs_them(case: Any) -> None:
    """28 requests of the Mastodon family: valid ones pass, the rest bounce (SIG-4 to SIG-8, SIG-11).

    An inaccessible key is the caller's case: there the signature itself may verify. A 400 is a malformed
    document, a 401 an invalid signature.
    """
    request = SignedRequest(
        case["method"],
        case["path"],
        tuple(case["headers"].items()),
        (case["body"] or "").encode(),
        frozenset({MASTODON["host"]}),
    )
    key = load_public_key(MASTODON["public_keys"][case["key"]])
    now = datetime.fromisoformat(MASTODON["clock"])
    if "inaccessible key" in case["name"]:
        assert inspect_signature(request).key_id == "https://remote.domain/users/alice#main-key"
        return
    if case["expect"] == "valid":
        verify(request, now=now, key=key)
        return
    expected = MalformedDocument if case["http_status"] == 400 else SignatureInvalid
    with pytest.raises(expected):
        verify(request, now=now, key=key)


RFC = vectors("rfc9421-appendix-b.json")


@pytest.mark.parametrize("case", [c for c in RFC["cases"] if c["alg"] != "hmac-sha256"], ids=lambda case: case["name"])
def test_rfc9421_appendix_b(case: Any) -> None:
    """SIG-11: base and signature of the RFC's own examples (below our demands on coverage)."""
    wire = case.get("request", RFC["request"])
    host, _, rest = wire["url"].removeprefix("https://").partition("/")
    request = SignedRequest(
        wire["method"],
        f"/{rest}",
        tuple(map(tuple, wire["headers"])),
        wire.get("body", "").encode(),
        frozenset({host}),
    )
    (member,) = parse_dictionary(case["input"]).values()
    assert isinstance(member, InnerList)
    claim = SignatureClaim("rfc9421", "k", case["alg"], tuple(map(str, member.value)), b"", 0, None, str(member))
    assert signature_base(claim, request).decode() == case["signature_base"]
    key = load_public_key(RFC["keys"]["test-key-ed25519" if case["alg"] == "ed25519" else "test-key-rsa-pss"])
    signature = base64.b64decode(case["sig"])
    assert signature_fits(signature, case["signature_base"].encode(), key, algorithm=case["alg"])
    assert not signature_fits(signature, case["signature_base"].encode() + b"x", key, algorithm=case["alg"])


def test_an_hmac_signature_is_not_accepted() -> None:
    """Row 9: RFC 9421's B.2.5 is keyed with a shared secret; nothing here shares one."""
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW, algorithm="hmac-sha256")
    assert refused(arrived(made)) == "unknown_algorithm"


def test_cavage_appendix_c_strings() -> None:
    """SIG-2: the draft's own signing strings."""
    data = vectors("cavage12-appendix-c.json")
    wire = data["request"]
    request = SignedRequest(
        wire["method"], wire["path"], tuple(wire["headers"].items()), wire["body"].encode(), frozenset()
    )
    for case in data["cases"]:
        claim = SignatureClaim("cavage", "Test", None, tuple(case["headers"].split()), b"", None, None)
        assert signing_string(claim, request).decode() == case["signing_string"]


def test_an_unsigned_request_is_refused() -> None:
    """Row 1."""
    assert refused(arrived({"Host": "b.example", "Date": "Fri, 02 Jan 2026 03:04:05 GMT"})) == "missing_signature"


def test_an_altered_body_is_refused(headers: dict[str, str]) -> None:
    """SIG-6, row 3: body changed by a byte; digest not signed; no digest at all."""
    assert refused(arrived(headers, body=BODY + b" ")) == "digest_mismatch"
    without = {name: value for name, value in headers.items() if name != "Digest"}
    assert refused(arrived(without)) == "digest_missing"
    unsigned = resigned("(request-target) host date", headers)
    assert refused(arrived(unsigned)) == "too_little_covered"
    unknown = headers | {"Digest": "MD5=abc"}
    assert refused(arrived(unknown)) == "digest_unknown"


def test_one_bad_digest_among_several_is_refused(headers: dict[str, str]) -> None:
    """SIG-6: a list of digests passes only when each that we know fits."""
    both = headers["Digest"] + ",sha-512=" + base64.b64encode(hashlib.sha512(BODY).digest()).decode()
    names = "(request-target) host date digest"
    verify(arrived(resigned(names, headers | {"Digest": both})))
    bad = headers["Digest"] + ",SHA-512=" + base64.b64encode(hashlib.sha512(b"x").digest()).decode()
    assert refused(arrived(resigned(names, headers | {"Digest": bad}))) == "digest_mismatch"


@pytest.mark.parametrize(
    "names", ["host date digest", "(request-target) date digest", "(request-target) host digest", "date", ""]
)
def test_each_omission_is_refused(headers: dict[str, str], names: str) -> None:
    """SIG-5, rows 5, 6, 10: target, host, date and digest must all be covered; so must `headers=""`."""
    assert refused(arrived(resigned(names, headers))) == "too_little_covered"


def test_a_listed_header_that_is_absent_is_refused(headers: dict[str, str]) -> None:
    """SIG-5."""
    text = headers["Signature"].replace(" digest content-type", " digest x-gone")
    assert refused(arrived(headers | {"Signature": text})) == "header_absent"


def test_a_captured_request_fits_no_other_target_or_host(headers: dict[str, str]) -> None:
    """Rows 5 and 6: other path, other method, other host."""
    assert refused(arrived(headers, target="/users/1/inbox")) == "signature_mismatch"
    assert refused(arrived(headers, method="PUT")) == "signature_mismatch"
    assert refused(arrived(headers, host="c.example")) == "wrong_host"
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW)
    assert refused(arrived(made, target="/users/1/inbox")) == "signature_mismatch"
    assert refused(arrived(made, host="c.example")) == "wrong_host"


def test_a_default_port_in_host_is_the_same_host(headers: dict[str, str]) -> None:
    """SIG-2: some clients write it out."""
    spelled = headers | {"Host": "b.example:443"}
    verify(arrived(resigned("(request-target) host date digest", spelled)))


@pytest.mark.parametrize("seconds", [0, 3599, -64 * 60])
@pytest.mark.parametrize("sign", [sign_request, sign_request_rfc9421])
def test_the_time_window_is_wide_enough(sign: Any, seconds: int) -> None:
    """SIG-7."""
    verify(arrived(sign("POST", INBOX, key=KEY, body=BODY, now=NOW + timedelta(seconds=seconds))))


@pytest.mark.parametrize(
    ("seconds", "reason"), [(2 * 3600, "clock_skew"), (-66 * 60, "expired"), (-13 * 3600, "expired")]
)
@pytest.mark.parametrize("sign", [sign_request, sign_request_rfc9421])
def test_the_time_window_is_narrow_enough(sign: Any, seconds: int, reason: str) -> None:
    """SIG-7, row 7."""
    made = sign("POST", INBOX, key=KEY, body=BODY, now=NOW + timedelta(seconds=seconds))
    assert refused(arrived(made)) == reason


def test_created_and_expires_of_the_draft(headers: dict[str, str]) -> None:
    """SIG-4, SIG-7, row 7: `(created)` with hs2019 stands for the date; past, future and crossed ones bounce."""
    at = int(NOW.timestamp())
    names = "(request-target) host digest (created) (expires)"

    def made(created: int, expires: int, algorithm: str = "hs2019") -> SignedRequest:
        extra = f",created={created},expires={expires}"
        return arrived(resigned(names, headers, extra=extra, created=created, expires=expires, algorithm=algorithm))

    verify(made(at, at + 300))
    verify(made(at - 11 * 3600, at + 60))
    assert refused(made(at + 7200, at + 9000)) == "clock_skew"
    assert refused(made(at - 9000, at - 7200)) == "expired"
    assert refused(made(at, at - 1)) == "expired"
    assert refused(made(at - 14 * 3600, at + 60)) == "expired"
    assert refused(made(at, at + 60, "rsa-sha256")) == "too_little_covered"


@pytest.mark.parametrize("algorithm", ["none", "hmac-sha256", "rsa-sha1", ""])
def test_other_algorithms_are_refused(headers: dict[str, str], algorithm: str) -> None:
    """Row 9."""
    text = headers["Signature"].replace("rsa-sha256", algorithm)
    assert refused(arrived(headers | {"Signature": text})) in {"unknown_algorithm", "bad_signature_header"}


def test_the_label_must_fit_the_key(headers: dict[str, str]) -> None:
    """SIG-4, SIG-11: the type of the key decides, and a label that contradicts it bounces."""
    assert refused(arrived(headers), key=SEED.public_key()) == "algorithm_mismatch"
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW, algorithm="ed25519")
    assert refused(arrived(made)) == "algorithm_mismatch"


def test_another_key_does_not_fit(headers: dict[str, str]) -> None:
    """Row 14: after a roll-over the old key is refused."""
    other = load_public_key(generate_rsa_key()[1])
    assert refused(arrived(headers), key=other) == "signature_mismatch"


def test_query_quirk_goes_one_way_only() -> None:
    """SIG-8: signed without the query is accepted, signed with another query is not."""
    url = "https://b.example/inbox?x=1"
    short = sign_request("POST", url, key=KEY, body=BODY, now=NOW, with_query=False)
    verify(arrived(short, target="/inbox?x=1"))
    full = sign_request("POST", url, key=KEY, body=BODY, now=NOW)
    assert refused(arrived(full, target="/inbox?x=2")) == "signature_mismatch"
    assert refused(arrived(full, target="/inbox")) == "signature_mismatch"


def test_spellings_of_the_header(headers: dict[str, str]) -> None:
    """SIG-4, row 10: Authorization, the word Signature before it, upper-case names, blanks, tokens."""
    text = headers.pop("Signature")
    for name, value in [
        ("Authorization", f"Signature {text}"),
        ("Signature", f"Signature {text}"),
        ("signature", text.replace('",', '", ')),
        ("Signature", text.replace('"rsa-sha256"', "rsa-sha256")),
        ("Signature", text.replace("host date", "Host Date").replace("keyId", "keyid")),
    ]:
        verify(arrived(headers | {name: value}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        'keyId="a",keyId="b",signature="YQ=="',
        'keyId="a",signature="%%%"',
        'keyId="a"',
        'signature="YQ=="',
        'keyId="a",signature="YQ==",',
        'keyId="",signature="YQ=="',
        'keyId="a",signature="YQ==",created=x',
        'keyId="a' + "x" * 9000,
    ],
)
def test_unreadable_headers_are_malformed(headers: dict[str, str], text: str) -> None:
    """SIG-4: 400, never a 500."""
    with pytest.raises(MalformedDocument):
        inspect_signature(arrived(headers | {"Signature": text}))


def test_duplicates_have_one_reading_or_none(headers: dict[str, str]) -> None:
    """Row 10: two Signature headers bounce; doubled signed lines are read joined, and so do not verify."""
    twice = (*headers.items(), ("signature", headers["Signature"]))
    request = SignedRequest("POST", "/inbox", twice, BODY, frozenset({"b.example"}))
    assert refused(request) == "duplicate_signature"
    for name in ("Date", "Digest", "Host"):
        doubled = (*headers.items(), (name, headers[name]))
        request = SignedRequest("POST", "/inbox", doubled, BODY, frozenset({"b.example"}))
        assert refused(request) in {"bad_date", "signature_mismatch", "wrong_host"}


@pytest.mark.parametrize("left_out", ['"@method" ', '"@target-uri" ', ' "content-digest"'])
def test_rfc9421_coverage(left_out: str) -> None:
    """SIG-11, row 5."""
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW)
    made["Signature-Input"] = made["Signature-Input"].replace(left_out, "")
    assert refused(arrived(made)) == "too_little_covered"


@pytest.mark.parametrize(
    ("components", "target", "fits"),
    [
        (("@method", "@authority", "@path", "content-digest"), "/inbox", True),
        (("@method", "@authority", "@path", "content-digest"), "/inbox?a=1", False),
        (("@method", "@authority", "@path", "@query", "content-digest"), "/inbox?a=1", True),
        (("@method", "@authority", "@request-target", "content-digest"), "/inbox?a=1", True),
        (("@method", "@path", "content-digest"), "/inbox", False),
    ],
)
def test_rfc9421_ways_to_cover_the_target(components: tuple[str, ...], target: str, fits: bool) -> None:
    """SIG-11: target-uri, or authority with path (and query), or authority with request-target."""
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW)
    names = " ".join(f'"{name}"' for name in components)
    parameters = f'({names});created={int(NOW.timestamp())};keyid="{KEY.key_id}"'
    request = arrived(made, target=target)
    covered = tuple(f'"{name}"' for name in components)
    claim = SignatureClaim("rfc9421", KEY.key_id, None, covered, b"", int(NOW.timestamp()), None, parameters)
    signature = base64.b64encode(sign_bytes(signature_base(claim, request), KEY)).decode()
    made |= {"Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{signature}:"}
    if fits:
        verify(arrived(made, target=target))
    else:
        assert refused(arrived(made, target=target)) == "too_little_covered"


@pytest.mark.parametrize(
    "text",
    [
        "sig1",
        "sig1=(",
        'sig1=("@method";created=1',
        'sig1=("@method");created=1;created=2',
        'SIG=("@method");created=1',
        'sig1=("@method" "@method" "@target-uri" "content-digest");created=1767323045;keyid="k"',
        'sig1=("@method"),sig1=("@method")',
        'sig1=("@method"),',
    ],
)
def test_unreadable_rfc9421_is_refused(text: str) -> None:
    made = sign_request_rfc9421("POST", INBOX, key=KEY, body=BODY, now=NOW)
    with pytest.raises((MalformedDocument, SignatureInvalid)):
        inspect_signature(arrived(made | {"Signature-Input": text}))


@given(text=st.text(max_size=200), name=st.sampled_from(["Signature", "Signature-Input", "Digest", "Date", "Host"]))
def test_no_header_makes_anything_but_a_refusal(text: str, name: str) -> None:
    """Rows 10 and 30: never another exception than ours."""
    for sign in (sign_request, sign_request_rfc9421):
        made = sign("POST", INBOX, key=KEY, body=BODY, now=NOW)
        with contextlib.suppress(FederationError):
            verify(arrived(made | {name: text}))


def test_the_private_key_does_not_show() -> None:
    assert "PRIVATE" not in repr(KEY)
    assert load_private_key(PRIVATE) is load_private_key(PRIVATE)


def test_content_type_is_ours(headers: dict[str, str]) -> None:
    assert headers["Content-Type"] == AP_TYPE


@pytest.mark.parametrize("body", [BODY, None])
def test_a_wish_is_fulfilled_and_never_weakens(body: bytes | None) -> None:
    """SIG-13: what `Accept-Signature` asks for is signed too; method, target and body always are (row 5)."""
    asked = 'sig9=("@authority" "@query");created;expires;nonce="b3k2";tag="app-1";keyid="' + KEY.key_id + '"'
    wish = read_wish(asked, key_id=KEY.key_id, has_body=body is not None)
    assert wish is not None
    method = "GET" if body is None else "POST"
    made = sign_request_rfc9421(method, f"{INBOX}?a=1", key=KEY, body=body, now=NOW, wish=wish)
    request = SignedRequest(method, "/inbox?a=1", tuple(made.items()), body or b"", frozenset({"b.example"}))
    claim = verify(request)
    assert {'"@method"', '"@target-uri"', '"@authority"', '"@query"'} <= set(claim.covered)
    assert ('"content-digest"' in claim.covered) is (body is not None)
    assert made["Signature-Input"].startswith("sig9=(")
    assert made["Signature-Input"].endswith(';nonce="b3k2";tag="app-1"')
    assert claim.expires == int(NOW.timestamp()) + 300


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "sig1",
        'sig1="@method"',
        'sig1=("@method"',
        'sig1=("cookie")',
        'sig1=("@status")',
        'sig1=("@method";req)',
        'sig1=("@method");alg="ed25519"',
        'sig1=("@method");keyid="https://evil.test/key"',
        'sig1=("content-digest")',
    ],
)
def test_wishes_that_cannot_be_fulfilled(asked: str) -> None:
    """SIG-13: then the next scheme is tried as without it."""
    assert read_wish(asked, key_id=KEY.key_id, has_body=False) is None
