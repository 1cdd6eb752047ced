"""One word, several spellings: what is the same for whoever searches. Pure.

`fold` makes one of them when a post is indexed and when it is looked for: case, accents, letters that only look
different, digits of other scripts, the points and nasals of Devanagari, traditional and simplified characters.
`respelt` says how else a typed word may stand in a post: `Müller` as `Mueller`, and the other way round for those who
read German.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from node.search.chinese import SIMPLIFIED
from node.text.lookalikes import in_one_script

_ACCENTS: Final = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u093c]")
_LETTERS: Final = {
    "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n",
    "ё": "е", "ـ": "", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ँ": "ं",
}  # fmt: skip
_DIGITS: Final = {chr(zero + value): str(value) for zero in (0x660, 0x6F0, 0x966, 0x9E6) for value in range(10)}
_FOLDS: Final = str.maketrans(_LETTERS | _DIGITS | SIMPLIFIED)
_NASALS: Final = re.compile("[ङञणनम]\u094d(?=[क-म])")
_VOWELS: Final = "aeiou"
_LEFT_OUT: Final = _VOWELS + "chlnrst"
"""Letters that are easily not heard, so not written."""
SHORTEST_MISSPELT: Final = 5
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DIGRAPHS: Final = re.compile("(?<![aeiouyq])(ae|oe|ue)")
_UMLAUT_OF: Final = {"ae": "ä", "oe": "ö", "ue": "ü"}


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return a word without case and accents. Remembered, so for words only."""
    return fold_text(word)


def fold_text(text: str) -> str:
    """Return a text without case and accents."""
    lowered = in_one_script(text).casefold().translate(_FOLDS)
    if lowered.isascii():
        return lowered
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", lowered))
    folded = unicodedata.normalize("NFC", bare).translate(_FOLDS)
    return _NASALS.sub("ं", folded) if "\u094d" in folded else folded


def misspelt(word: str) -> tuple[str, ...]:
    """Return what somebody may have meant who typed this word without accents: letters turned round, one too many, one
    not doubled or left out, a vowel taken for another."""
    if len(word) < SHORTEST_MISSPELT or not (word.isascii() and word.isalpha()):
        return ()
    places = range(1, len(word))
    found = [word[:at] + word[at + 1 :] for at in places]
    found += [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]]
    found += [word[:at] + word[at - 1] + word[at:] for at in (*places, len(word))]
    found += [word[:at] + letter + word[at:] for at in places for letter in _LEFT_OUT]
    found += [word[:at] + vowel + word[at + 1 :] for at in places if word[at] in _VOWELS for vowel in _VOWELS]
    return tuple(one for one in dict.fromkeys(found) if one != word)


def respelt(word: str, languages: Collection[str]) -> str:
    """Return another spelling of a word in lower case, accents kept; "" where there is none."""
    composed = unicodedata.normalize("NFC", word)
    other = composed.translate(_UMLAUTS)
    if other == composed and "de" in languages:
        other = _DIGRAPHS.sub(lambda found: _UMLAUT_OF[found[0]], composed)
    return "" if other == composed else other
