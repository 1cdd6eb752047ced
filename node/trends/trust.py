"""How far an account is trusted to be a person whom people here know. Pure; `trusting` feeds it from the database.

Mass starts at the seeds and goes along edges "u follows, likes, boosts or answers v". u keeps its mass and hands on
`HANDED` of it, divided among all it points to, so a group of accounts gets no more than trusted people outside gave to
it: following each other multiplies nothing. Only the edges of those who were reached are ever looked at: edges among
a farm that nobody trusts do not even cost time.

Mass becomes trust, 0 to 1, beside what is common on this node: the mass above which half of all mass lies. Below
`FLOOR` there is none, so that a little mass cannot be strewn over many.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Final

HOPS: Final = 4
HANDED: Final = 0.7
WIDEST: Final = 100.0
"""A seed that points to more people than this hands each as much as if they were this many. Only seeds: from anybody
else, who may be a bot that one person follows, that would be mass out of nothing."""
FLOOR: Final = 0.15
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

FOLLOWED: Final = 1.0
ANSWERED: Final = 0.5
"""Weight of an edge that is made by likes, boosts or answers, however many."""

Edges = Mapping[int, Mapping[int, float]]
"""Whom each truster points to, and with what weight."""


@dataclass(slots=True)
class Spread:
    """Trust on its way. `seeds` are trusted whatever happens."""

    seeds: frozenset[int]
    mass: dict[int, float] = field(default_factory=dict)
    _new: dict[int, float] = field(default_factory=dict)

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
            trusted = edges.get(truster)
            if not trusted:
                continue
            share = HANDED * self._new[truster] / _width(truster in self.seeds, sum(trusted.values()))
            for id_, weight in trusted.items():
                if id_ != truster:
                    handed[id_] = handed.get(id_, 0.0) + share * weight
        for id_, amount in handed.items():
            self.mass[id_] = self.mass.get(id_, 0.0) + amount
        self._new = handed

    def trust(self) -> dict[int, float]:
        """Return how far each account is trusted, without those that are not."""
        common = common_mass([mass for id_, mass in self.mass.items() if id_ not in self.seeds])
        found = {id_: min(1.0, mass / (ENOUGH * common)) for id_, mass in self.mass.items()} if common else {}
        return {id_: value for id_, value in found.items() if value >= FLOOR} | dict.fromkeys(self.seeds, 1.0)


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
