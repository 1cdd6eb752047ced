"""Shortcodes in texts, and when a picture is another one (OBJ-6)."""

from datetime import UTC, datetime

import pytest

from federation.reaction_parsing import read_unicode_emoji
from node.base.errors import Invalid
from node.emojis.rules import MAX_IN_A_TEXT, check_shortcode, is_replaced, shortcodes_in

EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":rook:", {"rook"}),
        ("a :rook: b :crow:", {"rook", "crow"}),
        ("12:30:45", set()),
        ("::rook::", set()),
        (":r:", set()),
        (":rook :crow:", {"crow"}),
        ("(:rook:)", {"rook"}),
    ],
)
def test_shortcodes_in_a_text(text: str, found: set[str]) -> None:
    assert shortcodes_in([text]) == found


def test_row_54_only_so_many_are_looked_for() -> None:
    assert len(shortcodes_in(" ".join(f":e{number:03}:" for number in range(500)) for _ in range(2))) == MAX_IN_A_TEXT


@pytest.mark.parametrize("shortcode", ["", "a", "a b", "a-b", "a" * 65, "../x", "ä_b", '"><x'])
def test_shortcodes_of_ours_are_plain(shortcode: str) -> None:
    with pytest.raises(Invalid):
        check_shortcode(shortcode)


@pytest.mark.parametrize(
    ("url", "updated", "known_url", "known", "replaced"),
    [
        ("a", None, "a", None, False),
        ("b", None, "a", None, True),
        ("b", EARLY, "a", LATE, False),
        ("a", LATE, "a", EARLY, True),
        ("a", EARLY, "a", EARLY, False),
        ("b", None, "a", EARLY, True),
    ],
)
def test_obj_6_when_a_picture_is_replaced(
    url: str, updated: datetime | None, known_url: str, known: datetime | None, replaced: bool
) -> None:
    assert is_replaced(image_url=url, updated=updated, known_image_url=known_url, known_updated=known) is replaced


@pytest.mark.parametrize(
    "text", ["", "a", "12", "🔥🔥", "🔥 🔥", "#", "👍🏽👍", ":)", "é", "\u200d", "🏻", "🇩", "<b>", "字"]
)
def test_acv_6_what_is_no_single_emoji(text: str) -> None:
    assert read_unicode_emoji(text) is None


@pytest.mark.parametrize(
    ("text", "read"),
    [("❤", "❤️"), ("❤️", "❤️"), ("👩‍👩‍👧", "👩‍👩‍👧"), (" 🔥 ", "🔥"), ("©", "©️"), ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿")],
)
def test_acv_6_one_spelling_of_each_emoji(text: str, read: str) -> None:
    assert read_unicode_emoji(text) == read
