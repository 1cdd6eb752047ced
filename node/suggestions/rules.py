"""How suggestions are ranked, and why each is one. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from typing import Final, Literal

Source = Literal["featured", "friends_of_friends", "similar_to_recently_followed", "most_interactions", "most_followed"]

LEGACY: Final[Mapping[Source, str]] = {
    "featured": "staff",
    "friends_of_friends": "past_interactions",
    "similar_to_recently_followed": "past_interactions",
    "most_interactions": "global",
    "most_followed": "global",
}
"""The reason in the words of older apps."""

PER_FRIEND: Final = 3.0
PER_BOOSTER: Final = 2.0
PER_TAG: Final = 2.0
MOST_TAGS: Final = 3
"""Who writes under every hashtag there is gains nothing by the fourth."""
MOST_REACTIONS: Final = 50
"""More say no more: they are the cheapest to buy."""
PICKED: Final = 2.5
"""A pick says a little less than a friend does: it is the same for everybody."""

MAX_PICKS: Final = 100
MAX_NOTE: Final = 300
NAMED: Final = 2
"""People, and hashtags, that a reason names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody, and what speaks for them."""

    account_id: int
    friends: int = 0
    """People the viewer follows who follow them."""
    boosters: int = 0
    """People the viewer follows who boosted them lately."""
    tags: int = 0
    """Hashtags that the viewer uses or follows, and they used lately."""
    neighbours: int = 0
    """People the viewer follows who are on the same server."""
    reactions: int = 0
    """Likes, boosts and answers that their public posts had here lately."""
    followers: int = 0
    """People here who follow them, and servers from which somebody does (`queries.list_most_followed`)."""
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to follow: what speaks for them, the strongest reason first."""

    candidate: Candidate
    sources: tuple[Source, ...]

    @property
    def account_id(self) -> int:
        """Whom it is about."""
        return self.candidate.account_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Whom and what the reasons for one suggestion may name: a few of each."""

    friends: Sequence[str] = ()
    boosters: Sequence[str] = ()
    tags: Sequence[str] = ()
    server: str = ""
    note: str = ""


def in_order(candidates: Iterable[Candidate]) -> list[int]:
    """Return the accounts, best first. What many do counts by its logarithm: it says little of the viewer."""
    return [one.account_id for one in sorted(candidates, key=lambda one: (-weight(one), -one.account_id))]


def suggestion_of(one: Candidate) -> Suggestion:
    """Return somebody with why they are suggested."""
    return Suggestion(one, sources_of(one))


def weight(one: Candidate) -> float:
    """Return how strongly somebody is suggested."""
    return sum(_strengths(one).values())


def sources_of(one: Candidate) -> tuple[Source, ...]:
    """Return why somebody is suggested, the strongest reason first."""
    strengths = _strengths(one)
    return tuple(sorted((name for name in strengths if strengths[name] > 0), key=lambda name: -strengths[name]))


def reasons_of(suggestion: Suggestion, names: Names) -> list[str]:
    """Return the reasons in plain words, the strongest first."""
    one = suggestion.candidate
    found: list[str] = []
    for source in suggestion.sources:
        match source:
            case "featured":
                found.append(names.note or "Picked by the people who look after this server")
            case "friends_of_friends":
                if one.friends:
                    found.append(f"Followed by {_people(names.friends, one.friends)}")
                if one.boosters:
                    found.append(f"Boosted lately by {_people(names.boosters, one.boosters)}")
            case "similar_to_recently_followed":
                if one.tags:
                    found.append(f"Writes about {_joined([f'#{tag}' for tag in names.tags], one.tags, 'hashtag')}")
                if one.neighbours:
                    found.append(f"On {names.server}, like {_people((), one.neighbours)}")
            case "most_interactions":
                found.append("Much liked, boosted and answered here lately")
            case "most_followed":
                people = "1 person" if one.followers == 1 else f"{one.followers} people"
                found.append(f"Followed by at least {people} known here")
    return found


def _strengths(one: Candidate) -> dict[Source, float]:
    return {
        "featured": PICKED if one.picked else 0.0,
        "friends_of_friends": PER_FRIEND * one.friends + PER_BOOSTER * one.boosters,
        "similar_to_recently_followed": PER_TAG * min(one.tags, MOST_TAGS) + log1p(one.neighbours) / 4,
        "most_interactions": log1p(min(one.reactions, MOST_REACTIONS)) / 2,
        "most_followed": log1p(one.followers),
    }


def _people(names: Sequence[str], count: int) -> str:
    if not names:
        return "1 person you follow" if count == 1 else f"{count} people you follow"
    if count == 1:
        return f"{names[0]}, whom you follow"
    return _joined(names, count, "person", "people", tail=" you follow")


def _joined(words: Sequence[str], count: int, one: str, many: str = "", *, tail: str = "") -> str:
    """Return "a, b and 3 more people"."""
    shown = list(words[:NAMED])
    rest = max(count - len(shown), 0)
    if rest:
        noun = one if rest == 1 else many or one + "s"
        shown.append(f"{rest} {'more ' if words else ''}{noun}{tail}")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
