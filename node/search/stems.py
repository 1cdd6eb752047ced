"""The stem of a word, for the languages that have a stemmer; other languages are searched by the words as they stand.

Stems of all languages share one set of tokens: whoever asks for `running` finds it in any post, whatever language that
post says it is in. Pure Python, so each word of each language is stemmed once a process (`lru_cache`).
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from whoosh.lang import stemmer_for_language

STEMMED: Final = frozenset({"ar", "da", "de", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv"})
SHORTEST: Final = 3
_SAME: Final = {"nb": "no", "nn": "no"}


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
