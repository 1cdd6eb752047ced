"""Redis as a convenience: `RedisGate` lets every use of it fail softly.

Redis holds only what can be rebuilt, so nobody may fail or wait because it is gone. Each use goes through
`RedisGate.call`; when Redis is away the answer is None and the caller takes the way over SQL. After a failure
the gate stays shut for `SHUT_SECONDS`, so an outage costs a request nothing.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

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
        retry=Retry(NoBackoff(), 1),
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
