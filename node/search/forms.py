"""By which tokens a word is known: in a document, and where it is looked for. Pure; called by `analysis`, `planning`.

A document has a word as it was written (`küche`), without accents (`kuche`), by its stem (`~küch`), where accents
matter also by the stem without them (`~~kuch`), and by its singular where that is another word (`=cat` of cats). A
query looks for all that may mean the same, each worth something.
"""

import re
from collections.abc import Iterator
from typing import Final

from node.search.spelling import fold
from node.search.stems import ACCENTS_MATTER, FAR, WITH_SINGULARS, known_language, singular, stem

MAX_TOKEN: Final = 64
SPELT: Final = 0.95
_NUMBER: Final = 0.9
_STEM: Final = 0.85
_WITHOUT_ACCENTS: Final = 0.8
FAR_FETCHED: Final = 0.3
"""What a token is worth beside the very word: another spelling, another number of it, its stem, the word without its
accents, and what may well be another word."""

UNSAFE: Final = re.compile(r"[|:\s]+")
DIGITS: Final = re.compile(r"[\d_]")
_ACCENTED: Final = re.compile("[\u00df-\u024f]")
_BEYOND_LATIN: Final = re.compile("[^\u0000-\u024f]")


def source_of(word: str) -> str:
    """Return a word in lower case, its accents kept: what is stemmed."""
    return word[:MAX_TOKEN].casefold().replace("\u0307", "")[:MAX_TOKEN]


def fold_word(word: str) -> str:
    """Return a word as a token."""
    return UNSAFE.sub("", fold(word[:MAX_TOKEN]))[:MAX_TOKEN]


def as_written(word: str, source: str) -> str:
    """Return a word with its accents, where it has any that somebody may leave out: those of Latin letters."""
    if not _ACCENTED.search(source) or _BEYOND_LATIN.search(source):
        return word
    return UNSAFE.sub("", source) or word


def stems_of(word: str, source: str, languages: tuple[str, ...]) -> Iterator[str]:
    """Go through the tokens of a word's stems. A word that is its own stem has one too: it shall find its
    inflections."""
    if not source or DIGITS.search(source):
        return
    for language in languages:
        stemmed = UNSAFE.sub("", stem(source, language))
        bare = fold_word(stemmed)
        if known_language(language) in ACCENTS_MATTER:
            yield f"~{stemmed}"
            if stemmed != bare:
                yield f"~~{bare}"
        else:
            yield f"~{bare}"
        if (one := fold_word(singular(source, language))) != word:
            yield f"={one}"


def forms_of(word: str, source: str, languages: tuple[str, ...]) -> dict[str, float]:
    """Return the tokens by which a typed word is found, each with what it is worth. The very word, as it was typed,
    is worth 1 (`steps.Wanted.typed`)."""
    minds_accents = any(known_language(language) in ACCENTS_MATTER for language in languages)
    has_accents = as_written(word, source) != word
    forms = {word: FAR_FETCHED if minds_accents and has_accents else _WITHOUT_ACCENTS}
    if not source or DIGITS.search(source):
        return forms
    for language in languages:
        stemmed = UNSAFE.sub("", stem(source, language))
        bare, one = fold_word(stemmed), fold_word(singular(source, language))
        found = {f"={word}": _NUMBER} if language in WITH_SINGULARS else {}
        if one != word:
            found |= {one: _NUMBER, f"={one}": _NUMBER}
        if known_language(language) in ACCENTS_MATTER:
            found |= {f"~~{bare}": FAR_FETCHED, f"~{bare}": FAR_FETCHED, f"~{stemmed}": _STEM}
        else:
            found[f"~{bare}"] = FAR_FETCHED if language in FAR else _STEM
        for token, worth in found.items():
            forms[token] = max(worth, forms.get(token, 0.0))
    return forms


def acronym(word: str) -> str:
    """Return the token of a word in capitals."""
    return f"^{word}"
