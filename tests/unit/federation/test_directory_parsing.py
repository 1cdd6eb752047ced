"""What another server says of who lives there and wants to be found: a stranger's JSON."""

import json
from typing import Any

import pytest

from federation.directory_parsing import MOST, parse_directory
from federation.errors import MalformedDocument

BASE = "https://good.test"


def read(entries: Any) -> list[str]:
    return parse_directory(json.dumps(entries).encode(), base=BASE)


def test_only_who_lives_there_and_says_so_is_named() -> None:
    person = {"uri": f"{BASE}/users/1", "discoverable": True, "bot": False, "url": "https://evil.test/1"}
    refused: list[Any] = [
        person | {"uri": "https://evil.test/users/2"},
        person | {"uri": "http://good.test/users/3"},
        person | {"uri": "javascript:1"},
        person | {"uri": f"{BASE}/" + "a" * 3_000},
        person | {"uri": f"{BASE}/users/4", "discoverable": None},
        person | {"uri": f"{BASE}/users/5", "bot": True},
        *({}, None, 7, "x", [person]),
    ]
    assert read([*refused, person, person]) == [f"{BASE}/users/1"]


def test_a_directory_is_cut_to_size() -> None:
    assert len(read([{"uri": f"{BASE}/{n}", "discoverable": True} for n in range(10 * MOST)])) == MOST


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"null", b"[" * 100_000, b"\xff"])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedDocument):
        parse_directory(body, base=BASE)
