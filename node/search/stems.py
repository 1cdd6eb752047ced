"""The stem of a word, for the languages that have a stemmer; other languages are searched by the words as they stand.

Stems of all languages share one set of tokens: whoever asks for `running` finds it in any post, whatever language that
post says it is in. Pure Python, so each word of each language is stemmed once a process (`lru_cache`).
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from whoosh.lang import stemmer_for_language

STEMMED: Final = frozenset({"ar", "da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv"})
SHORTEST: Final = 3
_SAME: Final = {"nb": "no", "nn": "no"}
_LETTERS: Final = (
    ("ru", re.compile("[\u0430-\u044f]", re.IGNORECASE)),
    ("ar", re.compile("[\u0621-\u064a]")),
    ("de", re.compile("[äöüß]", re.IGNORECASE)),
    ("es", re.compile("[ñ¿¡]", re.IGNORECASE)),
    ("pt", re.compile("[ãõ]", re.IGNORECASE)),
    ("fr", re.compile("[çèêàùœ]", re.IGNORECASE)),
    ("hu", re.compile("[őű]", re.IGNORECASE)),
    ("ro", re.compile("[șță]", re.IGNORECASE)),
    ("sv", re.compile("[å]", re.IGNORECASE)),
    ("no", re.compile("[ø]", re.IGNORECASE)),
)
"""Letters that English lacks, and the first language to think of."""
_OFTEN: Final = 2
"""So many of them say of a post what a single one says of a word."""


def shown_language(word: str) -> tuple[str, ...]:
    """Return the language that the letters of a typed word show, if any does."""
    return () if word.isascii() else next(((name,) for name, letters in _LETTERS if letters.search(word)), ())


def languages_of(said: str | None, text: str) -> tuple[str, ...]:
    """Return in which languages a post is stemmed: the one it says, and where that is none or English, as many servers
    say of everything, what its letters show."""
    language = base_language(said) or "en"
    if language != "en" or text.isascii():
        return (language,)
    found = ((len(letters.findall(text)), name) for name, letters in _LETTERS)
    often = [(count, name) for count, name in found if count >= _OFTEN]
    return (language, max(often)[1]) if often else (language,)


def base_language(tag: str | None) -> str:
    """Return the language of a tag without its region: `pt-BR` is `pt`; "" where nothing is said."""
    return (tag or "").lower().replace("_", "-").split("-")[0]


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case, accents kept; the word itself where there is none."""
    known = _SAME.get(language, language)
    if known not in STEMMED or len(word) < SHORTEST or not word.isalpha():
        return word
    return _stemmer(known)(word) or word


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    found: Callable[[str], str] = stemmer_for_language(language)
    return found
