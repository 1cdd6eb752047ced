"""What trends: simulated streams of hashtags and posts."""

from datetime import UTC, datetime, timedelta

from node.trends.rules import PER_AUTHOR, PostReach, Use, author_weight, trending, trending_posts

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def people(count: int, weight: float = 1.0) -> tuple[float, ...]:
    return (weight,) * count


def test_a_burst_is_before_a_steady_hashtag_and_one_of_every_day_is_none() -> None:
    burst = Use(1, people(12), usual=1.0)
    growing = Use(2, people(30), usual=24.0)
    daily = Use(3, people(40), usual=40.0)
    assert trending([daily, growing, burst]) == [1, 2]


def test_one_person_makes_no_trend() -> None:
    assert trending([Use(1, people(1), usual=0.0)]) == []


def test_fresh_accounts_count_little() -> None:
    assert author_weight(NOW - timedelta(hours=1), NOW) < author_weight(NOW - timedelta(days=30), NOW)
    farm = Use(1, people(20, author_weight(NOW - timedelta(hours=1), NOW)), usual=0.0)
    honest = Use(2, people(6), usual=0.0)
    assert trending([farm, honest]) == [2, 1]


def reach(post_id: int, *, author_id: int = 0, hours: float = 1, likes: int = 0, boosts: int = 0) -> PostReach:
    return PostReach(post_id, author_id or post_id, NOW - timedelta(hours=hours), likes, boosts, 0)


def test_what_moves_people_now_is_before_what_moved_more_yesterday() -> None:
    assert trending_posts(
        [reach(1, likes=40, hours=40), reach(2, likes=6), reach(3, boosts=6), reach(4, likes=1)], NOW
    ) == [
        3,
        2,
        1,
    ]


def test_nobody_fills_the_list_alone() -> None:
    found = trending_posts([reach(n, author_id=7, likes=9) for n in range(1, 9)] + [reach(99, likes=3)], NOW)
    assert len(found) == PER_AUTHOR + 1
    assert found[-1] == 99
