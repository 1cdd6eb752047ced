"""Raw documents and their accessors (GEN-1, GEN-6, GEN-8, rows 27, 29, 30)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.documents import (
    as_bool,
    as_int,
    as_list,
    first_id,
    format_time,
    ids_of,
    link_url,
    load_document,
    natural_text,
    object_of,
    parse_time,
    text_of,
    type_of,
)
from federation.errors import MalformedDocument
from federation.vocabulary import MAX_BODY, accepts_activity_json, is_activity_json, is_public

ABSENT = object()
U = "https://b.example/x"
SHAPES: list[tuple[Any, tuple[str, ...]]] = [
    (None, ()),
    (U, (U,)),
    ({"id": U}, (U,)),
    ([], ()),
    ([U], (U,)),
    ([{"id": U}, U], (U,)),
    ([None, 5, {"x": 1}, [U], U], (U,)),
    ({"type": "Thing"}, ()),
]


def reason(raw: bytes, **more: Any) -> str:
    with pytest.raises(MalformedDocument) as caught:
        load_document(raw, **more)
    return caught.value.reason


@pytest.mark.parametrize(("shape", "ids"), SHAPES)
@pytest.mark.parametrize("key", ["actor", "to", "cc", "attributedTo", "inReplyTo", "object", "target", "alsoKnownAs"])
def test_references_in_eight_shapes(key: str, shape: Any, ids: tuple[str, ...]) -> None:
    """GEN-1."""
    document = {key: shape}
    assert ids_of(document.get(key)) == ids
    assert first_id(document.get(key)) == (ids[0] if ids else None)


@pytest.mark.parametrize(
    ("shape", "url"),
    [
        (None, None),
        (U, U),
        ({"href": U}, U),
        ({"type": "Image", "url": U}, U),
        ({"type": "Image", "url": [{"href": U}]}, U),
        ([{"href": "https://b.example/v", "mediaType": "video/mp4"}, {"href": U, "mediaType": "text/html"}], U),
        ([[]], None),
        ([5, {"href": None}, {"href": 7}, U], U),
    ],
)
def test_links_in_eight_shapes(shape: Any, url: str | None) -> None:
    """GEN-1, row 30 (`url: [[]]`)."""
    assert link_url(shape) == url


def test_scalars() -> None:
    """GEN-1."""
    assert [text_of(v) for v in (None, "", "a", ["", "b"], {"a": 1}, 5, True)] == [
        None,
        None,
        "a",
        "b",
        None,
        "5",
        None,
    ]
    assert [as_int(v) for v in (None, "7", 7.9, -1, 1e18, True, [3], "x", [])] == [
        None,
        7,
        7,
        0,
        2**53,
        None,
        3,
        None,
        None,
    ]
    assert [as_bool(v) for v in (True, "true", [True], 1, "yes", None, {})] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert as_list({"a": 1}) == [{"a": 1}]
    assert object_of(["x", {"a": 1}]) == {"a": 1}


def test_types() -> None:
    """GEN-1: the first known of several; `as:` and the full IRI stripped."""
    known = {"Note", "Article"}
    for value in ("Note", ["Note"], ["x:Thing", "Note"], "as:Note", "https://www.w3.org/ns/activitystreams#Note"):
        assert type_of({"type": value}, known) == "Note"
    for value in (None, [], 5, {"a": 1}, "Thing"):
        assert type_of({"type": value}, known) is None
    assert type_of("Note", known) is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"content": "a", "contentMap": {"de": "b", "en": "a"}}, ("a", "en")),
        ({"content": "a", "contentMap": {"de": "b"}}, ("a", "de")),
        ({"content": "a", "contentMap": {"de": "b", "en": "c"}}, ("a", None)),
        ({"contentMap": {"de": "b", "en": "c"}}, ("b", "de")),
        ({"content": [], "contentMap": "x"}, (None, None)),
    ],
)
def test_text_and_its_language(document: Any, expected: Any) -> None:
    """OBJ-2."""
    assert natural_text(document, "content") == expected


def test_duplicate_keys_are_refused_at_every_depth() -> None:
    """Row 27: Python keeps the last, others the first."""
    assert reason(b'{"actor":"a","actor":"b"}') == "duplicate_keys"
    assert reason(b'{"object":{"id":1,"id":2}}') == "duplicate_keys"
    assert reason(b'{"actor":"a","actor\\u0000":"b"}') == "duplicate_keys"
    assert reason(b'{"actor":"a","\\ud800actor":"b"}') == "duplicate_keys"


@pytest.mark.parametrize(
    "raw", [b"", b"nonsense", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":1e999}', b'{"a":"\xff"}', b'{"a":1}x', b"{" * 50]
)
def test_what_is_no_json(raw: bytes) -> None:
    assert reason(raw) == "not_json"


@pytest.mark.parametrize("raw", [b"[]", b'"x"', b"5", b"null", b"true"])
def test_the_top_level_is_an_object(raw: bytes) -> None:
    """GEN-6."""
    assert reason(raw) == "not_an_object"


def test_size_and_depth() -> None:
    """GEN-6: 1 MiB, 64 levels."""
    assert reason(b" " * (MAX_BODY + 1)) == "too_large"
    assert reason(b'{"a":1}', limit=6) == "too_large"
    assert load_document(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}")
    assert reason(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}") == "too_deep"
    assert reason(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}") == "too_deep"
    assert load_document(json.dumps({"a": [[i] for i in range(1000)]}).encode())


def test_nul_and_lone_surrogates_are_stripped() -> None:
    """Row 29: a database refuses them; pairs stay."""
    raw = rb'{"a\u0000":"x\u0000y\ud800z \ud83d\ude00","l":["\udc00",{"k":"\u0000"}]}'
    assert load_document(raw) == {"a": "xyz \U0001f600", "l": ["", {"k": ""}]}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
def test_accessors_never_raise(value: Any) -> None:
    """Row 30."""
    as_list(value), first_id(value), ids_of(value), text_of(value), link_url(value), as_int(value)
    as_bool(value), parse_time(value), type_of(value, {"Note"}), object_of(value)
    if isinstance(value, dict):
        natural_text(value, "content")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05Z"),
        ("2026-01-02 03:04:05-0000", "2026-01-02T03:04:05Z"),
        ("2026-01-02t03:04z", "2026-01-02T03:04:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-06-30T23:59:60Z", "2026-06-30T23:59:59Z"),
        ("2026-13-02T03:04:05Z", None),
        ("99999-01-02T03:04:05Z", None),
        ("2026-01-02", None),
        ("yesterday", None),
        (-1, None),
        (None, None),
        ({}, None),
        ("2026-01-02T03:04:05+99:99", None),
        ("٢٠٢٦-01-02T03:04:05Z", None),
    ],
)
def test_times(text: Any, expected: str | None) -> None:
    """GEN-8."""
    parsed = parse_time(text)
    assert (format_time(parsed) if parsed else None) == expected
    assert parsed is None or parsed.tzinfo is UTC


def test_a_naive_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="naive"):
        format_time(datetime(2026, 1, 2))


@pytest.mark.parametrize(
    ("content_type", "yes"),
    [
        ("application/activity+json", True),
        ("Application/Activity+JSON; charset=utf-8", True),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ('application/ld+json;charset=utf-8;profile="https://www.w3.org/ns/activitystreams"', True),
        ('application/ld+json; profile="https://x https://www.w3.org/ns/activitystreams"', True),
        ("application/ld+json", False),
        ('application/ld+json; profile="https://evil.test"', False),
        ("application/json", False),
        ("text/html; application/activity+json", False),
        ("text/html, application/activity+json", False),
        ("application/activity+jsonx", False),
        ("", False),
        (None, False),
    ],
)
def test_document_types(content_type: str | None, yes: bool) -> None:
    """INB-5, row 19."""
    assert is_activity_json(content_type) is yes


@pytest.mark.parametrize(
    ("accept", "yes"),
    [
        ("application/activity+json", True),
        ("application/activity+json, application/ld+json", True),  # Misskey
        (
            "application/activity+json, application/ld+json; "
            'profile="https://www.w3.org/ns/activitystreams", text/html;q=0.1',
            True,
        ),
        ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', True),
        ("application/ld+json", True),
        ("application/activity+json;q=0.9, text/html;q=0.8", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", False),  # a browser
        ("text/html, application/activity+json", False),
        ("text/html, application/activity+json;q=0.9", False),
        ("application/activity+json, text/html", True),
        ("application/activity+json;q=0", False),
        ("application/activity+json;q=nonsense", False),
        ("*/*", False),
        ("application/json", False),
        ("", False),
        (None, False),
    ],
)
def test_what_an_accept_header_asks_for(accept: str | None, yes: bool) -> None:
    """DISC-10."""
    assert accepts_activity_json(accept) is yes


def test_public_in_three_spellings() -> None:
    """GEN-4."""
    assert all(map(is_public, ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")))
    assert not is_public("https://www.w3.org/ns/activitystreams")
