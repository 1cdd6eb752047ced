"""What a process remembers about other hosts between two requests: known keys, recent failures, fetches under
way, and how often something was tried. All of it may be lost at any moment; nothing of it is ever the truth.

One `Memory` a node: two nodes in one test process share nothing. Bounded in number, so that a flood of made-up
names costs memory once (row 15). Times come from the node's clock.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from node.base.cache import RedisGate
from node.base.runtime import Runtime

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class ExpiringMap(Generic[K, V]):
    """A mapping whose entries end by themselves; the least recently written leave first when it is full."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[K, tuple[datetime, V]] = OrderedDict()

    def get(self, key: K, now: datetime) -> V | None:
        """Return the value, or None when there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= now:
            del self._entries[key]
            return None
        return entry[1]

    def put(self, key: K, value: V, *, until: datetime) -> None:
        """Remember `value` until that time."""
        self._entries[key] = (until, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        """Forget `key`, known or not."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)


class Windows:
    """Counts tries per key in windows of fixed length."""

    def __init__(self, capacity: int) -> None:
        self._counts: ExpiringMap[Hashable, list[int]] = ExpiringMap(capacity)

    def used(self, key: Hashable, now: datetime) -> int:
        """Return how many tries the present window of `key` has seen."""
        count = self._counts.get(key, now)
        return count[0] if count else 0

    def add(self, key: Hashable, now: datetime, length: timedelta) -> int:
        """Count a try and return how many there were; the first one opens the window."""
        count = self._counts.get(key, now)
        if count is None:
            count = [0]
            self._counts.put(key, count, until=now + length)
        count[0] += 1
        return count[0]


class Flights:
    """Lets one coroutine do what several want done at the same moment (single flight, ACT-6, DLV-9)."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}

    async def join(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the flight `key`, starting it with `work` if there is none.

        One passenger who is cancelled leaves; the flight goes on for the others.
        """
        task: asyncio.Task[T] | None = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(_run(work))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def _land(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # every passenger got it; without this an abandoned flight would warn


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


@dataclass(slots=True)
class Memory:
    """What one node remembers in this process."""

    keys: ExpiringMap[str, Any] = field(default_factory=lambda: ExpiringMap(20_000))
    failures: ExpiringMap[str, Any] = field(default_factory=lambda: ExpiringMap(20_000))
    windows: Windows = field(default_factory=lambda: Windows(50_000))
    flights: Flights = field(default_factory=Flights)


_MEMORIES: "WeakKeyDictionary[RedisGate, Memory]" = WeakKeyDictionary()
"""Hangs on an object that every node has exactly one of, and ends with it."""


def memory_of(runtime: Runtime) -> Memory:
    """Return the memory of this node in this process."""
    memory = _MEMORIES.get(runtime.gate)
    if memory is None:
        memory = _MEMORIES.setdefault(runtime.gate, Memory())
    return memory
