"""Row 105: what pretends to be another word, and honest words of every script, which stay what they say."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.filters.rules import fold, keyword_of, mark_words
from node.search.spelling import fold as fold_word
from node.text.lookalikes import in_one_script, plain_line, shown, skeleton
from node.text.writing import fold_hashtag, is_hashtag, shown_hashtag

PRETENDERS = [
    "p\u0430yp\u0430l",  # Cyrillic letters
    "\u03a1aypal",  # a Greek capital
    "\uff50\uff41\uff59\uff50\uff41\uff4c",  # full width
    "\U0001d429\U0001d41a\U0001d432\U0001d429\U0001d41a\U0001d425",  # mathematical
    "\U0001d4ab\U0001d4b6\U0001d4ce\U0001d4c5\U0001d4b6\U0001d4c1",
    "pay\u200bpal", "pay\u200dpal", "pay\u200cpal", "pay\u00adpal", "\u202epaypal\u202c", "pay\ufe0fpal",
    "pay\u034fpal", "pay\u3164pal", "pay\u2060pal", "paypal\U000e0041", "pay\u180epal", "\u2066paypal\u2069",
    "p\u0336a\u0336y\u0336p\u0336a\u0336l\u0336", "pa\u20ddypal",  # struck through, encircled
    "\u1d18\u1d00\u028f\u1d18\u1d00\u029f",  # small capitals
    "PAYP\u0410L", "p\u0251yp\u0251l",
]  # fmt: skip

HONEST = [
    "москва", "привет", "сосо", "ВКонтакте", "київ", "αθήνα", "ελλάδα", "μάθημα", "istanbul", "ığdır", "şehir",
    "göteborg", "café", "tiếngviệt", "yorùbá", "東京", "ソウル", "서울", "กรุงเทพ", "हिन्दी", "தமிழ்", "می\u200cخواهم",
    "سلام",
 "עברית", "ශ්\u200dරී", "հայերեն", "ქართული", "μg", "10µm", "c4", "open_source", "rock·roll", "ẹ̀kọ́", "πday",
]  # fmt: skip


@pytest.mark.parametrize("pretender", PRETENDERS)
def test_row_105_a_pretender_is_what_it_looks_like(pretender: str) -> None:
    """As a hashtag, a keyword of a filter, a word of a search."""
    assert fold_hashtag(pretender) == "paypal"
    assert keyword_of("paypal", whole_word=True).needle in mark_words(fold(f"my {pretender}!"))
    assert keyword_of(pretender, whole_word=False).needle == "paypal"
    assert fold_word(shown(unicodedata.normalize("NFKC", pretender))) == "paypal"


@pytest.mark.parametrize("word", HONEST)
def test_honest_words_of_every_script_stay(word: str) -> None:
    assert fold_hashtag(word) == unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    assert shown_hashtag(word) == word
    assert is_hashtag(word) or "\u200d" in word
    assert keyword_of(word, whole_word=True).needle in mark_words(fold(f"so {word}, {word}!"))


def test_a_word_keeps_the_script_of_most_of_it() -> None:
    assert in_one_script("мaма рoст") == "мама рост"
    assert in_one_script("tеst_Москва") == "test_Москва"
    assert in_one_script("ВКонтактеAPI") == in_one_script("ВКонтактеАРІ")
    assert in_one_script("жabc") == "жabc"  # nobody takes that for another word
    assert fold_hashtag("жabc") != fold_hashtag("abc")


def test_row_105_words_of_two_scripts_that_nobody_tells_apart_look_the_same() -> None:
    """But they are two words."""
    assert skeleton("расе") == skeleton("pace")
    assert skeleton("сосо") == skeleton("coco")
    assert fold_hashtag("сосо") != fold_hashtag("coco")
    assert skeleton("a\u0316b") == skeleton("ab")
    assert skeleton("cafe") != skeleton("café")
    assert len({skeleton(fold_hashtag(word)) for word in HONEST}) == len(HONEST)


def test_row_105_what_shows_nothing_is_no_hashtag() -> None:
    for name in ("\u3164", "\u115f\u1160", "\ufe0f", "\u034f"):
        assert not is_hashtag(name)
        assert fold_hashtag(name) == ""


def test_row_105_names_cannot_turn_round_what_stands_beside_them() -> None:
    assert plain_line("Ann\u202e moc.live@") == "Ann moc.live@"
    assert plain_line("  👩\u200d💻  Ann\nLee ") == "👩\u200d💻 Ann Lee"


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    folded = fold_hashtag(text)
    assert fold_hashtag(folded.lstrip("#＃")) == folded.lstrip("#＃")
    assert in_one_script(in_one_script(text)) == in_one_script(text)


def test_row_58_lookalikes_in_linear_time() -> None:
    """A hundred thousand letters that look like others, in one word: what took the square of it would hang here."""
    text = "p\u0430" * 50_000
    assert in_one_script(text) == "pa" * 50_000
    assert len(fold("\u0430b\u0316 " * 30_000)) > 50_000
