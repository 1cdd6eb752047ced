"""What trends: simulated streams of voices (issue: bursts, steady tags, farms, floods, what is always there)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from node.trends.day_queries import usual_of
from node.trends.rules import LONGEST, Trend, explanation, language_of, need_of, read_trend, window_of
from node.trends.scoring import Usual, counted, one_each, site_of, stranger_weight
from tests.unit.node.trends.crowds import NOW, judged, voices


def score(trend: Trend | None) -> float:
    return trend.score if trend is not None else 0.0


def test_a_burst_is_before_what_grows_slowly() -> None:
    burst = judged(voices(12, trust=1), active=50)
    slow = judged(voices(12, trust=1, hours=24), active=50)
    grown = judged(voices(12, trust=1), active=50, usual=Usual(daily=6))
    assert score(burst) > score(slow) > 0
    assert score(burst) > score(grown) > 0


def test_a_steady_hashtag_is_none() -> None:
    """Forty people, as on every day."""
    assert judged(voices(40, trust=1, hours=24), active=60, usual=Usual(daily=38, presence=1)) is None
    assert judged(voices(40, trust=1, hours=24), active=60, usual=Usual(daily=10, presence=1)) is not None


def test_what_comes_every_saturday_is_no_news_on_a_saturday() -> None:
    """Of the last four Saturdays, by the hours of the day; on a Tuesday the same crowd is news."""
    saturdays = {100 - 7 * week: (20, [0] * 10 + [10, 10] + [0] * 12) for week in range(1, 5)}
    for window in (timedelta(hours=6), LONGEST):
        on_saturday = usual_of(saturdays, today=100, hour=12, window=window)
        assert on_saturday.people == 20
        assert judged(voices(22, trust=1), active=60, usual=on_saturday) is None
        on_tuesday = usual_of(saturdays, today=103, hour=12, window=window)
        assert judged(voices(22, trust=1), active=60, usual=on_tuesday) is not None
    once = usual_of({93: (20, [1] * 24)}, today=100, hour=12, window=LONGEST)
    assert once.weekly == 0, "one Saturday makes no habit"


def test_the_usual_of_a_few_hours_is_of_the_same_hours() -> None:
    """A hashtag of the mornings is none of the nights."""
    days = {day: (12, [0] * 6 + [4] * 3 + [0] * 15) for day in range(92, 100)}
    morning = usual_of(days, today=100, hour=8, window=timedelta(hours=2))
    assert (morning.daily, morning.presence) == (8, 8 / 28)
    assert usual_of(days, today=100, hour=20, window=timedelta(hours=2)).daily == 0


def test_what_is_always_there_loses_to_what_is_new() -> None:
    always = judged(voices(20, trust=1), active=60, usual=Usual(daily=5, presence=1))
    fresh = judged(voices(20, trust=1), active=60, usual=Usual(daily=5, presence=0.1))
    assert 0 < score(always) < score(fresh)


def test_one_author_floods_in_vain() -> None:
    """A thousand posts of one person are one voice, on any node."""
    (flood,) = one_each([replace(voice, account_id=1, uses=10) for voice in voices(100, trust=1)])
    assert flood.uses == 1_000
    assert judged([flood], active=0) is None
    assert judged([flood, *voices(500, first=10)], active=0) is None, "strangers do not carry it either"


@pytest.mark.parametrize("base", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("sites", [1, 20, 500])
def test_strangers_alone_make_no_trend(base: float, sites: int) -> None:
    """Five hundred of them, of any age, from anywhere, each with their own words; not even beside one who is known."""
    farm = [
        replace(voice, site=f"s{number % sites}.example" if sites > 1 else "")
        for number, voice in enumerate(voices(500, base=base))
    ]
    assert judged(farm, active=0) is None
    assert judged([*farm, *voices(1, trust=1, first=1_000)], active=0) is None
    assert counted([*farm, *voices(4, trust=1, first=1_000)]) <= 4 * 1.5 + 0.4


def test_new_people_make_a_burst_larger() -> None:
    """After a wave of sign-ups: three who are known and a hundred who are not."""
    assert judged(voices(3, trust=1), active=60) is None, "on this node, three are few"
    wave = judged([*voices(3, trust=1), *voices(100, base=0.05, first=50)], active=60)
    assert wave is not None
    assert wave.people == 103


def test_a_node_of_ten_has_trends_and_a_large_one_asks_for_more() -> None:
    assert judged(voices(2, trust=1), active=10) is not None
    assert judged(voices(2, trust=1), active=1_000) is None
    needs = [need_of(active, window_of(active)) for active in (3, 10, 50, 1_000, 50_000)]
    assert needs == sorted(needs)
    assert needs[0] == 2
    assert needs[-1] < 50


def test_copies_of_a_text_count_little() -> None:
    text = "<p>Buy the finest watches at our shop today</p>"
    own = ("I saw herons", "They nest again by the weir", "What a loud morning at the lake", "No herons here, sadly")
    copied = counted(voices(40, trust=0.3, text=text))
    spoken = counted([replace(voices(1, trust=0.3, first=n, text=own[n % 4])[0], account_id=n) for n in range(4)])
    assert copied < 40 * 0.3 * 0.65
    strangers = voices(4, base=0.01, text=text)
    assert counted(strangers) == pytest.approx(0.01 * 1.6)
    assert spoken == pytest.approx(4 * 0.3)


def test_nobody_is_talked_down_by_copies() -> None:
    """Bots that repeat what eight people said, ten times each, take nothing from them."""
    words = [f"{bird} seen at the lake this morning by me" for bird in ("Herons", "Swans", "Two owls", "A tern")]
    honest = [v for n, text in enumerate(words * 2) for v in voices(1, trust=1.0, first=n, text=text)]
    bots = [v for n, text in enumerate(words * 20) for v in voices(1, first=1_000 + n, base=0.05, text=text)]
    assert counted([*honest, *bots]) >= counted(honest)


def test_people_of_one_other_server_count_less_than_people_of_many() -> None:
    one = counted(voices(30, trust=1, site="big.example"))
    many = counted([replace(v, site=f"{v.account_id}.example") for v in voices(30, trust=1)])
    assert one < many / 2
    assert counted(voices(3, trust=1, site="big.example")) == 3


def test_subdomains_are_one_site() -> None:
    assert site_of("a.farm.example") == site_of("b.c.farm.example:8443") == "farm.example"
    assert site_of("a.co.uk") != site_of("b.co.uk")
    assert site_of("x.a.co.uk") == "a.co.uk"
    assert site_of("10.0.0.7") == "10.0.0.7"
    assert site_of("") == ""


def test_what_is_cheap_to_make_weighs_little() -> None:
    def weight(days: float, followers: int = 5, following: int = 5, is_bot: bool = False) -> float:
        return stranger_weight(
            created_at=NOW - timedelta(days=days), followers=followers, following=following, is_bot=is_bot, now=NOW
        )

    assert weight(0.1) < weight(3) < weight(60)
    assert weight(60, followers=0) < weight(60)
    assert weight(60, followers=2, following=4_000) < weight(60)
    assert weight(60, is_bot=True) < weight(60)
    assert 0 < weight(0.1, followers=0, following=0) < 0.05


def test_an_explanation_says_how_much_and_how_unusual() -> None:
    said = Trend(1, 2.0, uses=41, people=17, hours=1, usual=2.8)
    assert explanation(said, "tags") == "41 posts by 17 people in 1 h, 6.1 times its usual"
    assert explanation(replace(said, usual=0.0, uses=1, people=1), "links") == "1 post by 1 person in 1 h, new here"
    assert explanation(said, "posts") == "taken up by 17 people in 1 h"
    assert read_trend(said.as_json()) == said


def test_languages_are_primary_codes() -> None:
    assert [language_of(tag) for tag in ("de", "de-AT", "EN_gb", None, "", "klingon", "1;drop")] == [
        *("de", "de", "en", "und", "und", "und", "und")
    ]
