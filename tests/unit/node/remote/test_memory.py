"""What a process remembers: bounded, expiring, one flight for all who want it."""

import asyncio
from datetime import UTC, datetime, timedelta

from node.base.runtime import Runtime
from node.remote.memory import ExpiringMap, Flights, Windows, memory_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_entries_expire_and_the_oldest_leave() -> None:
    """Row 15: a flood of made-up names costs memory once."""
    known: ExpiringMap[int, str] = ExpiringMap(3)
    for number in range(5):
        known.put(number, str(number), until=LATER)
    assert len(known) == 3
    assert [known.get(number, NOW) for number in range(5)] == [None, None, "2", "3", "4"]
    assert known.get(4, LATER) is None
    known.forget(3)
    known.forget(99)
    assert len(known) == 1


def test_windows_count_and_end() -> None:
    windows = Windows(10)
    assert [windows.add("a", NOW, timedelta(minutes=5)) for _ in range(3)] == [1, 2, 3]
    assert (windows.used("a", NOW), windows.used("b", NOW), windows.used("a", LATER)) == (3, 0, 0)
    assert windows.add("a", LATER, timedelta(minutes=5)) == 1


async def test_one_flight_for_many_and_a_new_one_after() -> None:
    """ACT-6: also when one passenger leaves, and when it fails."""
    flights, calls = Flights(), []

    async def work() -> int:
        calls.append(1)
        await asyncio.sleep(0.02)
        if len(calls) == 2:
            raise ValueError("no")
        return len(calls)

    impatient = asyncio.create_task(flights.join("x", work))
    others = [asyncio.create_task(flights.join("x", work)) for _ in range(3)]
    await asyncio.sleep(0)
    impatient.cancel()
    assert await asyncio.gather(*others) == [1, 1, 1]
    results = await asyncio.gather(*(flights.join("x", work) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 3
    assert await flights.join("x", work) == 3


async def test_a_node_has_one(runtime: Runtime) -> None:
    assert memory_of(runtime) is memory_of(runtime)
