"""How far an account is trusted to be a person whom people here know. Pure; `trusting` feeds it from the database.

Mass starts at the seeds and goes along edges "u follows, likes, boosts or answers v". u keeps its mass and hands on
`HANDED` of it, divided among all it points to, so a group of accounts gets no more than trusted people outside gave to
it: following each other multiplies nothing. Only the edges of those who were reached are ever looked at: edges among
a farm that nobody trusts do not even cost time.

Mass becomes trust, 0 to 1, beside what is common on this node: the mass above which half of all mass lies. Below
`FLOOR` there is none, so that a little mass cannot be strewn over many.

That alone would do on a node whose people know each other. Where they hardly do, one follow given to a bot is as much
mass as anybody has. So whoever owes nearly all they have to one person, their *sponsor*, directly or through others who
do, counts together with everybody else who owes it to the same one (`SPONSORED`). Only staff may vouch for any
number.
"""

from array import array
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

HOPS: Final = 4
HANDED: Final = 0.7
WIDEST: Final = 100.0
"""A seed that points to more people than this hands each as much as if they were this many. Only seeds: from anybody
else, who may be a bot that one person follows, that would be mass out of nothing."""
FLOOR: Final = 0.15
SPONSORED: Final = 1.0
"""What all count together who are trusted on the same person's word alone."""
NEARLY_ALL: Final = 0.8
"""Of what somebody has: who got so much from one sponsor has it on their word alone."""
ENOUGH: Final = 0.5
"""Of what is common: who has so much is trusted fully."""
COMMON_SHARE: Final = 0.5
MOST_EXPANDED: Final = 2_000
"""Accounts whose edges are looked at in one hop, those with the most mass."""
KNOWN: Final = 0.25
"""Trust of somebody whom the staff may be said to know."""
FEWEST_KNOWN: Final = 8
MOST_FOUNDERS: Final = 40
FEWEST_FOUNDERS: Final = 10

CROWD: Final = 8
CROWDED: Final = timedelta(hours=24)
"""So many accounts from one network within so short a time were made by one hand, or in one room."""
NEWCOMER: Final = timedelta(days=30)
"""How long it matters from where somebody signed up, and is kept."""

FOLLOWED: Final = 1.0
ANSWERED: Final = 0.5
"""Weight of an edge that is made by likes, boosts or answers, however many."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """Whom somebody points to, and with what weight. Packed: thousands of people point to hundreds each."""

    ids: "array[int]"
    weights: "array[float]"

    @classmethod
    def to(cls, weights: Mapping[int, float]) -> "Pointed":
        """Return these, by their ids."""
        return cls(array("q", weights), array("d", weights.values()))


Edges = Mapping[int, Pointed]
"""Whom each truster points to."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far accounts are trusted, 0 to 1, without those that are not; and on whose word alone, where it is that."""

    of: Mapping[int, float] = field(default_factory=dict)
    sponsors: Mapping[int, int] = field(default_factory=dict)
    crowd: frozenset[int] = frozenset()
    """Accounts of ours that were made in a crowd (`crowd_of`)."""

    def __len__(self) -> int:
        return len(self.of)

    def voice(self, id_: int) -> int:
        """Return for whom somebody speaks: themselves, or who alone vouches for them."""
        return self.sponsors.get(id_, id_)

    def together(self, ids: Iterable[int]) -> float:
        """Return how far these are trusted together."""
        by_voice: dict[int, float] = {}
        for id_ in ids:
            if (value := self.of.get(id_)) is not None:
                by_voice[self.voice(id_)] = min(SPONSORED, by_voice.get(self.voice(id_), 0.0) + value)
        return sum(by_voice.values())

    def strongest(self, count: int) -> "Trust":
        """Return the trust of those who have most."""
        kept = sorted(self.of, key=lambda id_: (-self.of[id_], id_))[:count]
        sponsors = {id_: self.sponsors[id_] for id_ in kept if id_ in self.sponsors}
        return replace(self, of={id_: self.of[id_] for id_ in kept}, sponsors=sponsors)


NOBODY: Final = Trust()


