"""What a trend is, in words and numbers: kinds, windows, thresholds, explanations. Pure; the scoring is `scoring`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import sqrt
from typing import Any, Final, Literal, get_args

Kind = Literal["tags", "links", "posts"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

KEPT: Final = 60
"""Trends of one board."""
PER_AUTHOR: Final = 2
"""Posts of one person among the trending ones."""
FEWEST: Final = 2.0
"""What people must count together, however small the node: what one says is no trend."""
NEED: Final = 0.5
"""Of the root of how many are active."""
LONGEST: Final = timedelta(hours=24)
"""The window of a quiet node; a busy one looks at fewer hours."""
POSTS_LONGER: Final = 2
"""A post is read longer than a hashtag is news."""
POST_IDS: Final = 20
"""Posts that are named with a trend."""
NO_LANGUAGE: Final = "und"

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?=$|[-_])")


@dataclass(frozen=True, slots=True)
class Trend:
    """A hashtag, link or post that trends, and why. `usual` is how many people take it up in as many hours."""

    id: int
    score: float
    uses: int
    people: int
    hours: int
    usual: float
    post_ids: tuple[int, ...] = ()

    @property
    def times(self) -> float | None:
        """How many times its usual it is; None where it was hardly seen before."""
        return round(self.people / self.usual, 1) if self.usual >= 0.5 else None

    def as_json(self) -> list[Any]:
        """Return it as it is kept."""
        return [self.id, round(self.score, 3), self.uses, self.people, self.hours, round(self.usual, 2), self.post_ids]


def read_trend(kept: Sequence[Any]) -> Trend:
    """Return a trend as it was kept."""
    id_, score, uses, people, hours, usual, post_ids = kept
    return Trend(int(id_), float(score), int(uses), int(people), int(hours), float(usual), tuple(post_ids))


def window_of(active: float) -> timedelta:
    """Return how far back a node looks on which so many trusted people are active a day."""
    return LONGEST if active < 100 else timedelta(hours=6) if active < 2_000 else timedelta(hours=2)


def need_of(active: float, window: timedelta) -> float:
    """Return what people must count together, on a node where so many are active a day."""
    return max(FEWEST, NEED * sqrt(active * (window / LONGEST)))


@lru_cache(maxsize=1_000)
def language_of(tag: str | None) -> str:
    """Return the language of a post as boards name it: its primary code."""
    found = _LANGUAGE.match((tag or "").casefold())
    return found[0] if found else NO_LANGUAGE


def hours_since(oldest: datetime, now: datetime) -> int:
    """Return the whole hours that reach back to a moment, at least one."""
    return max(1, -(-int((now - oldest).total_seconds()) // 3600))


def explanation(trend: Trend, kind: Kind) -> str:
    """Say why something trends: "41 posts by 17 people in 1 h, 6 times its usual"."""
    people = f"{trend.people} {'person' if trend.people == 1 else 'people'}"
    if kind == "posts":
        return f"taken up by {people} in {trend.hours} h"
    posts = f"{trend.uses} {'post' if trend.uses == 1 else 'posts'}"
    times = trend.times
    usual = "new here" if times is None else f"{times:g} times its usual"
    return f"{posts} by {people} in {trend.hours} h, {usual}"
