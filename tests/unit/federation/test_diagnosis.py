"""Which part of a request a proxy changed: found by holding the signature against what may have been sent."""

from dataclasses import replace

import pytest

from federation.keys import generate_rsa_key, load_public_key
from federation.signatures import SignedRequest, SigningKey, sign_request, sign_request_rfc9421
from federation.signatures.diagnosis import read_claim, rebuilt_signing_string, what_differs
from tests.unit.federation.conftest import NOW

PRIVATE, PUBLIC = generate_rsa_key()
KEY = SigningKey("https://b.example/k", PRIVATE)
URL = "https://a.example/users/1/inbox%20x?page=1"


def sent(scheme: str = "cavage", url: str = URL) -> SignedRequest:
    sign = sign_request_rfc9421 if scheme == "rfc9421" else sign_request
    headers = sign("POST", url, key=KEY, body=b"{}", now=NOW)
    target = "/" + url.split("/", 3)[3]
    return SignedRequest("POST", target, tuple(headers.items()), b"{}", frozenset({"a.example"}))


def with_header(request: SignedRequest, name: str, value: str) -> SignedRequest:
    others = [(key, old) for key, old in request.headers if key.lower() != name]
    return replace(request, headers=[*others, (name, value)])


def differs(request: SignedRequest) -> str:
    claim = read_claim(request)
    assert claim is not None
    return what_differs(claim, request, load_public_key(PUBLIC))


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_the_part_that_a_proxy_changed_is_named(scheme: str) -> None:
    """Host, path, query, scheme: each alone."""
    request = sent(scheme)
    assert "it fits for Host a.example" in differs(with_header(request, "host", "backend:8000"))
    decoded = replace(request, raw_target="/users/1/inbox x?page=1")
    assert "it fits for the target /users/1/inbox%20x?page=1" in differs(decoded)
    prefixed = replace(
        with_header(request, "x-original-uri", "/users/1/inbox%20x?page=1"), raw_target="/fedi/users/1/inbox?page=1"
    )
    assert "it fits for the target" in differs(prefixed)
    closed = replace(sent(scheme, "https://a.example/inbox/"), raw_target="/inbox")
    assert "it fits for the target /inbox/" in differs(closed)


def test_another_name_of_ours_behind_a_proxy() -> None:
    request = with_header(sent(url="https://alias.example/inbox"), "host", "backend")
    assert differs(request) == ""
    assert "it fits for Host alias.example" in differs(with_header(request, "x-forwarded-host", "alias.example"))


def test_the_scheme_by_which_they_reached_us() -> None:
    """RFC 9421 signs the whole address."""
    assert "it fits for http:" in differs(sent("rfc9421", "http://a.example/inbox"))


def test_a_content_type_that_a_proxy_extended() -> None:
    request = with_header(sent(), "content-type", "application/activity+json; charset=utf-8")
    assert "it fits for content-type 'application/activity+json'" in differs(request)


def test_a_forgery_fits_nothing_and_the_string_is_shown() -> None:
    request = sent()
    claim = read_claim(request)
    assert claim is not None
    assert what_differs(claim, request, load_public_key(generate_rsa_key()[1])) == ""
    foreign = with_header(request, "host", "backend:8000")
    assert "host: backend:8000" in rebuilt_signing_string(claim, foreign)
    assert read_claim(with_header(request, "signature", "nonsense")) is None