@dataclass(slots=True)
class Spread:
    """Trust on its way. `seeds` are trusted whatever happens; the word of `staff` among them is worth any number."""

    seeds: frozenset[int]
    staff: frozenset[int] = frozenset()
    mass: dict[int, float] = field(default_factory=dict)
    _new: dict[int, float] = field(default_factory=dict)
    _most: dict[int, tuple[int, float]] = field(default_factory=dict)
    """To whom somebody owes most, and how much."""

    def __post_init__(self) -> None:
        self._new = dict.fromkeys(self.seeds, 1.0)

    @property
    def frontier(self) -> list[int]:
        """The accounts that hand on mass in the next hop, the strongest first."""
        return sorted(self._new, key=lambda id_: (-self._new[id_], id_))[:MOST_EXPANDED]

    def step(self, edges: Edges) -> None:
        """Let the frontier hand on its mass along `edges`."""
        handed: dict[int, float] = {}
        for truster in self.frontier:
            pointed = edges.get(truster)
            if pointed is None or not pointed.ids:
                continue
            share = HANDED * self._new[truster] / _width(truster in self.seeds, sum(pointed.weights))
            sponsor = self._sponsor(truster) or truster
            for id_, weight in zip(pointed.ids, pointed.weights, strict=True):
                if id_ != truster:
                    handed[id_] = handed.get(id_, 0.0) + share * weight
                    self._owe(id_, sponsor, share * weight)
        for id_, amount in handed.items():
            self.mass[id_] = self.mass.get(id_, 0.0) + amount
        self._new = handed

    def _owe(self, id_: int, sponsor: int, amount: float) -> None:
        known, most = self._most.get(id_, (sponsor, 0.0))
        if known == sponsor:
            self._most[id_] = (sponsor, most + amount)
        elif amount > most:
            self._most[id_] = (sponsor, amount)

    def _sponsor(self, id_: int) -> int:
        """On whose word alone somebody is trusted; 0 where it is not that."""
        sponsor, most = self._most.get(id_, (0, 0.0))
        alone = id_ not in self.seeds and sponsor not in self.staff and most >= NEARLY_ALL * self.mass[id_]
        return sponsor if alone else 0

    def trust(self) -> Trust:
        """Return how far each account is trusted, without those that are not."""
        common = common_mass([mass for id_, mass in self.mass.items() if id_ not in self.seeds])
        found = {id_: min(1.0, mass / (ENOUGH * common)) for id_, mass in self.mass.items()} if common else {}
        found = {id_: value for id_, value in found.items() if value >= FLOOR} | dict.fromkeys(self.seeds, 1.0)
        return Trust(found, {id_: sponsor for id_ in found if (sponsor := self._sponsor(id_))})


def _width(is_seed: bool, weight: float) -> float:
    return min(weight, WIDEST) if is_seed else weight


def common_mass(masses: Collection[float]) -> float:
    """Return the mass above which `COMMON_SHARE` of all mass lies; 0 when there is none."""
    left = COMMON_SHARE * sum(masses)
    for mass in sorted(masses, reverse=True):
        left -= mass
        if left <= 0:
            return mass
    return 0.0


def founders_needed(known: int, people: int) -> int:
    """Return how many of the node's oldest people are seeds too, beside staff who know `known` of its `people`."""
    if known >= max(FEWEST_KNOWN, sqrt(people)):
        return 0
    return min(MOST_FOUNDERS, max(FEWEST_FOUNDERS, round(sqrt(people) / 2)))


def crowd_of(newcomers: Iterable[tuple[int, str, datetime]]) -> frozenset[int]:
    """Return who was made in a crowd, of newcomers with their networks and when they came, the oldest first.

    They count nothing, and are no founders, until somebody who is known trusts them: in a room full of friends that is
    soon.
    """
    found: set[int] = set()
    lately: dict[str, deque[tuple[int, datetime]]] = {}
    for id_, network, came_at in newcomers:
        near = lately.setdefault(network, deque())
        near.append((id_, came_at))
        while near[0][1] < came_at - CROWDED:
            near.popleft()
        if len(near) >= CROWD:
            found.update(one for one, _ in near)
    return frozenset(found)
