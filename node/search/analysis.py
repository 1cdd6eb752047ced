"""From text to tokens: what both engines index and what queries are made of. Pure, and the only place that decides it.

A text is a row of *lexemes*: words, hashtags, mentions, links, emoji, runs of a script that is written without spaces.
Each takes one or more *spots*, and a spot holds the tokens that stand there side by side: the word without accents,
its stem (`~run`), the whole of what was taken apart (`blacklivesmatter` beside `black`). So a phrase may be of any of
them. Scripts without spaces have each character and each pair of characters.

Tokens hold no space, `|` or `:`; what a document is marked with (`from:1`, `has:image`, `#tag`) therefore never meets a
word. Every bound is here too: a text of any size costs no more than `MAX_CHARACTERS` (attack row 105).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

from node.search.stems import stem
from node.text.writing import fold_hashtag

MAX_CHARACTERS: Final = 20_000
MAX_SPOTS: Final = 2_000
MAX_TOKEN: Final = 64
MAX_LINK_WORDS: Final = 16
MAX_PARTS: Final = 12

Kind = Literal["word", "compound", "run", "tag", "mention", "symbol"]


def _marks() -> str:
    """Return the combining characters as ranges of a character class: letters of most scripts of Asia need them."""
    ranges: list[list[int]] = []
    for point in (*range(0x300, 0x2000), *range(0xA800, 0xAC00), 0x3099, 0x309A):
        if unicodedata.category(chr(point)) in {"Mn", "Mc"}:
            if ranges and ranges[-1][1] == point - 1:
                ranges[-1][1] = point
            else:
                ranges.append([point, point])
    return "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in ranges)


_W: Final = rf"[\w{_marks()}]"
_PIECE: Final = re.compile(
    r"(?P<url>https?://[^\s<>\"]++)"
    rf"|(?P<mention>(?<![\w/])@[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+(?:@[\w]++(?:[.-]++[\w]++)*+(?::\d++)?+)?+)"
    rf"|(?P<tag>(?<!\w)[#＃]{_W}++)"
    rf"|(?P<word>{_W}++(?:[.'’\-‐‑&+]{_W}++)*+\+{{0,2}}+)"
    r"|(?P<flag>[\U0001f1e6-\U0001f1ff]{2})"
    r"|(?P<symbol>[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f3fa\U0001f400-\U0001fbff])",
    re.IGNORECASE,
)
_INVISIBLE: Final = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_SPACELESS: Final = re.compile(
    "[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]+"
)
_ACCENTS: Final = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
_FOLDS: Final = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ð": "d",
                               "ħ": "h", "ŧ": "t", "ŋ": "n", "ё": "е", "ـ": ""})  # fmt: skip
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_JOINT: Final = re.compile(r"[.'’\-‐‑&+_]+")
_NOT_WORD: Final = re.compile(r"[\W_]+")
_UNSAFE: Final = re.compile(r"[|:\s]+")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a text. `whole` is its token, `parts` those it was taken apart into; `sources` are the parts (or the
    whole) in lower case with their accents, for stemming."""

    kind: Kind
    whole: str
    parts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


Spot = tuple[str, ...]


def lexemes(text: str) -> Iterator[Lexeme]:
    """Go through a text."""
    clean = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]))[: 2 * MAX_CHARACTERS]
    for match in _PIECE.finditer(clean):
        piece, kind = match[0], match.lastgroup
        if kind == "url":
            yield from _of_link(piece)
        elif kind == "mention":
            yield Lexeme(
                "mention", piece.lower()[: 4 * MAX_TOKEN].replace(":", "."), (_fold_word(piece.split("@")[1]),)
            )
        elif kind == "tag":
            tag = _of_tag(piece[1:])
            if tag.whole != "#":
                yield tag
        elif kind in {"symbol", "flag"}:
            yield Lexeme("symbol", piece)
        else:
            yield from _of_word(piece)


def spots(text: str, language: str) -> Iterator[Spot]:
    """Return the spots of a text in this language: what a document is made of."""
    for lexeme in lexemes(text):
        yield from spots_of(lexeme, (language,))


