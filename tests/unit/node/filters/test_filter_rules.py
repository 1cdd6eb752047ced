"""What filters find: words and parts of words in every script, folded, and in linear time (attack row 58)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.filters.rules import Filtering, fold, keyword_of, mark_words, matched_keywords, matches

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def filtering(
    *keywords: tuple[str, bool],
    id_: int = 1,
    action: str = "warn",
    expires_at: datetime | None = None,
    post_ids: frozenset[int] = frozenset(),
) -> Filtering:
    compiled = tuple(keyword_of(text, whole_word=whole) for text, whole in keywords)
    return Filtering(id_, "F", ("home",), action, expires_at, compiled, post_ids)


def finds(keyword: str, text: str, *, whole_word: bool = True) -> bool:
    return bool(matched_keywords([filtering((keyword, whole_word))], [text]))


@pytest.mark.parametrize(
    ("keyword", "text", "expected"),
    [
        ("cat", "A cat.", True),
        ("cat", "CAT!", True),
        ("cat", "(cat)", True),
        ("cat", "cat", True),
        ("cat", "concatenate", False),
        ("cat", "cats", False),
        ("cat", "cat_food", False),
        ("cat", "#cat", True),
        ("#cat", "a #cat b", True),
        ("#cat", "a #cats b", False),
        ("c++", "I write C++ and", True),
        ("c++", "abc++", False),
        (".net", "asp.net", True),
        ("barn owl", "a barn\n  owl flies", True),
        ("barn owl", "a barn owlet", False),
        ("straße", "STRASSE", True),
        ("café", "un cafe\u0301 noir", True),
        ("ｃａｔ", "cat", True),
        ("can't", "I can't", True),
        ("tier", "Tiere", False),
        ("тир", "тир!", True),
        ("тир", "тираж", False),
        ("猫", "私は猫が好き", True),
        ("東京", "東京都", True),
        ("AI", "新AI技術", True),
        ("AI", "SAID", False),
        ("แมว", "ฉันรักแมวมาก", True),
        ("고양이", "고양이 좋아", True),
        ("हिन्दी", "मैं हिन्दी बोलता", True),
        ("हिन्द", "हिन्दी", False),
        ("dragon", "dra\u200bgon", True),
        ("dragon", "dra\u00adgon", True),
        ("🐉", "a🐉b", True),
    ],
)
def test_whole_words(keyword: str, text: str, expected: bool) -> None:
    assert finds(keyword, text) is expected


@pytest.mark.parametrize(
    ("keyword", "text", "expected"),
    [("cat", "concatenate", True), ("cat", "c a t", False), ("ÉTÉ", "été", True), ("\u200b", "anything", False)],
)
def test_parts_of_words(keyword: str, text: str, expected: bool) -> None:
    assert finds(keyword, text, whole_word=False) is expected


def test_no_phrase_is_found_across_two_parts_of_a_post() -> None:
    rule = [filtering(("barn owl", False), ("barn", True))]
    assert matched_keywords(rule, ["barn", "owl"]) == {1: ("barn",)}


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_word_that_stands_in_a_text_by_itself_is_found(keyword: str, before: str, after: str) -> None:
    if fold(keyword):
        assert finds(keyword, f"{before} {keyword} {after}", whole_word=False)
        assert finds(keyword, f"{before} , {keyword} , {after}")


@given(st.text(alphabet="abc_1é猫 .#", max_size=12), st.text(alphabet="abc_1é猫 .#", max_size=40))
def test_whole_words_are_fewer_than_parts(keyword: str, text: str) -> None:
    """And as a slow second opinion finds them, one position after the other."""
    needle, haystack = fold(keyword), fold(text)
    assert finds(keyword, text, whole_word=False) is bool(needle and needle in haystack)

    def is_word(character: str) -> bool:
        return (character.isalnum() and character != "猫") or character == "_"

    def stands_alone(start: int) -> bool:
        end = start + len(needle)
        joined_before = start > 0 and is_word(haystack[start - 1]) and is_word(haystack[start])
        joined_behind = end < len(haystack) and is_word(haystack[end - 1]) and is_word(haystack[end])
        return haystack.startswith(needle, start) and not joined_before and not joined_behind

    slowly = bool(needle) and any(stands_alone(start) for start in range(len(haystack)))
    assert finds(keyword, text) is slowly


@given(st.text(max_size=400))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a\u0301\u0316" * 40_000,
        "\u0301\u0316" * 50_000,
        "ab ab ab " * 12_000,
        "\ufdfa" * 100_000,
        "猫" * 100_000,
        "_" * 100_000,
    ],
)
def test_long_texts_are_looked_through_in_one_go(text: str) -> None:
    """Row 58. The runner's own time limit is the judge: what takes the square of the length takes minutes here."""
    keywords = [(f"ab ab ab a{n}", True) for n in range(20)] + [("a" * 300 + "b", n % 2 == 0) for n in range(20)]
    assert matched_keywords([filtering(*keywords)], [text]) == {}


def test_marks_stand_around_words() -> None:
    assert mark_words("ab-cd 猫e") == "\0ab\0-\0cd\0 猫\0e\0"


def test_why_a_post_is_filtered_and_in_which_order() -> None:
    rules = [
        filtering(("cat", True), id_=1),
        filtering(("cat", True), ("dog", True), id_=2, action="hide"),
        filtering(id_=3, action="blur", post_ids=frozenset({7, 9})),
        filtering(("cat", True), id_=4, expires_at=NOW),
        filtering(("cat", True), id_=5, expires_at=NOW + timedelta(seconds=1)),
        filtering(("bird", True), id_=6),
    ]
    found = matches(rules, matched_keywords(rules, ["A cat, a dog"]), [7, 8], NOW)
    assert [(match.filtering.id, match.keywords, match.post_ids) for match in found] == [
        (2, ("cat", "dog"), ()),
        (1, ("cat",), ()),
        (5, ("cat",), ()),
        (3, (), (7,)),
    ]
