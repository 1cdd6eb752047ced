"""How suggestions are ranked, and why each is one. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log1p
from typing import Final, Literal

Source = Literal["friends_of_friends", "similar_to_recently_followed", "most_followed"]

LEGACY: Final[Mapping[str, str]] = {
    "friends_of_friends": "past_interactions",
    "similar_to_recently_followed": "past_interactions",
    "most_followed": "global",
}
"""The reason in the words of older apps."""

PER_FRIEND: Final = 3.0
PER_TAG: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody, and what speaks for them."""

    account_id: int
    friends: int = 0
    """People the viewer follows who follow them."""
    tags: int = 0
    """Hashtags that both used lately."""
    followers: int = 0
    """People known here who follow them."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to follow, the strongest reason first."""

    account_id: int
    sources: tuple[Source, ...]
    friends: int
    tags: int


def rank(candidates: Iterable[Candidate], limit: int) -> list[Suggestion]:
    """Return the best candidates, best first. Being followed by many counts by its logarithm: it says little of you."""
    best = sorted(candidates, key=lambda one: (-weight(one), -one.account_id))[:limit]
    return [Suggestion(one.account_id, sources_of(one), one.friends, one.tags) for one in best]


def weight(one: Candidate) -> float:
    """Return how strongly somebody is suggested."""
    return PER_FRIEND * one.friends + PER_TAG * one.tags + log1p(one.followers)


def sources_of(one: Candidate) -> tuple[Source, ...]:
    """Return why somebody is suggested, the strongest reason first."""
    reasons: list[tuple[float, Source]] = [
        (PER_FRIEND * one.friends, "friends_of_friends"),
        (PER_TAG * one.tags, "similar_to_recently_followed"),
        (log1p(one.followers), "most_followed"),
    ]
    return tuple(name for strength, name in sorted(reasons, key=lambda reason: -reason[0]) if strength > 0)
