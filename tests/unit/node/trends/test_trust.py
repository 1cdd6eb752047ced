"""Who is known here: trust that no farm can make for itself (the bot farm of 500 on a node of 50)."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from node.barriers.rules import network_around
from node.trends.scoring import counted
from node.trends.trust import CROWD, crowd_of
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
    honest = sum(trust.of.get(one, 0.0) for one in HONEST)
    farm = [trust.of.get(bot, 0.0) for bot in BOTS]
    assert honest > 35
    assert sum(farm) <= 1.5 * befriended
    crowd = [v for bot, t in zip(BOTS, farm, strict=True) for v in voices(1, trust=t, first=bot, base=0.4)]
    if befriended <= 1:
        assert judged(crowd, active=honest) is None
    burst = [v for one in HONEST[20:30] for v in voices(1, trust=trust.of.get(one, 0.0), first=one)]
    found = judged(burst, active=honest)
    assert found is not None
    assert found.score > counted(crowd)


def test_without_acquainted_staff_the_eldest_are_the_seeds() -> None:
    """Bots have been here for a month and follow each other; the people of the node began before them."""
    trust = trust_on(honest_edges(1) | farm_edges("mesh"), staff={999}, eldest=[*HONEST, *BOTS], people=550)
    assert sum(trust.of.get(bot, 0.0) for bot in BOTS) == 0
    assert sum(trust.of.get(one, 0.0) for one in HONEST) > 35


def test_acquainted_staff_need_no_elders() -> None:
    """Bots that are older than all others are strangers to the staff, and to those whom these know."""
    trust = trust_on(honest_edges(1) | farm_edges("mesh"), staff={1}, eldest=[*BOTS, *HONEST], people=550)
    assert sum(trust.of.get(bot, 0.0) for bot in BOTS) == 0
    assert sum(trust.of.get(one, 0.0) for one in HONEST) > 35


def test_who_is_followed_from_here_is_known_wherever_they_are() -> None:
    """A node of one: whom its only person follows are all known, as far apart as they are."""
    trust = trust_on({1: dict.fromkeys(range(100, 300), 1.0)}, staff={1}, eldest=[1], people=1)
    assert {trust.of[id_] for id_ in range(100, 300)} == {1.0}
    assert trust_on({}, staff=set(), eldest=[], people=0).of == {}


def test_who_points_to_thousands_hands_on_little_to_each() -> None:
    """The staff follow four, of whom one is a bot that follows five thousand, and these follow it."""
    farm = range(1_000, 6_000)
    edges = {1: dict.fromkeys((2, 3, 4, 5), 1.0), 5: dict.fromkeys(farm, 1.0)} | {bot: {5: 1.0} for bot in farm}
    trust = trust_on(edges, staff={1}, eldest=[], people=5_005)
    assert sum(value for id_, value in trust.of.items() if id_ in farm) == 0
    assert [trust.of[id_] for id_ in (2, 3, 4)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("bots", [1, 2, 5])
@pytest.mark.parametrize("shape", ["fan", "tree"])
def test_one_honest_follow_makes_no_trend_where_people_hardly_know_each_other(shape: str, bots: int) -> None:
    """Nobody of the fifty follows anybody but one, who fell for bots: what these pass on is that one person's word."""
    friends = BOTS[:bots]
    edges = {HONEST[3]: dict.fromkeys(friends, 1.0)}
    edges |= {
        bot: dict.fromkeys(BOTS[10 * n + 10 : 10 * n + (15 if shape == "fan" else 13)], 1.0)
        for n, bot in enumerate(friends)
    }
    if shape == "tree":
        edges |= {BOTS[n]: dict.fromkeys([*BOTS[100 : 100 + bots], BOTS[n + 1]], 1.0) for n in range(10, 60)}
    trust = trust_on(edges, staff={999}, eldest=HONEST, people=550)
    assert trust.of[friends[0]] == 1.0, "whom somebody here follows is known"
    crowd = [
        v
        for bot in BOTS
        for v in voices(1, trust=trust.of.get(bot, 0.0), sponsor=trust.sponsors.get(bot, 0), first=bot)
    ]
    assert judged(crowd, active=12) is None
    assert trust.together([*HONEST, *BOTS]) <= len(trust.of.keys() & set(HONEST)) + 1, "nor do they make it take more"
    herons = [v for one in HONEST[:8] for v in voices(1, trust=trust.of.get(one, 0.0), first=one)]
    assert judged(herons, active=12) is not None


def test_whom_the_staff_follow_has_a_say_alone() -> None:
    """A node of fifty whose moderator follows everybody: nobody counts less for being known by one only."""
    trust = trust_on({1: dict.fromkeys(HONEST[1:], 1.0)}, staff={1}, eldest=[], people=50)
    assert (set(trust.of), trust.sponsors) == (set(HONEST), {})


def test_a_crowd_from_one_network_is_seen_as_one() -> None:
    """Twenty sign-ups in an hour from one network; as many in three weeks are a village, seven a family."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    burst = [(n, "203.0.113.0/24", start + timedelta(minutes=3 * n)) for n in range(20)]
    village = [(100 + n, "198.51.100.0/24", start + timedelta(days=n)) for n in range(20)]
    family = [(200 + n, "2001:db8:7::/48", start + timedelta(minutes=n)) for n in range(CROWD - 1)]
    assert crowd_of(sorted([*burst, *village, *family], key=lambda one: one[2])) == set(range(20))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.114.77", "203.0.114.0/24"),
        ("::ffff:8.8.4.4", "8.8.4.0/24"),
        ("2a00:1450:4001:80e::200e", "2a00:1450:4001::/48"),
        *((own, "") for own in ("127.0.0.1", "::1", "10.1.2.3", "", "unix:")),
    ],
)
def test_the_network_of_our_own_proxy_says_nothing(address: str, network: str) -> None:
    assert network_around(address) == network
