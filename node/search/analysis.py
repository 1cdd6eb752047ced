"""From text to tokens: what both engines index and what queries are made of. Pure, and the only place that decides it.

A text is a row of *lexemes*: words, hashtags, mentions, links, emoji, runs of a script that is written without spaces.
Each takes one or more *spots*, and a spot holds the tokens that stand there side by side: first the word as it was
written but for its case, then without accents, its stem (`~run`), its singular (`=cat`), where accents matter the stem
without them (`~~kuch` of Küche), capitals of an acronym (`^who`), the whole of what was taken apart (`blacklivesmatter`
beside `black`). So a phrase may be of any of them. Scripts without spaces have each character and each pair of
characters.

Tokens hold no space, `|` or `:`; what a document is marked with (`:from:1`, `:has:image`) therefore never meets a
word, nor the beginning of one. Every bound is here too: a text of any size costs no more than `MAX_CHARACTERS` (attack
row 105).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote

from federation.vocabulary import INVISIBLE
from node.search.forms import DIGITS, MAX_TOKEN, UNSAFE, acronym, as_written, fold_word, source_of, stems_of
from node.search.spelling import fold
from node.text.scripts import SPACELESS
from node.text.writing import fold_hashtag

MAX_CHARACTERS: Final = 20_000
MAX_SPOTS: Final = 2_000
MAX_LINK_WORDS: Final = 16
MAX_PARTS: Final = 12

TOKENS_VERSION: Final = 4
"""Grows when the same post gets other tokens: every node then builds its index anew."""

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
    rf"|(?P<mention>(?<![\w/])@[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*(?:@[\w]++(?:[.-]++[\w]++)*(?::\d++)?)?)"
    rf"|(?P<tag>(?<!\w)[#＃]{_W}++)"
    rf"|(?P<word>{_W}++(?:[.'’\-‐‑&+]{_W}++)*(?:\+{{1,2}}+|#(?!{_W}))?)"
    r"|(?P<dotted>(?<![\w.])\.[A-Za-z]\w*+)"
    r"|(?P<flag>[\U0001f1e6-\U0001f1ff]{2})"
    r"|(?P<symbol>[\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f3fa\U0001f400-\U0001fbff])",
    re.IGNORECASE,
)
_UNSEEN: Final = re.compile(f"[{INVISIBLE}]")
_JOINT: Final = re.compile(r"[.'’\-‐‑&+_]+")
_ACRONYM: Final = range(2, 7)
_NOT_WORD: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A piece of a text. `whole` is its token, `parts` those it was taken apart into; `sources` are the parts (or the
    whole) in lower case with their accents, for stemming."""

    kind: Kind
    whole: str
    parts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    is_acronym: bool = False
    """It was written in capitals."""


Spot = tuple[str, ...]


def lexemes(text: str) -> Iterator[Lexeme]:
    """Go through a text."""
    clean = _UNSEEN.sub("", unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]))[: 2 * MAX_CHARACTERS]
    for match in _PIECE.finditer(clean):
        piece, kind = match[0], match.lastgroup
        if kind == "url":
            yield from _of_link(piece)
        elif kind == "mention":
            yield Lexeme("mention", piece.lower()[: 4 * MAX_TOKEN].replace(":", "."), (fold_word(piece.split("@")[1]),))
        elif kind == "tag":
            tag = _of_tag(piece[1:])
            if tag.whole != "#":
                yield tag
        elif kind in {"symbol", "flag"}:
            yield Lexeme("symbol", piece)
        elif kind == "dotted":  # .NET, .gitignore
            word = fold_word(piece)
            yield Lexeme("symbol", word, (word[1:],))
        else:
            yield from _of_word(piece)


def spots(text: str, languages: tuple[str, ...]) -> Iterator[Spot]:
    """Return the spots of a text in these languages: what a document is made of."""
    for lexeme in lexemes(text):
        yield from spots_of(lexeme, languages)


def spots_of(lexeme: Lexeme, languages: tuple[str, ...]) -> Iterator[Spot]:
    """Return the spots of one lexeme, stemmed in each of `languages`."""
    if lexeme.kind == "run":
        for place, character in enumerate(lexeme.whole):
            pair = lexeme.whole[place : place + 2]
            yield (character, pair) if len(pair) == 2 else (character,)
        return
    if lexeme.kind in {"mention", "symbol"}:
        yield (lexeme.whole, *lexeme.parts)
        return
    if not lexeme.parts:
        capitals = (acronym(lexeme.whole),) if lexeme.is_acronym else ()
        yield (*_spot_of(lexeme.whole, lexeme.sources[0] if lexeme.sources else "", languages), *capitals)
        return
    extra = (lexeme.whole, *whole_forms(lexeme, languages))
    for part, source in zip(lexeme.parts, lexeme.sources, strict=True):
        for spot in spots_of(Lexeme("run", part), languages) if is_run(part) else [_spot_of(part, source, languages)]:
            yield tuple(dict.fromkeys((*spot, *extra)))
            extra = ()


@lru_cache(maxsize=65_536)
def _spot_of(word: str, source: str, languages: tuple[str, ...]) -> Spot:
    return tuple(dict.fromkeys((as_written(word, source), word, *stems_of(word, source, languages))))


