"""In which order a search answers: 40 % what the words are worth, 30 % how new, 20 % how much it moved people, 10 % who
wrote it. Pure. A post that has a word in a far-fetched form only (Kuchen for Küche) comes after all others.

The worth of the words is BM25 over the posts that were found, the best of them counting 1: how rare a word is among
them says enough of how rare it is. The other three are absolute, so that a page does not change with its neighbours.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import log, log1p
from typing import Final, TypeAlias

from node.base.ids import time_of
from node.search.forms import FAR_FETCHED
from node.search.matching import has_sequence
from node.search.steps import Wanted

TEXT: Final = 0.4
RECENCY: Final = 0.3
ENGAGEMENT: Final = 0.2
AUTHORITY: Final = 0.1
HALF_LIFE_DAYS: Final = 7.0
ENGAGED: Final = 1_000.0
"""Likes, boosts and replies (a boost counts twice) from which a post is as engaging as can be."""
FOLLOWED: Final = 100_000.0
"""Followers from which an author has all the authority there is."""
SIDE_BY_SIDE: Final = 1.3
"""What it is worth more when the words stand side by side, as they were asked for."""
MOST_REPEATED: Final = 4
"""A word that stands there more often counts no more."""
STUFFED: Final = 6
STUFFED_COUNT: Final = 0.25
"""So often and more than every sixth word, it is worth little (attack row 105)."""
WITHIN: Final = 0.2
"""What a word of Chinese characters is worth where it stands only within a longer one, in Japanese."""
JAPANESE: Final = "|:lang:ja|"
_Counted: TypeAlias = list[tuple[float, float]]
"""The forms in which a document has a word: (worth, how often)."""
_K1: Final = 1.2
_B: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A post that matches, with what it is ranked by."""

    post_id: int
    words: str
    likes: int
    boosts: int
    replies: int
    followers: int


def score(*, text: float, age_days: float, engagement: float, followers: float) -> float:
    """Return the rank of a post, from 0 to 1. `text` is from 0 to 1 already."""
    recency: float = 0.5 ** (max(age_days, 0.0) / HALF_LIFE_DAYS)
    return (
        TEXT * min(max(text, 0.0), 1.0)
        + RECENCY * recency
        + ENGAGEMENT * min(log1p(max(engagement, 0.0)) / log1p(ENGAGED), 1.0)
        + AUTHORITY * min(log1p(max(followers, 0.0)) / log1p(FOLLOWED), 1.0)
    )


def ranked(
    found: Sequence[Candidate], wanted: Sequence[Wanted], order: Sequence[tuple[str, ...]], *, now: datetime
) -> list[int]:
    """Return the ids of posts, best first; of two equal ones the newer."""
    counted = [[_counted(one.words, term) for one in found] for term in wanted]
    worth = _text_scores(found, counted, order)
    best = max(worth, default=0.0)
    weighty = [counts for counts, term in zip(counted, wanted, strict=True) if not term.is_little]
    rated = [
        (
            not any(_is_far(counts[place]) for counts in weighty),
            score(
                text=value / best if best else 0.0,
                age_days=(now - time_of(one.post_id)).total_seconds() / 86_400,
                engagement=one.likes + 2 * one.boosts + one.replies,
                followers=one.followers,
            ),
            one.post_id,
        )
        for place, (one, value) in enumerate(zip(found, worth, strict=True))
    ]
    return [post_id for _, _, post_id in sorted(rated, reverse=True)]


def is_far_fetched(words: str, wanted: Sequence[Wanted]) -> bool:
    """Whether a document has one of the words that say something, but in no form that means the same."""
    return any(_is_far(_counted(words, term)) for term in wanted if not term.is_little)


def _is_far(counted: _Counted) -> bool:
    return bool(counted) and max(counted)[0] <= FAR_FETCHED


def text_scores(found: Sequence[Candidate], wanted: Sequence[Wanted], order: Sequence[tuple[str, ...]]) -> list[float]:
    """Return what the words of each post are worth for a query."""
    return _text_scores(found, [[_counted(one.words, term) for one in found] for term in wanted], order)


def _text_scores(
    found: Sequence[Candidate], counted: Sequence[list[_Counted]], order: Sequence[tuple[str, ...]]
) -> list[float]:
    if not found or not counted:
        return [0.0] * len(found)
    lengths = [one.words.count(" ") for one in found]
    average = sum(lengths) / len(lengths) or 1.0
    values = [0.0] * len(found)
    for counts in counted:
        having = sum(1 for count in counts if count)
        rarity = log(1 + (len(found) - having + 0.5) / (having + 0.5)) + 0.1
        for place, weighed in enumerate(counts):
            if weighed:
                norm = _K1 * (1 - _B + _B * lengths[place] / average)
                values[place] += rarity * max(
                    weight * _saturated(count, norm, lengths[place]) for weight, count in weighed
                )
    if len(order) > 1:
        sequence = tuple(order)
        for place, one in enumerate(found):
            if has_sequence(one.words, sequence):
                values[place] *= SIDE_BY_SIDE
    return values


def _saturated(found: float, norm: float, length: int) -> float:
    is_stuffed = found >= MOST_REPEATED and found * STUFFED > length
    count = STUFFED_COUNT if is_stuffed else min(found, MOST_REPEATED)
    return count * (_K1 + 1) / (count + norm)


def _counted(words: str, term: Wanted) -> _Counted:
    """Return in which of its forms a document has a word; in far-fetched ones only where in no other."""
    for forms in _sought(term):
        found = [(weight, float(count)) for piece, weight in forms if (count := words.count(piece))]
        if found:
            is_within = term.is_within and JAPANESE in words and not _is_apart(words, term.forms[0][0])
            return [(weight * WITHIN, count) for weight, count in found] if is_within else found
    return []


@lru_cache(maxsize=1_024)
def _sought(term: Wanted) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    """Return the pieces of a document's line that stand for a word, each with its worth: the near ones, the others."""
    if term.is_prefix:
        return [(f"|{term.forms[0][0]}", 1.0)], []
    pieces = [(f"|{token}|", weight) for token, weight in term.forms]
    if term.typed:
        pieces.append((f" |{term.typed}|", 1.0))
    near = [(piece, weight) for piece, weight in pieces if weight > FAR_FETCHED]
    return near, [(piece, weight) for piece, weight in pieces if weight <= FAR_FETCHED]


def _is_apart(words: str, run: str) -> bool:
    """Whether a run stands at least once where no Chinese character is before it: 京都, but not that of 東京都."""
    return _apart(run).search(words) is not None


@lru_cache(maxsize=256)
def _apart(run: str) -> re.Pattern[str]:
    first, whole = re.escape(run[0]), re.escape(run)
    before = f"[\u3400-\u9fff]{first}"
    return re.compile(rf"(?<!\|{before}\|) (?:\|{first})?\|{whole}\|")
