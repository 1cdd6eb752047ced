"""What a process remembers, and what all processes of a node share: entries under keys that carry their versions.

A key names what its entry stands for *and* which version of it, so an entry is never wrong, only unused: nothing is
ever invalidated, and no process can show another's stale copy. `seconds` bound what no version covers, and memory.

* `LocalCache`: the newest entries this process used.
* `SharedCache`: the same, then Redis, so that a process that has just started, or a second one, need not make what
  another made; then whoever makes it. Of many readers of one absent entry one makes it and the others wait for it
  (single flight), but no longer than `PATIENCE_SECONDS`: they may hold what the maker needs.
* `Standing`: one thing that is dear to make, such as a count of everybody, the same for all who ask. Made once for all
  who wait for it; once it has grown old they are given it as it is while it is made anew.

`Caches` holds those of one process of one node by name and counts how their lookups ended (`admin/metrics.py`).
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import orjson
import structlog
from redis.asyncio import Redis

from node.base.cache import RedisGate, read_many

K = TypeVar("K", bound=tuple[Any, ...])
T = TypeVar("T")

PATIENCE_SECONDS: Final = 0.5
FOREVER: Final = 1e9
"""For what lives as long as its process and is kept under a name, such as locks: no cache, so nothing is counted."""

Make = Callable[[Sequence[K]], Awaitable[Mapping[K, Any]]]
"""Makes the entries of keys, without those that there are none for."""

log = structlog.get_logger(__name__)


class LocalCache:
    """The newest `size` entries this process used, each for at most `seconds`."""

    def __init__(self, size: int, seconds: float) -> None:
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._size = size
        self.seconds = seconds
        self.hits = 0
        self.misses = 0

    def get(self, key: Hashable) -> Any | None:
        """Return the entry, or None."""
        found = self._entries.get(key)
        if found is None or found[0] < time.monotonic():
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return found[1]

    def get_many(self, keys: Iterable[K]) -> tuple[dict[K, Any], list[K]]:
        """Return the entries of `keys`, and the keys that there is none for."""
        entries, now = self._entries, time.monotonic()
        found: dict[K, Any] = {}
        absent: list[K] = []
        for key in keys:
            entry = entries.get(key)
            if entry is None or entry[0] < now:
                absent.append(key)
            else:
                entries.move_to_end(key)
                found[key] = entry[1]
        self.hits += len(found)
        self.misses += len(absent)
        return found, absent

    def put(self, key: Hashable, value: Any) -> None:
        """Keep an entry, dropping the least used ones beyond the size."""
        self._entries[key] = (time.monotonic() + self.seconds, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def lookups(self) -> dict[str, int]:
        """Return how often an entry was here, and how often it had to be made."""
        return {"process": self.hits, "made": self.misses}


class SharedCache:
    """Entries of JSON that all processes of a node share: in this process, else in Redis for `seconds`, else made."""

    def __init__(self, local: LocalCache, gate: RedisGate, prefix: str, seconds: int) -> None:
        self._local = local
        self._gate = gate
        self._prefix = prefix
        self._seconds = seconds
        self._flights: dict[Any, asyncio.Future[Any]] = {}
        self._from_redis = 0
        self._joined = 0

    async def find(self, keys: Iterable[K], make: Make[K]) -> dict[K, Any]:
        """Return the entries of `keys`, without those that there are none for. They are shared: nobody changes them."""
        found, missing = self._local.get_many(keys)
        if not missing:
            return found
        under_way = {key: flight for key in missing if (flight := self._flights.get(key)) is not None}
        absent = [key for key in missing if key not in under_way]
        if absent:
            found |= await self._lead(absent, make)
        if under_way:
            found |= await self._join(under_way, make)
        return found

    def keep(self, key: K, entry: Any) -> None:
        """Keep an entry that nobody can have asked for yet, in this process: the others make it when they need it."""
        self._local.put(key, entry)

    async def _lead(self, keys: Sequence[K], make: Make[K]) -> dict[K, Any]:
        loop = asyncio.get_running_loop()
        flights: dict[K, asyncio.Future[Any]] = {key: loop.create_future() for key in keys}
        self._flights |= flights
        made: Mapping[K, Any] = {}
        try:
            found = await self._read(keys)
            if len(found) < len(keys):
                made = await make([key for key in keys if key not in found])
                found |= made
            for key, entry in found.items():
                self._local.put(key, entry)
            for key, flight in flights.items():
                flight.set_result(found.get(key))
        finally:
            for key, flight in flights.items():
                del self._flights[key]
                flight.cancel()
        if made:
            await self._gate.call(lambda redis: self._write(redis, made))
        return found

    async def _join(self, flights: Mapping[K, asyncio.Future[Any]], make: Make[K]) -> dict[K, Any]:
        await asyncio.wait(flights.values(), timeout=PATIENCE_SECONDS)
        ended = {key: flight.result() for key, flight in flights.items() if flight.done() and not flight.cancelled()}
        self._joined += len(ended)
        found = {key: entry for key, entry in ended.items() if entry is not None}
        if len(ended) < len(flights):
            made = await make([key for key in flights if key not in ended])
            for key, entry in made.items():
                self._local.put(key, entry)
            found |= made
        return found

    async def _read(self, keys: Sequence[K]) -> dict[K, Any]:
        names = [self._name(key) for key in keys]
        texts = await self._gate.call(lambda redis: read_many(redis, names)) or ()
        found = {key: orjson.loads(text) for key, text in zip(keys, texts, strict=False) if text}
        self._from_redis += len(found)
        return found

    async def _write(self, redis: Redis, entries: Mapping[K, Any]) -> None:
        if len(entries) == 1:
            ((key, entry),) = entries.items()
            await redis.set(self._name(key), orjson.dumps(entry), ex=self._seconds)
            return
        async with redis.pipeline(transaction=False) as pipe:
            for key, entry in entries.items():
                pipe.set(self._name(key), orjson.dumps(entry), ex=self._seconds)
            await pipe.execute()

    def _name(self, key: K) -> str:
        return f"{self._prefix}:{':'.join(map(str, key))}"

    def lookups(self) -> dict[str, int]:
        """Return how often an entry was here, was in Redis, was being made by another reader, or had to be made."""
        elsewhere = {"redis": self._from_redis, "joined": self._joined}
        return {"process": self._local.hits, **elsewhere, "made": self._local.misses - sum(elsewhere.values())}


class Standing(Generic[T]):
    """One thing of one process that is dear to make: made anew once it is `seconds` old, while whoever asks is given
    the old one. Nobody is given one that is older than `stale_seconds`; whoever asks then waits for the new one."""

    def __init__(self, name: str, seconds: float, stale_seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._stale_seconds = stale_seconds
        self._found: tuple[float, T] | None = None
        self._making: asyncio.Task[T] | None = None
        self._given = 0
        self._made = 0

    async def get(self, make: Callable[[], Awaitable[T]]) -> T:
        """Return it. Raises what `make` raises to whoever has to wait for it; else that is only logged."""
        age = time.monotonic() - self._found[0] if self._found is not None else float("inf")
        if self._found is not None and age < self._seconds:
            self._given += 1
            return self._found[1]
        if self._making is None:
            self._making = asyncio.create_task(self._make(make))
            self._making.add_done_callback(self._end)
        if self._found is not None and age < self._stale_seconds:
            self._given += 1
            return self._found[1]
        return await asyncio.shield(self._making)

    def forget(self) -> None:
        """Have it made anew for whoever asks next."""
        self._found = None

    async def close(self) -> None:
        """Have nothing made any more."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])

    async def _make(self, make: Callable[[], Awaitable[T]]) -> T:
        self._made += 1
        made = await make()
        self._found = (time.monotonic(), made)
        return made

    def _end(self, making: asyncio.Task[T]) -> None:
        self._making = None
        if not making.cancelled() and (error := making.exception()) is not None:
            log.warning("not_made_anew", what=self._name, reason=repr(error))

    def lookups(self) -> dict[str, int]:
        """Return how often it was here, and how often it had to be made."""
        return {"process": self._given, "made": self._made}