def whole_forms(lexeme: Lexeme, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Return how else the whole of what was taken apart is found: a hashtag as a word, `node.js` as `nodejs`, and
    stems of these (`self-hosted` as `selfhosting`)."""
    whole = plain_tag(lexeme.whole).replace(".", "")
    if not whole or DIGITS.search(whole) or is_run(whole):
        return (plain_tag(lexeme.whole),) if lexeme.kind == "tag" else ()
    stems = stems_of(whole, whole, languages) if "." not in lexeme.whole else ()
    return tuple(one for one in (whole, *stems) if one != lexeme.whole)


def is_run(part: str) -> bool:
    """Whether a part of a hashtag is of a script without spaces."""
    return SPACELESS.fullmatch(part) is not None


def mark(name: str, value: object) -> str:
    """Return the token of what is known of a post besides its words: nothing that is typed begins like one."""
    return f":{name}:{value}"


def plain_tag(token: str) -> str:
    """Return the word that a hashtag's token is."""
    return fold_word(token.removeprefix("#"))


def tag_token(name: str) -> str:
    """Return the token of a hashtag: its folded name, which keeps its accents (OBJ-5)."""
    return "#" + UNSAFE.sub("", fold_hashtag(name))[: 2 * MAX_TOKEN]


def _of_word(piece: str) -> Iterator[Lexeme]:
    """Take a word apart where its script changes to one without spaces, and at what joins words."""
    position = 0
    for run in SPACELESS.finditer(piece):
        yield from _of_letters(piece[position : run.start()])
        if whole := UNSAFE.sub("", fold(run[0])):
            yield Lexeme("run", whole)
        position = run.end()
    yield from _of_letters(piece[position:])


def _of_letters(piece: str) -> Iterator[Lexeme]:
    bare = piece.rstrip("+#")
    if bare != piece and bare and len(bare) < 3:  # C++, g++, F#
        yield Lexeme("word", fold_word(bare) + piece[len(bare) :])
        return
    found = [part for part in _JOINT.split(bare) if fold_word(part)][:MAX_PARTS]
    if len(found) > 2 and found[0].lower() == "www":
        del found[0]
        bare = bare[4:]
    if not found:
        return
    if len(found) == 1:
        is_acronym = found[0].isupper() and found[0].isalpha() and len(found[0]) in _ACRONYM
        yield Lexeme("word", fold_word(found[0]), (), (source_of(found[0]),), is_acronym)
        return
    parts = tuple(fold_word(part) for part in found)
    glue = "." if "." in bare else "_" if "_" in bare else ""
    if all(len(part) == 1 for part in parts):  # U.S.A.
        glue = ""
    whole = glue.join(parts)[: 2 * MAX_TOKEN]
    yield Lexeme("compound", whole, parts, tuple(source_of(part) for part in found))


def _of_tag(name: str) -> Lexeme:
    """A hashtag is found whole and by its words: `#BlackLivesMatter`, `#KölnerDom`, `#open_source`, `#東京2026`."""
    found = [part for part in _words_of_tag(name[: 4 * MAX_TOKEN]) if fold_word(part)][:MAX_PARTS]
    if not found:
        return Lexeme("symbol", tag_token(name))
    parts = tuple(fold_word(part) for part in found)
    return Lexeme("tag", tag_token(name), parts, tuple(source_of(part) for part in found))


def _words_of_tag(name: str) -> Iterator[str]:
    """Split where a small letter meets a capital, a capital the capital of a word (`HTMLParser`), letters meet digits,
    and at scripts without spaces."""
    for piece in _JOINT.split(name):
        start = 0
        for place in range(1, len(piece)):
            before, here = piece[place - 1], piece[place]
            if _is_border(before, here, piece[place + 1 : place + 2]):
                yield piece[start:place]
                start = place
        yield piece[start:]


def _is_border(before: str, here: str, after: str) -> bool:
    if is_run(before) != is_run(here):
        return True
    if before.isdigit() != here.isdigit() and before.isascii() and here.isascii():
        return True
    return here.isupper() and (before.islower() or (before.isupper() and after.islower()))


def _of_link(url: str) -> Iterator[Lexeme]:
    """A link is found by its host, by the host above it, and by the words of its path."""
    host, _, path = url.partition("://")[2].partition("/")
    host = host.rpartition("@")[2].partition(":")[0].partition("?")[0].rstrip(".,;:!)\"'").lower().removeprefix("www.")
    host = _spelt_out(host)
    labels = [label for label in host.split(".") if label][-MAX_PARTS:]
    labels = [label for label in labels if fold_word(label)]
    if not labels:
        return
    host = UNSAFE.sub("", fold(host[-2 * MAX_TOKEN :]))
    above = ".".join(fold_word(label) for label in labels[-2:])
    yield Lexeme("compound", host, tuple(fold_word(label) for label in labels), tuple(labels))
    if above != host and len(labels) > 2:
        yield Lexeme("compound", above, (above,), ("",))
    words = [word for word in _NOT_WORD.split(unquote(path[:500]).partition("?")[0]) if word]
    for word in words[:MAX_LINK_WORDS]:
        yield from _of_word(word)


def _spelt_out(host: str) -> str:
    """Return a host as people write it: `xn--mller-kva.example` is `müller.example`."""
    if "xn--" not in host:
        return host
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return host
