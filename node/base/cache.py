"""What may be lost: Redis behind a gate that lets every use of it fail softly, and a process's own small caches.

Redis holds only what can be rebuilt, so nobody may fail or wait because it is gone. Each use goes through
`RedisGate.call`; when Redis is away the answer is None and the caller takes the way over SQL. After a failure
the gate stays shut for `SHUT_SECONDS`, so an outage costs a request nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError

T = TypeVar("T")

SHUT_SECONDS = 1.0
SOCKET_SECONDS = 2.0

log = structlog.get_logger(__name__)


def open_redis(url: str) -> Redis:
    """Return a client for `url` (bytes in, bytes out). Nothing is connected before the first use."""
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 1, (ConnectionError,)),  # one that was closed, not one that hangs: that is slow
        max_connections=64,
    )


class RedisGate:
    """Calls Redis, or says None at once while it is known to be away."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._shut_until = 0.0
        self.failures = 0

    @property
    def is_shut(self) -> bool:
        """Whether Redis failed a moment ago."""
        return time.monotonic() < self._shut_until

    async def call(self, use: Callable[[Redis], Awaitable[T]]) -> T | None:
        """Return what `use(redis)` returns, or None when Redis is away. Never raises for Redis' sake."""
        if self.is_shut:
            return None
        try:
            return await use(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._shut_until = time.monotonic() + SHUT_SECONDS
            self.failures += 1
            log.warning("redis_away", error=type(error).__name__)
            return None


class LocalCache:
    """The newest `size` entries this process used, each for at most `seconds`. Keys carry the version of what
    they stand for, so nothing is ever invalidated; seconds bound what no version covers."""

    def __init__(self, size: int, seconds: float) -> None:
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._size = size
        self._seconds = seconds
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

    def put(self, key: Hashable, value: Any) -> None:
        """Keep an entry, dropping the least used ones beyond the size."""
        self._entries[key] = (time.monotonic() + self._seconds, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


class LocalCaches:
    """The caches of one process of one node, by name, each made at its first use."""

    def __init__(self) -> None:
        self._caches: dict[str, LocalCache] = {}

    def get(self, name: str, *, size: int, seconds: float) -> LocalCache:
        """Return the cache of that name."""
        cache = self._caches.get(name)
        if cache is None:
            cache = self._caches[name] = LocalCache(size, seconds)
        return cache

    def items(self) -> list[tuple[str, LocalCache]]:
        """Return every cache with its name (for metrics)."""
        return list(self._caches.items())
