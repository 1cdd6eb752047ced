"""What answers mean (DLV-3) and when to try again (DLV-4, DLV-7)."""

import pytest

from outbox.outcomes import Answer, Verdict, clamp_wish, judge, retry_delay


@pytest.mark.parametrize(
    ("status", "verdict", "host_failed"),
    [
        (200, Verdict.SENT, False),
        (202, Verdict.SENT, False),
        (204, Verdict.SENT, False),
        (301, Verdict.MOVED, False),
        (302, Verdict.MOVED, False),
        (303, Verdict.MOVED, False),
        (308, Verdict.MOVED, False),
        (304, Verdict.DROPPED, False),
        (400, Verdict.DROPPED, False),
        (404, Verdict.DROPPED, False),
        (405, Verdict.DROPPED, False),
        (406, Verdict.DROPPED, False),
        (410, Verdict.GONE, False),
        (413, Verdict.DROPPED, False),
        (415, Verdict.DROPPED, False),
        (418, Verdict.DROPPED, False),
        (422, Verdict.DROPPED, False),
        (401, Verdict.RETRY, False),
        (403, Verdict.RETRY, False),
        (408, Verdict.RETRY, False),
        (425, Verdict.RETRY, False),
        (429, Verdict.RETRY, False),
        (500, Verdict.RETRY, True),
        (501, Verdict.DROPPED, False),
        (502, Verdict.RETRY, True),
        (503, Verdict.RETRY, True),
        (599, Verdict.RETRY, True),
        (None, Verdict.RETRY, True),
    ],
)
def test_every_answer_has_a_verdict(status: int | None, verdict: Verdict, host_failed: bool) -> None:
    outcome = judge(Answer(status), tries=1)
    assert (outcome.verdict, outcome.host_failed) == (verdict, host_failed)
    assert outcome.unreachable == (status is None)


def test_a_refusal_is_retried_three_times_and_a_failure_sixteen_times() -> None:
    assert [judge(Answer(401), tries=n).verdict for n in (1, 2, 3, 4)] == [Verdict.RETRY] * 3 + [Verdict.DROPPED]
    assert judge(Answer(502), tries=16).verdict is Verdict.RETRY
    last = judge(Answer(502), tries=17)
    assert last.verdict is Verdict.DROPPED
    assert last.host_failed


@pytest.mark.parametrize(
    ("wish", "wait"), [(None, None), (0, 1.0), (-1, 1.0), (7, 7.0), (1e9, 86_400.0), (float("nan"), None)]
)
def test_a_peers_wish_is_obeyed_within_a_second_and_a_day(wish: float | None, wait: float | None) -> None:
    """Attack row 57."""
    assert clamp_wish(wish) == wait
    assert judge(Answer(429, retry_after=wish), tries=1).wait == wait


def test_the_schedule_is_the_fourth_power_with_jitter() -> None:
    least = [retry_delay(n, uniform=lambda low, _high: low) for n in range(1, 17)]
    most = [retry_delay(n, uniform=lambda _low, high: high) for n in range(1, 17)]
    assert least[:4] == [15, 16, 31, 96]
    assert sum(least) / 3600 == pytest.approx(49.6, abs=0.1)
    assert sum(most) / 3600 < 75
