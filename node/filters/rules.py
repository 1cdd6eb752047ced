"""What a filter finds in a text. Pure, and linear in the text's length whatever is looked for (attack row 58).

Text and keywords are folded alike (compatibility forms, case, runs of blanks, and what only pretends to be another
word: `node.text.lookalikes`), then a keyword is looked for as a plain string. For whole words every run of word
characters is put between two marks, in the text and in the keyword: then a whole word is a plain string too, and
nothing is ever tried twice. Scripts that put no blanks between words (Han, Kana, Thai, Lao, Khmer, Burmese) have no
word characters in this sense: a keyword in them is found wherever it stands, and ends the words of other scripts beside
it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from federation.vocabulary import INVISIBLE
from node.text.lookalikes import in_one_script, shown, without_piled_marks

Context = Literal["home", "notifications", "public", "thread", "account"]
CONTEXTS: Final[tuple[Context, ...]] = get_args(Context)
Action = Literal["warn", "hide", "blur"]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_STRENGTH: Final = {"hide": 0, "warn": 1, "blur": 2}

MAX_FILTERS: Final = 200
MAX_KEYWORDS: Final = 500
"""Keywords in all filters of one person."""
MAX_STATUSES: Final = 1_000
"""Posts named by all filters of one person (attack row 59, with the two above)."""
MAX_TITLE: Final = 256
MAX_KEYWORD: Final = 512
MAX_TEXT: Final = 100_000
"""Characters of a post that are looked through."""

_MARK: Final = "\x00"
_BREAK: Final = "\x1f"
"""Stands between the parts of a post, so that no phrase is found across two of them."""
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_WORD: Final = re.compile(f"(?:(?![{_UNSPACED}])[\\w{_MARKS}])+")
_PIECE_LENGTH: Final = 128
_LONG_RUN: Final = re.compile(r"\S{129}")
_PIECES: Final = re.compile(r"\S{1,128}|\s{1,128}")
_UNSEEN: Final = re.compile(f"[\x00-\x08\x0e-\x1f\x7f{INVISIBLE}]")


def fold(text: str) -> str:
    """Return a text as it is compared: compatibility forms and case folded, nothing invisible, single blanks."""
    seen = shown(_UNSEEN.sub("", text))
    return " ".join((seen.lower() if seen.isascii() else _folded(seen)).split())


def _folded(text: str) -> str:
    """Fold beyond ASCII; piece by piece where nothing ends, since putting marks in order takes the square of a run."""
    if len(text) > _PIECE_LENGTH and _LONG_RUN.search(text):
        return "".join(_folded(piece) for piece in _PIECES.findall(text))
    plain = in_one_script(without_piled_marks(unicodedata.normalize("NFKC", text)))
    return in_one_script(unicodedata.normalize("NFKC", plain.casefold()))


def mark_words(folded: str) -> str:
    """Return a folded text with a mark before and behind every word."""
    return _WORD.sub(f"{_MARK}\\g<0>{_MARK}", folded)


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword as it was written, and as it is looked for."""

    text: str
    whole_word: bool
    needle: str


def keyword_of(text: str, *, whole_word: bool) -> Keyword:
    """Return a keyword ready to be looked for. One that folds to nothing finds nothing."""
    folded = fold(text)
    return Keyword(text, whole_word, mark_words(folded) if whole_word else folded)


@dataclass(frozen=True, slots=True)
class Filtering:
    """One filter of somebody, compiled."""

    id: int
    title: str
    context: tuple[str, ...]
    action: str
    expires_at: datetime | None
    keywords: tuple[Keyword, ...]
    post_ids: frozenset[int]

    def holds(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class Match:
    """Why a filter concerns a post."""

    filtering: Filtering
    keywords: tuple[str, ...]
    post_ids: tuple[int, ...]


def matched_keywords(filterings: Sequence[Filtering], parts: Iterable[str]) -> dict[int, tuple[str, ...]]:
    """Return the keywords found in the parts of a post, by the id of their filter."""
    folded = _BREAK.join(fold(part[:MAX_TEXT]) for part in parts if part)
    marked: str | None = None
    found = {}
    for filtering in filterings:
        hits = []
        for keyword in filtering.keywords:
            if keyword.whole_word and marked is None:
                marked = mark_words(folded)
            text = marked if keyword.whole_word else folded
            if keyword.needle and keyword.needle in (text or ""):
                hits.append(keyword.text)
        if hits:
            found[filtering.id] = tuple(hits)
    return found


def matches(
    filterings: Sequence[Filtering], keywords: dict[int, tuple[str, ...]], post_ids: Sequence[int], now: datetime
) -> list[Match]:
    """Return which filters concern a post with these keywords in it and these ids (a boost has two).

    What hides comes first: some apps look at the first one only (client-api 31).
    """
    found = []
    for filtering in filterings:
        if not filtering.holds(now):
            continue
        hits = keywords.get(filtering.id, ())
        named = tuple(id_ for id_ in post_ids if id_ in filtering.post_ids)
        if hits or named:
            found.append(Match(filtering, hits, named))
    return sorted(found, key=lambda match: (_STRENGTH.get(match.filtering.action, 1), match.filtering.id))
