"""The order of answers: 40/30/20/10, as a pure function."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.base.ids import SHIFT
from node.search.ranking import Candidate, ranked, score, text_scores
from node.search.steps import Wanted

NOW = datetime(2026, 11, 21, tzinfo=UTC)
WORDS = [Wanted((("owl", 1.0), ("~owl", 0.6)))]


def post(words: str, *, days: float = 0, likes: int = 0, boosts: int = 0, followers: int = 0) -> Candidate:
    moment = NOW - timedelta(days=days)
    spots = " ".join(f"|{word}|" for word in words.split())
    return Candidate(
        post_id=int(moment.timestamp() * 1000) << SHIFT,
        words=f"|from:1| {spots} ||",
        likes=likes,
        boosts=boosts,
        replies=0,
        followers=followers,
    )


def order(*posts: Candidate, wanted: list[Wanted] = WORDS) -> list[int]:
    best = ranked(posts, wanted, [wanted_.forms and tuple(f for f, _ in wanted_.forms) for wanted_ in wanted], now=NOW)
    return [[one.post_id for one in posts].index(id_) for id_ in best]


def test_the_weights() -> None:
    assert score(text=1, age_days=10_000, engagement=0, followers=0) == pytest.approx(0.4)
    assert score(text=0, age_days=0, engagement=0, followers=0) == pytest.approx(0.3)
    assert score(text=0, age_days=7, engagement=0, followers=0) == pytest.approx(0.15)
    assert score(text=0, age_days=10_000, engagement=1_000, followers=0) == pytest.approx(0.2)
    assert score(text=0, age_days=10_000, engagement=0, followers=100_000) == pytest.approx(0.1)
    assert score(text=1, age_days=0, engagement=10**9, followers=10**9) == pytest.approx(1.0)


numbers = st.floats(0, 1e9)


@given(st.floats(0, 1), numbers, numbers, numbers, st.sampled_from(["text", "age_days", "engagement", "followers"]))
def test_more_of_anything_good_is_never_worse(
    text: float, age: float, engaged: float, followers: float, key: str
) -> None:
    values = {"text": text, "age_days": age, "engagement": engaged, "followers": followers}
    better = values | {key: values[key] / 2 if key == "age_days" else values[key] * 1.5 + 0.01}
    assert 0 <= score(**values) <= score(**better) + 1e-12 <= 1 + 1e-9


def test_the_same_words_newer_first() -> None:
    assert order(post("an owl", days=9), post("an owl", days=1), post("an owl", days=30)) == [1, 0, 2]


def test_the_very_word_before_its_stem() -> None:
    assert order(post("two ~owl", days=1), post("one owl", days=1.01)) == [1, 0]


def test_the_word_as_it_was_typed_before_the_same_without_its_accents() -> None:
    wanted = [Wanted((("ete", 0.8),), "été")]
    assert order(post("ete", days=1), post("été|ete", days=1.01), wanted=wanted) == [1, 0]


def test_a_far_fetched_form_comes_last_however_new_and_liked() -> None:
    wanted = [Wanted((("kuche", 0.3), ("~küch", 0.85), ("~kuch", 0.3)), "küche")]
    kuchen, kueche = post("kuchen|~kuch", likes=900, boosts=50), post("küche|kuche|~küch|~~kuch", days=900)
    assert order(kuchen, kueche, wanted=wanted) == [1, 0]


def test_a_word_within_a_longer_one_of_japanese_comes_last() -> None:
    """京都 stands in 東京都, which is another place; in Chinese nothing says where a word begins."""
    wanted = [Wanted((("京都", 1.0),), is_within=True)]
    within, itself = "東|東京 京|京都 都", "京|京都 都|都の"
    japanese = [
        post(f":lang:ja {within}"),
        post(f":lang:ja {itself}", days=99),
        post(f":lang:ja {within} {itself}", days=9),
    ]
    assert order(*japanese, wanted=wanted) == [2, 1, 0]
    assert order(post(within), post(itself, days=99), wanted=wanted) == [0, 1]


def test_liked_and_boosted_before_unnoticed() -> None:
    assert order(post("owl", days=1), post("owl", days=1.01, likes=3, boosts=3)) == [1, 0]


def test_words_side_by_side_are_worth_more() -> None:
    wanted = [Wanted((("night", 1.0),)), Wanted((("owl", 1.0),))]
    apart, beside = post("night and the old owl", days=1), post("old and the night owl", days=1.01)
    assert order(apart, beside, wanted=wanted) == [1, 0]


def test_a_rare_word_is_worth_more_than_a_common_one() -> None:
    wanted = [Wanted((("common", 1.0),)), Wanted((("rare", 1.0),))]
    posts = [post("common word", days=n) for n in range(5)] + [post("rare word", days=5)]
    values = text_scores(posts, wanted, [])
    assert values[5] == max(values)


def test_row_105_a_word_said_a_thousand_times_is_not_worth_a_thousand_times() -> None:
    """Row 105: nobody buys the first place by repeating a word."""
    plain, stuffed = text_scores([post("an owl in a tree"), post("owl " * 1_000)], WORDS, [])
    assert stuffed < 1.5 * plain
    plain, stuffed = text_scores([post("an owl in a tree"), post("owl " * 12 + "buy buy buy")], WORDS, [])
    assert stuffed < plain
    plain, stuffed = text_scores([post("an owl in a tree"), post("buy owl owl owl owl now free owls cheap")], WORDS, [])
    assert stuffed < plain
    assert text_scores([], WORDS, []) == []
    assert text_scores([plain_ := post("x")], [], []) == [0.0]
    assert plain_.likes == 0
