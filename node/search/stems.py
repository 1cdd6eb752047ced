"""The stem of a word, for the languages that have a stemmer; other languages are searched by the words as they stand.

Stems of all languages share one set of tokens: whoever asks for `running` finds it in any post, whatever language that
post says it is in. A stem goes far (`libro` and `libre` share one), so where that is so a word is known by its singular
too, which ranks better. Pure Python, so each word of each language is stemmed once a process (`lru_cache`).
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

import snowballstemmer
from whoosh.lang import stemmer_for_language

_ALGORITHMS: Final = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian",
    "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
STEMMED: Final = frozenset({"ar", *_ALGORITHMS})
ACCENTS_MATTER: Final = frozenset({"da", "de", "fi", "hu", "no", "sv"})
"""Languages whose people type their accents: `schon` is another word than `schön`."""
_SINGULARS: Final = {
    language: tuple((re.compile(ending + "$"), instead) for ending, instead in endings)
    for language, endings in {
        "en": (("(?<=..)ies", "y"), ("([sxz]|[cs]h)es", r"\1"), ("(?<=[^aisu])s", "")),
        "es": (("(?<=.)ces", "z"), ("(?<=[aeiouáéíóú][dlnr])es", ""), ("(?<=[aeiouáéíóú])s", "")),
        "fr": (("eaux", "eau"), ("aux", "al"), ("(?<=[^s])[sx]", "")),
        "nl": ((r"([^aeiou])\1en", r"\1"), ("(?<=...)en", "")),
        "pt": (("(?:[õã]es|ãos)", "ão"), ("coes", "cao"), ("ais", "al"), ("[ée]is", "el"), ("óis", "ol"), ("ns", "m"),
               ("(?<=[rz])es", ""), ("(?<=[aeiouáéíóúãõ])s", "")),
        "tr": (("(?<=..[aeıioöuü])s[ıiuü]", ""),),
    }.items()
}  # fmt: skip
WITH_SINGULARS: Final = frozenset(_SINGULARS)
FAR: Final = frozenset({"en", "es", "fr", "pt"})
"""Languages whose stems join words of several meanings, and whose singulars are known."""
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
_NO_LETTER: Final = re.compile(r"[\d_]")
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


def known_language(language: str) -> str:
    """Return the name by which a language is stemmed."""
    return _SAME.get(language, language)


@lru_cache(maxsize=65_536)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case, with its accents where they matter; the word itself where there is
    none."""
    known = known_language(language)
    if known not in STEMMED or len(word) < SHORTEST or _NO_LETTER.search(word):
        return word
    found = _stemmer(known)(word.replace("\u0307", "")) or word
    if known in FAR and len(found) < SHORTEST:
        return word
    return word[: len(found)] if known in ACCENTS_MATTER and len(found) <= len(word) else found


def singular(word: str, language: str) -> str:
    """Return a word in lower case without what its number puts to it; the word itself where that is not known."""
    if len(word) > SHORTEST:
        for ending, instead in _SINGULARS.get(language, ()):
            if (found := ending.sub(instead, word)) != word:
                return found
    return word


@cache
def _stemmer(language: str) -> Callable[[str], str]:
    if language == "ar":
        roots: Callable[[str], str] = stemmer_for_language(language)
        return roots
    made: Any = snowballstemmer.stemmer(_ALGORITHMS[language])
    lock = Lock()  # it keeps the word it works on

    def one_at_a_time(word: str) -> str:
        with lock:
            found: str = made.stemWord(word)
        return found

    return one_at_a_time
