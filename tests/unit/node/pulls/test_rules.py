"""Who is pulled, how often, and how long a failure is waited for. Pure, but for the budget of a host."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from federation.answers import Validators
from node.base.runtime import Runtime
from node.base.settings import Settings
from node.pulls.budgets import count_bytes, let_rest, note_answer, note_failure, take_turn
from node.pulls.rules import HOST_WINDOW, LONGEST, PATIENCE, SHORTEST, interval_of, wait_after, why_pulled
from tests.support.nodes import Clock

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def times(every: timedelta, *, silence: timedelta | None = None, number: int = 11) -> list[datetime]:
    newest = NOW - (every if silence is None else silence)
    return [newest - every * n for n in range(number)]


@pytest.mark.parametrize(
    ("published", "delivered", "expected"),
    [
        ([], 0, LONGEST),
        (times(timedelta(seconds=20)), 0, SHORTEST),
        (times(timedelta(minutes=10)), 0, timedelta(minutes=5)),
        (times(timedelta(minutes=10)), 2, timedelta(minutes=11, seconds=15)),
        (times(timedelta(minutes=10)), 50, timedelta(seconds=300 * 1.5**4)),
        (times(timedelta(hours=4)), 0, timedelta(hours=2)),
        (times(timedelta(days=3)), 0, LONGEST),
        (times(timedelta(minutes=10), silence=timedelta(hours=8)), 0, timedelta(hours=2)),
        ([NOW - timedelta(hours=2)], 0, timedelta(minutes=30)),
        ([NOW + timedelta(days=900), NOW - timedelta(hours=4), NOW - timedelta(hours=8)], 0, timedelta(hours=2)),
    ],
)
def test_the_interval_follows_their_rate(published: list[datetime], delivered: int, expected: timedelta) -> None:
    """Half of the usual distance; longer in silence, and when their server delivers everything; within two bounds."""
    assert interval_of(published, delivered=delivered, now=NOW) == expected


def test_failures_are_waited_for_longer_each_time() -> None:
    waits = [wait_after(n) for n in range(1, 40)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(minutes=4), LONGEST)


@pytest.mark.parametrize(
    ("choice", "reported", "local", "was", "expected"),
    [
        ("auto", 99_999, 0, "", ""),
        ("auto", 100_000, 0, "", "reported"),
        ("auto", 80_000, 0, "reported", "reported"),
        ("auto", 79_999, 0, "reported", ""),
        ("auto", 80_000, 0, "chosen", ""),
        ("auto", 0, 100_001, "", "followed here"),
        ("off", 10**9, 10**6, "reported", ""),
        ("on", 0, 0, "", "chosen"),
    ],
)
def test_who_is_pulled(choice: str, reported: int, local: int, was: str, expected: str) -> None:
    found = why_pulled(choice, reported=reported, local_followers=local, was=was, settings=Settings())
    assert found == expected


async def test_a_hosts_budget_is_shared_and_ends(runtime: Runtime) -> None:
    """Requests and bytes of an hour, then the next hour; two that ask at once never get more than there is."""
    settings = replace(runtime.settings, pull_requests_per_host=3, pull_bytes_per_host=1_000)
    clock = runtime.clock
    assert isinstance(clock, Clock)

    async def ask(host: str) -> datetime | None:
        async with runtime.write() as uow:
            return await take_turn(uow, settings, host, now=runtime.now())

    begun = runtime.now()
    answers = [await ask("big.test") for _ in range(5)]
    assert [answer is None for answer in answers] == [True, True, True, False, False]
    assert answers[-1] is not None
    assert begun < answers[-1] <= runtime.now() + HOST_WINDOW
    assert await ask("other.test") is None, "each host has its own"
    async with runtime.write() as uow:
        await count_bytes(uow, "other.test", 1_000)
    assert await ask("other.test") is not None
    clock.advance(seconds=HOST_WINDOW.total_seconds() + 1)
    assert await ask("big.test") is None
    assert await ask("other.test") is None


async def test_a_host_rests_when_it_asks_for_it_or_fails(runtime: Runtime) -> None:
    now = runtime.now()

    async def ask() -> datetime | None:
        async with runtime.write() as uow:
            return await take_turn(uow, runtime.settings, "big.test", now=now)

    assert await ask() is None
    async with runtime.write() as uow:
        for _ in range(PATIENCE - 1):
            await note_failure(uow, "big.test", "timeout", now=now)
    assert await ask() is None
    async with runtime.write() as uow:
        await note_failure(uow, "big.test", "timeout", now=now)
    assert await ask() == now + wait_after(PATIENCE)
    async with runtime.write() as uow:
        await note_answer(uow, "big.test")
        await let_rest(uow, "big.test", timedelta(hours=3), "http_429", now=now)
        await let_rest(uow, "big.test", timedelta(minutes=1), "http_429", now=now)
    assert await ask() == now + timedelta(hours=3), "a shorter wish does not end a longer one"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"etag": 'W/"abc"', "last-modified": "Sun, 01 Mar 2026 12:00:00 GMT"}, 2),
        ({"etag": "abc", "last-modified": "yesterday"}, 0),
        ({"etag": '"a\r\nX-Evil: 1"'}, 0),
        ({"etag": '"' + "a" * 5_000 + '"'}, 0),
        ({}, 0),
    ],
)
def test_only_a_version_that_can_be_sent_back_is_kept(headers: dict[str, str], expected: int) -> None:
    """RFC 9110, section 8.8; nothing of a peer's goes into our headers unread."""
    assert len(Validators.read(headers).headers()) == expected
