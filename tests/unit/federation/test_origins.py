"""Origins, domains and handles: what is equal and what is refused (rows 22, 23, 62)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MalformedDocument, OriginMismatch
from federation.origins import (
    Handle,
    host_of,
    is_http_uri,
    is_subdomain_of,
    normalise_domain,
    parse_handle,
    parse_origin,
    require_same_origin,
    same_origin,
    split_uri,
)


@pytest.mark.parametrize(
    ("uri", "host", "target"),
    [
        ("https://GOOD.test/Users/1", "good.test", "/Users/1"),
        ("https://good.test:443", "good.test", "/"),
        ("HTTP://good.test:80/", "good.test", "/"),
        ("http://good.test:443/", "good.test:443", "/"),
        ("https://good.test:8443/a?b=c#d", "good.test:8443", "/a?b=c"),
        ("http://localhost:3000/x", "localhost:3000", "/x"),
        ("http://127.0.0.2:8001/x", "127.0.0.2:8001", "/x"),
        ("https://[::1]:99/", "[::1]:99", "/"),
        ("https://[2001:DB8::0:1]/", "[2001:db8::1]", "/"),
        ("https://bücher.example/ü?q=ü", "xn--bcher-kva.example", "/%C3%BC?q=%C3%BC"),
        ("https://good.test?author=1", "good.test", "/?author=1"),
        ("https://good.test/%7Ea/%2e%2e/b;c=d&#038;", "good.test", "/%7Ea/%2e%2e/b;c=d&"),
        ("https://a_b.good.test/", "a_b.good.test", "/"),
    ],
)
def test_host_and_target(uri: str, host: str, target: str) -> None:
    """SIG-8: the target is never re-encoded."""
    assert host_of(uri) == host
    assert split_uri(uri)[1] == target


@pytest.mark.parametrize(
    "uri",
    [
        "https://good.test@evil.test/",
        "https://a:b@good.test/",
        "https://good.test\\@evil.test/",
        "https://good.test./",
        "https://good..test/",
        "https://.good.test/",
        "https://good%2etest/",
        "https://good.test%00/",
        "https://good.test\x00/",
        "https://good\t.test/",
        "https://good.test/\r\nX: y",
        "https://good.test/a b",
        "https://ｇｏｏｄ.test/",
        "https://good。test/",
        "https://①②⑦.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://good.test:/",
        "https://good.test:0/",
        "https://good.test:65536/",
        "https://good.test:80:80/",
        "https://good.test:８０/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1]x/",
        "https://",
        "https:///x",
        "https:good.test",
        "//good.test/",
        "good.test",
        "ftp://good.test/",
        "javascript:alert(1)",
        "data:text/html,x",
        "acct:a@good.test",
        "bear:?u=https://good.test",
        "",
        "https://-good.test/",
        "https://good.test-/",
        "https://" + "a" * 64 + ".test/",
        "https://good.test/" + "x" * 2048,
        "https://good.test/\ud800",
    ],
)
def test_ambiguous_uris_are_refused(uri: str) -> None:
    """Rows 22, 23, 62."""
    with pytest.raises(MalformedDocument) as caught:
        parse_origin(uri)
    assert caught.value.reason == "bad_uri"
    assert not is_http_uri(uri)
    assert not same_origin(uri, uri)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://good.test/x", True),
        ("https://GOOD.test:443/y", True),
        ("http://good.test/", False),
        ("https://good.test:8443/", False),
        ("https://good.test.evil.test/", False),
        ("https://evil.test/good.test", False),
        ("https://good.testx/", False),
        ("https://sub.good.test/", False),
        ("https://good.test@evil.test/", False),
    ],
)
def test_same_origin(other: str, same: bool) -> None:
    """Row 22: parsed, never by prefix."""
    assert same_origin("https://good.test/a", other) is same
    if not same:
        with pytest.raises(OriginMismatch):
            require_same_origin("https://good.test/a", other, what="a and b")


@given(st.text(max_size=60))
def test_any_text_has_a_clear_origin_or_none(text: str) -> None:
    for uri in (text, f"https://{text}", f"https://good.test{text}"):
        if is_http_uri(uri):
            origin = parse_origin(uri)
            assert parse_origin(str(origin)) == origin
            assert str(origin).isascii()
            assert split_uri(uri)[1].isascii()


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@ann@Example.COM", Handle("ann", "example.com")),
        ("acct:ann@example.com", Handle("ann", "example.com")),
        ("acct:@ann@example.com", Handle("ann", "example.com")),
        (" Ann@localhost:3000 ", Handle("Ann", "localhost:3000")),
        ("@bo@127.0.0.2:8001", Handle("bo", "127.0.0.2:8001")),
        ("@127.0.0.1:8001@127.0.0.1:8001", Handle("127.0.0.1:8001", "127.0.0.1:8001")),
        ("@ann@bücher.example", Handle("ann", "xn--bcher-kva.example")),
        ("@ann", Handle("ann", None)),
        ("ann.b-c_d", Handle("ann.b-c_d", None)),
    ],
)
def test_handles(text: str, handle: Handle) -> None:
    assert parse_handle(text) == handle
    if handle.domain:
        assert parse_handle(str(handle)) == parse_handle(f"acct:{handle.acct}") == handle


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@@",
        "ann@",
        "@ann@",
        "@@b.example",
        "a b@c.d",
        "a/b@c.d",
        "a@b@c.d",
        "ann@b/c",
        "ann@b..c",
        "аnn@b.example",
        "ann@b.example\n@x",
        "a" * 3000,
    ],
)
def test_bad_handles(text: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        parse_handle(text)
    assert caught.value.reason == "bad_handle"


def test_domains() -> None:
    """Row 23."""
    assert normalise_domain("GOOD.test:443") == "good.test"
    assert normalise_domain("127.0.0.2:8001") == "127.0.0.2:8001"
    for text in (
        "",
        "good.test/",
        "good/.test",
        "good.test?x",
        "a@good.test",
        "good.test#",
        "good.test ",
        "%2e",
        "good.test.",
        "x\x00",
    ):
        with pytest.raises(MalformedDocument) as caught:
            normalise_domain(text)
        assert caught.value.reason == "bad_domain"


@pytest.mark.parametrize(
    ("host", "policy", "reached"),
    [
        ("blocked.test", "blocked.test", True),
        ("sub.blocked.test", "blocked.test", True),
        ("a.b.blocked.test", "Blocked.test", True),
        ("notblocked.test", "blocked.test", False),
        ("blocked.test", "sub.blocked.test", False),
        ("blocked.test:8443", "blocked.test", True),
        ("blocked.test", "blocked.test:8443", False),
        ("blocked.test:8443", "blocked.test:8443", True),
        ("127.0.0.1", "0.0.1", False),
        ("127.0.0.1:80", "127.0.0.1", True),
    ],
)
def test_policies_reach_subdomains(host: str, policy: str, reached: bool) -> None:
    """MOD-2, row 47."""
    assert is_subdomain_of(host, policy) is reached