def spots_of(lexeme: Lexeme, languages: tuple[str, ...]) -> Iterator[Spot]:
    """Return the spots of one lexeme, stemmed in each of `languages`."""
    if lexeme.kind == "run":
        for place, character in enumerate(lexeme.whole):
            pair = lexeme.whole[place : place + 2]
            yield (character, pair) if len(pair) == 2 else (character,)
        return
    if lexeme.kind == "mention":
        yield (lexeme.whole, *lexeme.parts)
        return
    if not lexeme.parts:
        yield (lexeme.whole, *stems_of(lexeme.whole, lexeme.sources[0] if lexeme.sources else "", languages))
        return
    extra: tuple[str, ...] = (lexeme.whole,)
    if lexeme.kind == "tag":
        extra = (lexeme.whole, plain_tag(lexeme.whole))
    for place, part in enumerate(lexeme.parts):
        found = (part, *stems_of(part, lexeme.sources[place], languages))
        yield (*found, *(one for one in extra if one not in found)) if place == 0 else found


def stems_of(word: str, source: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tokens of a word's stems. A word that is its own stem has one too: it shall find its inflections."""
    if not source.isalpha():
        return ()
    found = dict.fromkeys("~" + fold(stem(source, language)) for language in languages)
    return tuple(found)


def plain_tag(token: str) -> str:
    """Return the word that a hashtag's token is."""
    return _fold_word(token.removeprefix("#"))


def tag_token(name: str) -> str:
    """Return the token of a hashtag: its folded name, which keeps its accents (OBJ-5)."""
    return "#" + _UNSAFE.sub("", fold_hashtag(name))[: 2 * MAX_TOKEN]


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return a word without case and accents."""
    lowered = word.casefold().translate(_FOLDS)
    if lowered.isascii():
        return lowered
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", lowered))
    return unicodedata.normalize("NFC", bare).translate(_FOLDS)


def _fold_word(word: str) -> str:
    return _UNSAFE.sub("", fold(word[:MAX_TOKEN]))[:MAX_TOKEN]


def _of_word(piece: str) -> Iterator[Lexeme]:
    """Take a word apart where its script changes to one without spaces, and at what joins words."""
    position = 0
    for run in _SPACELESS.finditer(piece):
        yield from _of_letters(piece[position : run.start()])
        if whole := _UNSAFE.sub("", fold(run[0])):
            yield Lexeme("run", whole)
        position = run.end()
    yield from _of_letters(piece[position:])


def _of_letters(piece: str) -> Iterator[Lexeme]:
    if (plus := piece.rstrip("+")) != piece and plus and len(plus) < 3:  # C++, g++
        yield Lexeme("word", _fold_word(plus) + piece[len(plus) :])
        return
    found = [part for part in _JOINT.split(piece) if _fold_word(part)][:MAX_PARTS]
    if not found:
        return
    if len(found) == 1:
        yield Lexeme("word", _fold_word(found[0]), (), (found[0][:MAX_TOKEN].casefold(),))
        return
    glue = "." if "." in piece else "_" if "_" in piece else ""
    whole = glue.join(_fold_word(part) for part in found)[: 2 * MAX_TOKEN]
    parts = tuple(_fold_word(part) for part in found)
    yield Lexeme("compound", whole, parts, tuple(part[:MAX_TOKEN].casefold() for part in found))


def _of_tag(name: str) -> Lexeme:
    """A hashtag is found whole and by its words: `#BlackLivesMatter`, `#open_source`, `#web3`."""
    found = _CAMEL.findall(name[: 4 * MAX_TOKEN])[:MAX_PARTS] if name.isascii() else _JOINT.split(name)[:MAX_PARTS]
    found = [part for part in found if _fold_word(part)]
    if not found:
        return Lexeme("symbol", tag_token(name))
    parts = tuple(_fold_word(part) for part in found)
    return Lexeme("tag", tag_token(name), parts, tuple(part[:MAX_TOKEN].casefold() for part in found))


def _of_link(url: str) -> Iterator[Lexeme]:
    """A link is found by its host, by the host above it, and by the words of its path."""
    host, _, path = url.partition("://")[2].partition("/")
    host = host.rpartition("@")[2].partition(":")[0].partition("?")[0].rstrip(".,;:!)\"'").lower().removeprefix("www.")
    labels = [label for label in host.split(".") if label][-MAX_PARTS:]
    labels = [label for label in labels if _fold_word(label)]
    if not labels:
        return
    host = _UNSAFE.sub("", host[-2 * MAX_TOKEN :])
    above = ".".join(labels[-2:])
    yield Lexeme("compound", host, tuple(_fold_word(label) for label in labels), tuple(labels))
    if above != host and len(labels) > 2:
        yield Lexeme("compound", above, (above,), ("",))
    words = [word for word in _NOT_WORD.split(unquote(path[:500]).partition("?")[0]) if word]
    for word in words[:MAX_LINK_WORDS]:
        yield from _of_word(word)
