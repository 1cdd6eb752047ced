"""How many events share a transaction."""

from outbox.pace import MOST_SECONDS, Pace


def test_what_takes_long_shares_with_few() -> None:
    """It learns: after some slow transactions each event has one of its own, and one always fits."""
    pace = Pace()
    slow = ["PostPublished"] * 10
    before = pace.portion(slow)
    assert 1 < before < 10
    for _ in range(10):
        pace.learn(slow[:before], before * 2 * MOST_SECONDS)
    assert pace.portion(slow) == 1


def test_what_is_quick_shares_with_many() -> None:
    """Ten quick ones go together, also behind a kind that is slow elsewhere."""
    pace = Pace()
    quick = ["PostLiked"] * 10
    for _ in range(20):
        pace.learn(quick, MOST_SECONDS / 20)
    assert pace.portion(quick) == 10
    assert pace.portion(["PostPublished", *quick]) == 11


def test_a_transaction_that_failed_teaches_nothing() -> None:
    """What it took to fail says nothing of the next."""
    pace = Pace()
    before = pace.portion(["PostPublished"] * 10)
    pace.learn(["PostPublished"], 0.0)
    assert pace.portion(["PostPublished"] * 10) == before
