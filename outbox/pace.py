"""How many events may share a transaction: what keeps the database from others for a moment only.

On SQLite one transaction writes at a time, so somebody's post waits for as long as a batch takes. Few in a
transaction cost more in all; so it goes by how much CPU events of each kind took of late. Used by `relay.py`.
"""

from collections.abc import Sequence
from typing import Final

MOST_SECONDS: Final = 0.01
"""CPU of a transaction of several events: others wait for it. One alone takes what it takes."""
UNKNOWN_SECONDS: Final = 0.004
_WEIGHT: Final = 0.3
"""How much the latest transaction says about the next."""


class Pace:
    """What one drain learns about how much CPU events take, by kind."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def portion(self, kinds: Sequence[str]) -> int:
        """Return how many of the next events, of these kinds, fit into a transaction; one always does."""
        taken = 0.0
        for place, kind in enumerate(kinds):
            taken += self._seconds.get(kind, UNKNOWN_SECONDS)
            if place and taken > MOST_SECONDS:
                return place
        return len(kinds)

    def learn(self, kinds: Sequence[str], seconds: float) -> None:
        """Note that events of these kinds took so much CPU together; 0 says nothing."""
        if not seconds:
            return
        expected = [self._seconds.get(kind, UNKNOWN_SECONDS) for kind in kinds]
        ratio = seconds / sum(expected)
        for kind, before in dict(zip(kinds, expected, strict=True)).items():
            self._seconds[kind] = before * (1 + _WEIGHT * (ratio - 1))
