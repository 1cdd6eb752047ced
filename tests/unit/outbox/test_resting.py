"""What waits for a paused host: nobody touches it until the host is back, and nothing of it is lost (DLV-5)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from admin.pruning import prune
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.runtime import Runtime
from outbox import resting
from outbox.address import store
from outbox.deliver import _slow_due
from outbox.models import Delivery
from outbox.occasion import Outgoing
from outbox.peers import PAUSE, Health, after_failure, after_success, read_health, save_health
from outbox.resting import PROBE_LASTS, attend, let_go, list_marked, put_to_rest
from tests.support.deliveries import make_waiting
from tests.support.nodes import clock_of
from tests.support.plans import effort

HOST = "b.example"


@pytest.fixture(autouse=True)
def still(runtime: Runtime) -> None:
    clock_of(runtime).hold()


def paused(now: datetime) -> Health:
    health = Health()
    for _ in range(5):
        health = after_failure(health, now=now, error="HTTP 502")
    return health


async def remember(uow: UnitOfWork, health: Health, *, now: datetime, host: str = HOST) -> None:
    await save_health(uow, {host: health}, now=now)


async def health_of(runtime: Runtime, host: str = HOST) -> Health:
    async with runtime.read() as reader:
        return (await read_health(reader, [host]))[host]


async def dues(runtime: Runtime, host: str = HOST) -> list[datetime | None]:
    async with runtime.read() as reader:
        return list(
            await reader.scalars(select(Delivery.due_at).where(Delivery.host == host).order_by(Delivery.activity_id))
        )


def later(runtime: Runtime, **amount: float) -> datetime:
    clock_of(runtime).advance(**amount)
    return runtime.now()


async def test_a_paused_host_is_probed_with_its_oldest_delivery_when_its_time_has_come(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
        await make_waiting(uow, 3, due=None, now=now)
    await attend(runtime)
    assert await dues(runtime) == [None, None, None]
    assert not await _slow_due(runtime, now)
    now = later(runtime, minutes=31)
    assert await _slow_due(runtime, now)
    await attend(runtime)
    assert await dues(runtime) == [now, None, None]
    later(runtime, seconds=30)
    await attend(runtime)
    assert await dues(runtime) == [now, None, None]


async def test_a_probe_that_came_to_nothing_is_followed_by_another(runtime: Runtime) -> None:
    """It was dropped unsent, since its author took the post back."""
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
        await make_waiting(uow, 2, due=None, now=now)
    now = later(runtime, minutes=31)
    await attend(runtime)
    async with runtime.write() as uow:
        await uow.write(delete(Delivery).where(Delivery.due_at.is_not(None)))
    now = later(runtime, seconds=PROBE_LASTS.total_seconds() + 1)
    await attend(runtime)
    assert await dues(runtime) == [now]


async def test_a_host_for_which_nothing_waits_is_not_probed_and_takes_the_next_post_at_once(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
    now = later(runtime, minutes=31)
    await attend(runtime)
    health = await health_of(runtime)
    assert not health.has_resting
    assert health.first_due(now) == now
    assert not await _slow_due(runtime, now)


async def test_a_host_that_is_back_gets_everything_in_pieces(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was at it is killed after the first ones: the mark on the host says that there are more."""
    monkeypatch.setattr(resting, "PIECE", 2)
    monkeypatch.setattr(resting, "RELEASED", 4)
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, after_success(paused(now), now=now), now=now)
        await make_waiting(uow, 7, due=None, now=now)
    assert await _slow_due(runtime, now)
    await let_go(runtime, HOST)
    first = [now + timedelta(seconds=number) for number in (1, 2, 3, 4)]
    assert await dues(runtime) == [*first, None, None, None]
    assert (await health_of(runtime)).has_resting
    await attend(runtime)
    assert await dues(runtime) == [*first, *first[:3]]
    assert not (await health_of(runtime)).has_resting
    assert not await _slow_due(runtime, now)


