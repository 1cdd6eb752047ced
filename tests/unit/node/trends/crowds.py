"""Simulated streams: crowds of people who take a subject up, and a node to judge them on."""

from datetime import UTC, datetime, timedelta

from node.trends.rules import Trend, need_of, window_of
from node.trends.scoring import NEVER_SEEN, Usual, Voice, judge
from node.trends.texts import fingerprint
from node.trends.trust import HOPS, KNOWN, Pointed, Spread, Trust, founders_needed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def voices(
    count: int,
    *,
    trust: float = 0.0,
    sponsor: int = 0,
    first: int = 1,
    base: float = 0.4,
    site: str = "",
    hours: float = 1.0,
    until: float = 0.0,
    text: str = "",
) -> list[Voice]:
    """Return people who spoke evenly from `hours` ago until `until` hours ago."""
    return [
        Voice(
            account_id=first + number,
            trust=trust,
            sponsor=sponsor,
            at=NOW - timedelta(hours=until + (hours - until) * (number + 0.5) / count),
            base=base,
            site=site,
            said=fingerprint(text),
            post_id=first + number,
        )
        for number in range(count)
    ]


def judged(crowd: list[Voice], *, active: float, usual: Usual = NEVER_SEEN, subject_id: int = 1) -> Trend | None:
    """Return the trend a crowd makes on a node where so many trusted people are active."""
    window = window_of(active)
    return judge(subject_id, crowd, usual=usual, need=need_of(active, window), window=window, now=NOW)


def trust_on(edges: dict[int, dict[int, float]], *, staff: set[int], eldest: list[int], people: int) -> Trust:
    """Return how far accounts are trusted on a node with these edges, as the service works it out."""
    packed = {one: Pointed.to(weights) for one, weights in edges.items()}

    def spread(seeds: set[int]) -> Trust:
        found = Spread(frozenset(seeds), frozenset(staff))
        for _ in range(HOPS):
            found.step(packed)
        return found.trust()

    trust = spread(staff)
    needed = founders_needed(sum(value >= KNOWN for value in trust.of.values()), people)
    return spread(staff | set(eldest[:needed])) if needed else trust
