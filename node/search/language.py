"""The query language: from what somebody typed to a tree. Pure.

    cats "grumpy cat" -dog (tea OR coffee) garden* from:ann@example.com since:2026-01-31 has:image

What stands side by side must all be there; `OR` (or `|`) joins its two neighbours and binds closer; `-` or `NOT`
before anything takes it away; `*` at the end of a word stands for any ending. What an operator takes is
`operators`; a word before a colon that is no operator is a word like others, and so is a smiley.

Whoever types is met halfway: a quotation mark or a bracket that is never closed ends with the text, one that was never
opened is a character. Only an operator with a value it cannot have, and a query too large to be meant, is refused,
with the place. Reading is one pass over the text: linear, and as deep as `MAX_DEPTH` (attack row 105).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.search.operators import OPERATORS
from node.search.tree import AllOf, AnyOf, But, Node, Phrase, Prefix, SearchProblem, Word, parts

MAX_LENGTH: Final = 500
"""Characters of a query."""
MAX_TERMS: Final = 32
"""Words, phrases and operators of a query."""
MAX_DEPTH: Final = 8
MAX_PREFIXES: Final = 4

_SPACE = re.compile(r"[\s\x00-\x1f\u200b\ufeff]+")
_QUOTES: Final = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」"}
_END_OF_WORD = re.compile(r"[\s\x00-\x1f\u200b\ufeff]")
_NAME = re.compile(r"([A-Za-z_]{2,16}):(?=\S)")
_APART = re.compile(r"(from|lang|language|hashtag|since|until):[ ]+(?=[^\s:]+(?:\s|$))", re.IGNORECASE)
"""Operators that nobody means otherwise, with a space before what they take."""


@dataclass(frozen=True, slots=True)
class _Sign:
    """A piece of the text: `kind` is "open", "close", "or", "not" or "term"."""

    kind: str
    place: int
    node: Node | None = None


def parse(text: str, *, now: datetime) -> Node | None:
    """Return the tree of a query, None where there is nothing to look for. Raises SearchProblem."""
    if len(text) > MAX_LENGTH:
        raise SearchProblem(f"This is too long to look for: {MAX_LENGTH} characters are enough.", MAX_LENGTH)
    signs = _signs(text, now)
    terms = [sign for sign in signs if sign.kind == "term"]
    if len(terms) > MAX_TERMS:
        raise SearchProblem(f"This asks for too much at once: {MAX_TERMS} words are enough.", terms[MAX_TERMS].place)
    prefixes = [sign for sign in terms if isinstance(sign.node, Prefix)]
    if len(prefixes) > MAX_PREFIXES:
        raise SearchProblem(f"Only {MAX_PREFIXES} words may end in * at the same time.", prefixes[MAX_PREFIXES].place)
    tree = _Reading(signs).read()
    if tree is not None and all(isinstance(part, But) for part in parts(tree)):
        raise SearchProblem("Say what to look for too, not only what to leave out.", 0)
    return tree


def _signs(text: str, now: datetime) -> list[_Sign]:
    signs: list[_Sign] = []
    depth, position = 0, 0
    while position < len(text):
        if space := _SPACE.match(text, position):
            position = space.end()
            continue
        char, start = text[position], position
        if char in "-−" and position + 1 < len(text) and not _END_OF_WORD.match(text, position + 1):
            signs.append(_Sign("not", start))
            position += 1
            continue
        if char == "(":
            depth += 1
            if depth > MAX_DEPTH:
                raise SearchProblem(f"Brackets may stand {MAX_DEPTH} deep, no deeper.", start)
            signs.append(_Sign("open", start))
            position += 1
            continue
        if char == ")" and depth:
            depth -= 1
            signs.append(_Sign("close", start))
            position += 1
            continue
        if char in _QUOTES:
            words, position = _quoted(text, position)
            if words.strip():
                signs.append(_Sign("term", start, Phrase(words, start)))
            continue
        position, found = _word(text, position, depth, now)
        signs.extend(found)
    return signs


def _quoted(text: str, start: int) -> tuple[str, int]:
    """Return what stands in quotation marks, and where the text goes on."""
    end = text.find(_QUOTES[text[start]], start + 1)
    return (text[start + 1 :], len(text)) if end < 0 else (text[start + 1 : end], end + 1)


def _word(text: str, start: int, depth: int, now: datetime) -> tuple[int, list[_Sign]]:
    """Read a bare word or an operator."""
    name = _NAME.match(text, start) or _APART.match(text, start)
    if name and name[1].lower() in OPERATORS:
        at = name.end()
        if text[at] in _QUOTES:
            value, end = _quoted(text, at)
        else:
            end = _end_of_word(text, at, depth)
            value = text[at:end]
        return end, [_Sign("term", start, OPERATORS[name[1].lower()](value.strip(), at, now))]
    end = _end_of_word(text, start, depth)
    word = text[start:end]
    if word in {"OR", "|", "||"}:
        return end, [_Sign("or", start)]
    if word == "NOT":
        return end, [_Sign("not", start)]
    if word in {"AND", "&", "&&", "+"}:
        return end, []
    if (bare := word.rstrip("*")) != word and bare.strip("#@-_.'’"):
        return end, [_Sign("term", start, Prefix(bare, start))]
    return end, [_Sign("term", start, Word(word, start))]


def _end_of_word(text: str, start: int, depth: int) -> int:
    """Return where a bare word ends: at a space, or at a bracket that closes one opened before it."""
    own = 0
    for position in range(start, len(text)):
        char = text[position]
        if _END_OF_WORD.match(char):
            return position
        if char == "(":
            own += 1
        elif char == ")":
            if own:
                own -= 1
            elif depth and position > start:
                return position
    return len(text)


class _Reading:
    """One walk over the signs."""

    def __init__(self, signs: list[_Sign]) -> None:
        self._signs = signs
        self._at = 0

    def read(self) -> Node | None:
        return self._all()

    def _all(self) -> Node | None:
        """What stands side by side, up to a closing bracket or the end."""
        found: list[Node] = []
        while (sign := self._peek()) is not None and sign.kind != "close":
            if (node := self._any()) is not None:
                found.append(node)
        if not found:
            return None
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def _any(self) -> Node | None:
        """Neighbours joined by OR."""
        found: list[Node] = []
        while True:
            while self._take("or"):
                pass  # at the very beginning, or doubled
            if (node := self._one()) is not None:
                found.append(node)
            if (sign := self._peek()) is None or sign.kind != "or":
                break
        if not found:
            return None
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def _one(self) -> Node | None:
        negated = False
        while self._take("not"):
            negated = not negated
        sign = self._peek()
        if sign is None or sign.kind in {"close", "or"}:
            return None
        self._at += 1
        node = sign.node
        if sign.kind == "open":
            node = self._all()
            self._take("close")
        return But(node) if negated and node is not None else node

    def _peek(self) -> _Sign | None:
        return self._signs[self._at] if self._at < len(self._signs) else None

    def _take(self, kind: str) -> bool:
        sign = self._peek()
        if sign is None or sign.kind != kind:
            return False
        self._at += 1
        return True
