"""Who is known here: trust that no farm can make for itself (the bot farm of 500 on a node of 50)."""

import random

import pytest

from node.trends.scoring import counted
from tests.unit.node.trends.crowds import judged, trust_on, voices

HONEST = list(range(1, 51))
BOTS = list(range(1_001, 1_501))

Edges = dict[int, dict[int, float]]


def honest_edges(seed: int, each: int = 8) -> Edges:
    """Fifty people of whom each follows some others."""
    dice = random.Random(seed)
    return {one: dict.fromkeys(dice.sample([n for n in HONEST if n != one], each), 1.0) for one in HONEST}


def farm_edges(shape: str) -> Edges:
    """Five hundred bots that know each other, and follow honest people too."""
    dice = random.Random(7)
    if shape == "ring":
        return {bot: {BOTS[place - 1]: 1.0} for place, bot in enumerate(BOTS)}
    if shape == "star":
        return {BOTS[0]: dict.fromkeys(BOTS[1:], 1.0)} | {bot: {BOTS[0]: 1.0} for bot in BOTS[1:]}
    if shape == "groups":
        return {bot: dict.fromkeys(BOTS[place // 8 * 8 : place // 8 * 8 + 8], 1.0) for place, bot in enumerate(BOTS)}
    return {bot: dict.fromkeys([*dice.sample(BOTS, 60), *dice.sample(HONEST, 20)], 1.0) for bot in BOTS}


@pytest.mark.parametrize("shape", ["ring", "star", "groups", "mesh"])
@pytest.mark.parametrize("befriended", [0, 1, 3])
def test_a_farm_has_no_more_trust_than_it_was_given(shape: str, befriended: int) -> None:
    """Whatever the bots do among themselves: what counts is how many honest people follow one of them."""
    edges = honest_edges(befriended)
    for number in range(befriended):
        edges[HONEST[10 + number]][BOTS[number]] = 1.0
    trust = trust_on(edges | farm_edges(shape), staff={1}, eldest=HONEST, people=550)
    honest = sum(trust.get(one, 0.0) for one in HONEST)
    farm = [trust.get(bot, 0.0) for bot in BOTS]
    assert honest > 35
    assert sum(farm) <= 1.5 * befriended
    crowd = [v for bot, t in zip(BOTS, farm, strict=True) for v in voices(1, trust=t, first=bot, base=0.4)]
    if befriended <= 1:
        assert judged(crowd, active=honest) is None
    burst = [v for one in HONEST[20:30] for v in voices(1, trust=trust.get(one, 0.0), first=one)]
    found = judged(burst, active=honest)
    assert found is not None
    assert found.score > counted(crowd)


def test_without_acquainted_staff_the_eldest_are_the_seeds() -> None:
    """Bots have been here for a month and follow each other; the people of the node began before them."""
    trust = trust_on(honest_edges(1) | farm_edges("mesh"), staff={999}, eldest=[*HONEST, *BOTS], people=550)
    assert sum(trust.get(bot, 0.0) for bot in BOTS) == 0
    assert sum(trust.get(one, 0.0) for one in HONEST) > 35


def test_acquainted_staff_need_no_elders() -> None:
    """Bots that are older than all others are strangers to the staff, and to those whom these know."""
    trust = trust_on(honest_edges(1) | farm_edges("mesh"), staff={1}, eldest=[*BOTS, *HONEST], people=550)
    assert sum(trust.get(bot, 0.0) for bot in BOTS) == 0
    assert sum(trust.get(one, 0.0) for one in HONEST) > 35


def test_who_is_followed_from_here_is_known_wherever_they_are() -> None:
    """A node of one: whom its only person follows are all known, as far apart as they are."""
    trust = trust_on({1: dict.fromkeys(range(100, 300), 1.0)}, staff={1}, eldest=[1], people=1)
    assert {trust[id_] for id_ in range(100, 300)} == {1.0}
    assert trust_on({}, staff=set(), eldest=[], people=0) == {}


def test_who_points_to_thousands_hands_on_little_to_each() -> None:
    """The staff follow four, of whom one is a bot that follows five thousand, and these follow it."""
    farm = range(1_000, 6_000)
    edges = {1: dict.fromkeys((2, 3, 4, 5), 1.0), 5: dict.fromkeys(farm, 1.0)} | {bot: {5: 1.0} for bot in farm}
    trust = trust_on(edges, staff={1}, eldest=[], people=5_005)
    assert sum(value for id_, value in trust.items() if id_ in farm) == 0
    assert [trust[id_] for id_ in (2, 3, 4)] == [1.0, 1.0, 1.0]