class Caches:
    """The caches of one process of one node, by name, each made at its first use."""

    def __init__(self) -> None:
        self._local: dict[str, LocalCache] = {}
        self._shared: dict[str, SharedCache] = {}
        self._standing: dict[str, Standing[Any]] = {}
        self._told: dict[str, int] = {}
        self._counted: Counter[str] = Counter()

    def count(self, name: str, how: str, number: int = 1) -> None:
        """Count what is no lookup but is told with them: how often something was done by this process."""
        self._counted[f"{name}:{how}"] += number

    def get(self, name: str, *, size: int, seconds: float) -> LocalCache:
        """Return the cache of this process with that name."""
        cache = self._local.get(name)
        if cache is None:
            cache = self._local[name] = LocalCache(size, seconds)
        return cache

    def shared(
        self, name: str, *, gate: RedisGate, stamp: str, size: int, seconds: float, shared_seconds: int
    ) -> SharedCache:
        """Return the shared cache with that name. `stamp` names what else its entries depend on: settings, the form."""
        cache = self._shared.get(name)
        if cache is None:
            local = self.get(name, size=size, seconds=seconds)
            cache = self._shared[name] = SharedCache(local, gate, f"cached:{name}:{stamp}", shared_seconds)
        return cache

    def standing(self, name: str, *, seconds: float, stale_seconds: float) -> Standing[Any]:
        """Return what this process has under that name: one thing, not a cache of many."""
        standing = self._standing.get(name)
        if standing is None:
            standing = self._standing[name] = Standing(name, seconds, stale_seconds)
        return standing

    async def close(self) -> None:
        """Have nothing made any more, for what is made reads from a database."""
        for standing in self._standing.values():
            await standing.close()

    def lookups(self) -> dict[str, int]:
        """Return how the lookups of every cache ended so far, and what was counted beside, by "name:how"."""
        caches: dict[str, LocalCache | SharedCache | Standing[Any]] = {
            name: cache for name, cache in self._local.items() if cache.seconds < FOREVER
        }
        found = (caches | self._shared | self._standing).items()
        lookups = {f"{name}:{how}": number for name, cache in found for how, number in cache.lookups().items()}
        return lookups | self._counted

    def untold_lookups(self) -> dict[str, int]:
        """Return what was added since this was last called."""
        now = self.lookups()
        grown = {field: number - self._told.get(field, 0) for field, number in now.items()}
        self._told = now
        return {field: number for field, number in grown.items() if number > 0}