async def test_whoever_knew_a_host_before_it_was_paused_does_not_forget_what_rests(runtime: Runtime) -> None:
    """A request of theirs came in while a delivery failed: each wrote down what it had made of what it had read."""
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
        await make_waiting(uow, 1, due=None, now=now)
        await remember(uow, after_success(Health(), now=now), now=now)
    assert (await health_of(runtime)).paused_until is None
    await attend(runtime)
    assert await dues(runtime) == [now + timedelta(seconds=1)]


async def test_what_is_let_go_stops_where_the_host_fails_again(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
        await make_waiting(uow, 2, due=None, now=now)
    await let_go(runtime, HOST)
    assert await dues(runtime) == [None, None]


async def test_all_that_waits_is_put_to_rest_unless_the_host_is_back(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resting, "PIECE", 2)
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, after_success(paused(now), now=now), now=now)
        await make_waiting(uow, 5, due=now, now=now)
        await make_waiting(uow, 1, due=now, now=now, host="other.example", start=5)
    await put_to_rest(runtime, HOST)
    assert await dues(runtime) == [now] * 5
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
    await put_to_rest(runtime, HOST)
    assert await dues(runtime) == [None] * 5
    assert await dues(runtime, "other.example") == [now]


def outgoing(runtime: Runtime) -> Outgoing:
    now = runtime.now()
    activity = {
        "id": new_id(), "uri": f"https://a.example/{new_id()}", "account_id": 7, "kind": "Create",
        "object_key": "x", "to_followers": True, "body": "{}", "created_at": now,
    }  # fmt: skip
    delivery = {
        "id": new_id(), "account_id": 7, "inbox_url": f"https://{HOST}/inbox", "host": HOST, "object_key": "x",
        "urgent": False, "slow": True, "created_at": now, "due_at": None, "attempts": 0, "last_error": "",
    }  # fmt: skip
    return Outgoing(activity, [delivery])


async def test_what_was_made_ready_before_a_host_came_back_does_not_rest_for_ever(runtime: Runtime) -> None:
    now = runtime.now()
    ready = outgoing(runtime)
    async with runtime.write() as uow:
        await remember(uow, paused(now), now=now)
        await store(uow, outgoing(runtime))
    assert await dues(runtime) == [None]
    async with runtime.write() as uow:
        await remember(uow, after_success(paused(now), now=now), now=now)
    await attend(runtime)
    async with runtime.write() as uow:
        await store(uow, ready)
    assert None not in await dues(runtime)


async def test_nobody_calls_a_host_free_of_resting_rows_while_one_is_inserted(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await remember(uow, after_success(paused(now), now=now), now=now)
    async with runtime.write() as uow:
        assert await list_marked(uow, [HOST]) == {HOST}
        letting_go = asyncio.create_task(let_go(runtime, HOST))
        await asyncio.sleep(0.2)
        await store(uow, outgoing(runtime))
    await letting_go
    assert None not in await dues(runtime)


async def test_a_probe_costs_the_same_however_much_waits(runtime: Runtime) -> None:
    now = runtime.now()
    costs = []
    for number, start in ((20, 0), (1_000, 20)):
        async with runtime.write() as uow:
            await remember(uow, paused(now - PAUSE), now=now)
            await make_waiting(uow, number, due=None, now=now, start=start)

        async def look(reader: Any) -> None:
            assert await resting.has_wanted(reader, now)
            ((host, _),) = await reader.rows(resting._TO_PROBE, {"now": now})
            assert host == HOST

        costs.append(await effort(runtime, look))
    assert costs[1] <= costs[0] * 1.5


async def test_what_rested_for_a_week_is_thrown_away(runtime: Runtime) -> None:
    now = runtime.now()
    async with runtime.write() as uow:
        await make_waiting(uow, 2, due=None, now=now - timedelta(days=8))
        await make_waiting(uow, 1, due=None, now=now - timedelta(days=6), start=2)
        await make_waiting(uow, 1, due=now, now=now - timedelta(days=8), start=3)
    removed = await prune(runtime)
    assert removed["deliveries"] == 2
    assert removed["outgoing_activities"] == 2
    assert sorted(map(str, await dues(runtime))) == sorted(map(str, [None, now]))
