"""What another server says is talked about: a stranger's JSON."""

import json
from typing import Any

import pytest

from federation.errors import MalformedDocument
from federation.trend_parsing import MAX_PEOPLE, MAX_TEXT, MOST, parse_trends


def parsed(kind: str, *entries: Any) -> list[Any]:
    return parse_trends(kind, json.dumps(entries).encode())


def test_hashtags_are_words() -> None:
    days = [{"accounts": "12"}, {"accounts": "40"}, {"accounts": "999"}]
    (tag,) = parsed(
        "tags", {"name": "Herons", "history": days}, {"name": "<b>"}, {"name": "a b"}, {"name": 7}, "x", None
    )
    assert (tag.name, tag.people) == ("Herons", 40)
    wild = [{"accounts": "9" * 9}, {"accounts": -1}]
    assert parsed("tags", {"name": "x", "history": wild})[0].people == MAX_PEOPLE
    assert parsed("tags", {"name": "x", "history": {"accounts": "1"}})[0].people == 0
    assert len(parsed("tags", *({"name": f"t{n}"} for n in range(100)))) == MOST


def test_links_lead_to_pages_and_say_plain_words() -> None:
    """Row 77: no script, no markup, nothing that turns the text round."""
    (link,) = parsed(
        "links",
        {"url": "https://paper.example/a", "title": "<script>x</script> News\u202e &amp; more " + "w" * 500},
        {"url": "javascript:alert(1)", "title": "x"},
        {"url": "https://paper.example/" + "a" * 3_000, "title": "x"},
        {"url": "https://paper.example/b", "title": ""},
        {"url": ["https://paper.example/c"], "title": "x"},
    )
    assert link.url == "https://paper.example/a"
    assert link.name.startswith("x News & more w")
    assert len(link.name) == MAX_TEXT


def test_posts_are_public_and_harmless() -> None:
    post = {
        "uri": "https://b.example/1",
        "content": "<p>Hello <b>there</b></p>",
        "visibility": "public",
        "sensitive": False,
        "spoiler_text": "",
        "account": {"acct": "bo@c.example"},
    }
    changes: list[dict[str, Any]] = [
        {"visibility": "private"}, {"sensitive": True}, {"sensitive": "no"}, {"spoiler_text": "Look"}, {"account": []},
        {"uri": "ftp://b.example", "url": None},
    ]  # fmt: skip
    (found,) = parsed("posts", post, *(post | {"uri": f"https://b.example/{n}"} | c for n, c in enumerate(changes, 2)))
    assert (found.url, found.name, found.by) == ("https://b.example/1", "Hello there", "bo@c.example")


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"<html>", b"[" * 100_000, b"\xff"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedDocument):
        parse_trends("tags", body)
