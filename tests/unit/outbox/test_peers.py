"""The memory of hosts: breaker, unavailable days, release (DLV-5, SIG-13)."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from node.base.runtime import Runtime
from outbox.deliver import scheme_order
from outbox.models import Delivery, Peer
from outbox.outcomes import LEASE
from outbox.peers import (
    BREATHER,
    PAUSE,
    Health,
    after_failure,
    after_success,
    hear,
    hold,
    read_health,
    save_health,
)
from tests.support.deliveries import make_waiting

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def failing(times: int, *, every: timedelta, start: Health | None = None) -> tuple[Health, datetime]:
    health, now = start or Health(), NOW
    for _ in range(times):
        health = after_failure(health, now=now, error="HTTP 502")
        now += every
    return health, now - every


def test_five_failures_within_ten_minutes_pause_a_host_for_half_an_hour() -> None:
    four, _ = failing(4, every=timedelta(minutes=1))
    assert four.paused_until is None
    assert four.is_failing
    five, now = failing(5, every=timedelta(minutes=1))
    assert five.paused_until == now + PAUSE
    assert five.held_until(now) == now + PAUSE


def test_failures_far_apart_do_not_pause_a_host() -> None:
    health, _ = failing(8, every=timedelta(minutes=11))
    assert health.paused_until is None
    assert health.consecutive_failures == 1


def test_a_failing_host_waits_longer_each_time() -> None:
    first, now = failing(1, every=timedelta())
    second, _ = failing(2, every=timedelta())
    assert first.held_until(now) == now + BREATHER
    assert second.held_until(now) == now + 2 * BREATHER
    assert Health().held_until(now) is None


def test_a_failed_probe_pauses_again_at_once() -> None:
    paused, now = failing(5, every=timedelta(seconds=1))
    later = now + PAUSE + timedelta(minutes=20)
    assert after_failure(paused, now=later, error="timeout").paused_until == later + PAUSE


def test_failures_on_seven_days_make_a_host_unavailable_with_a_probe_a_day() -> None:
    health, now = failing(7, every=timedelta(days=1))
    assert health.failure_days == 7
    assert health.unavailable_since == now
    assert not health.takes_new(now)
    assert not health.takes_new(now + timedelta(hours=23))
    assert health.takes_new(now + timedelta(days=1))
    six, now = failing(6, every=timedelta(days=1))
    assert six.takes_new(now)


def test_many_failures_on_one_day_count_as_one_day() -> None:
    health, _ = failing(40, every=timedelta(minutes=1))
    assert health.failure_days == 1


def test_a_success_forgets_everything_bad() -> None:
    bad, now = failing(7, every=timedelta(days=1))
    well = after_success(bad, now=now)
    assert not well.is_failing
    assert (well.failure_days, well.last_success_at) == (0, now)


def test_rfc_9421_comes_first_only_while_its_proof_is_fresh() -> None:
    """SIG-13."""
    proven = Health(signature_scheme="rfc9421", scheme_proven_at=NOW)
    assert scheme_order(Health(), NOW) == ("cavage", "rfc9421")
    assert scheme_order(proven, NOW + timedelta(days=29)) == ("rfc9421", "cavage")
    assert scheme_order(proven, NOW + timedelta(days=31)) == ("cavage", "rfc9421")


async def test_hearing_from_a_host_makes_it_well_and_proves_its_scheme(runtime: Runtime) -> None:
    """DLV-5, SIG-13."""
    bad, now = failing(5, every=timedelta(seconds=1))
    async with runtime.write() as uow:
        await save_health(uow, {"b.example": bad}, now=now)
        assert await hear(uow, "b.example", scheme="rfc9421", now=now)
        known = (await read_health(uow, ["b.example"]))["b.example"]
    assert not known.is_failing
    assert known.last_seen_at == now
    assert known.last_success_at is None
    assert scheme_order(known, now)[0] == "rfc9421"


async def test_health_is_written_over_what_was_known(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        await save_health(uow, {"b.example": Health(consecutive_failures=3)}, now=NOW)
        await save_health(uow, {"b.example": Health(consecutive_failures=1), "c.example": Health()}, now=NOW)
        rows = await uow.scalars(select(Peer).order_by(Peer.host))
    assert [(row.host, row.consecutive_failures) for row in rows] == [("b.example", 1), ("c.example", 0)]


async def test_holding_leaves_leased_rows_alone(runtime: Runtime) -> None:
    """A row in another worker's hands must not come due before its lease is over."""
    async with runtime.write() as uow:
        await make_waiting(uow, 1, due=NOW + LEASE / 2, now=NOW)
        await hold(uow, ["b.example"], until=NOW + PAUSE)
        assert await uow.scalars(select(Delivery.due_at)) == [NOW + PAUSE]
        await hold(uow, ["b.example"], until=NOW)
        assert await uow.scalars(select(Delivery.due_at)) == [NOW + PAUSE]
