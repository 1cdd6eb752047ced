"""Redis behind a gate that lets every use of it fail softly: what it holds may be lost.

Redis holds only what can be rebuilt, so nobody may fail or wait because it is gone. Each use goes through
`RedisGate.call`; when Redis is away the answer is None and the caller takes the way over SQL. After a failure, or
when three calls in a row took long, the gate is shut: for everybody, so an outage costs a request nothing. Every
`SHUT_SECONDS` one caller tries to write a key, for at most `PROBE_SECONDS`; that opens it again. A write, because a
Redis that is full or a replica answers reads all the while, and what it holds grows old.

The same gate stands before one Redis and before a cluster. On a cluster one script and one command touch keys of one
slot only: `in_slots` and `read_many` are for callers with many keys.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import structlog
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError, ResponseError

T = TypeVar("T")
Question = tuple[Any, ...]
"""A command of Redis and its arguments."""

SHUT_SECONDS = 1.0
CALL_SECONDS = 2.0
"""The longest that a use of it takes; where Redis does not answer, everybody waits as long before the gate is shut."""
PROBE_SECONDS = 0.5
SLOW_SECONDS = 0.5
SLOW_CALLS = 3
"""So many calls, each begun after the one before had ended, say that it is not our own loop that is busy."""
PROBE_KEY = "gate:probe"

log = structlog.get_logger(__name__)


def open_redis(url: str) -> Redis:
    """Return a client for `url` (bytes in, bytes out). Nothing is connected before the first use."""
    return Redis.from_url(
        url,
        socket_timeout=None,  # for which each command would have a task begun: the gate's is for all of a call
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 1, (ConnectionError,)),  # one that was closed, not one that hangs: that is slow
        max_connections=64,
    )


def open_cluster(url: str) -> Redis:
    """Return a client for the cluster that the node at `url` belongs to. It has every command of a single Redis."""
    cluster: Any = RedisCluster.from_url(
        url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 1),
        max_connections=64,
    )
    return cast(Redis, cluster)


def in_slots(redis: Redis, keys: Iterable[str]) -> list[list[str]]:
    """Return `keys` in groups that one script may touch: all of them on a single Redis, by slot on a cluster."""
    client: Any = redis
    if not isinstance(client, RedisCluster):
        return [list(keys)]
    groups: dict[int, list[str]] = {}
    for key in keys:
        groups.setdefault(client.keyslot(key), []).append(key)
    return list(groups.values())


async def read_many(redis: Redis, keys: Sequence[str]) -> list[Any]:
    """Return the values of `keys` in their order, None for those that are not there."""
    client: Any = redis
    if isinstance(client, RedisCluster):
        return list(await client.mget_nonatomic(keys))
    return list(await client.mget(keys))


async def ask_all(redis: Redis, questions: Sequence[Question]) -> list[Any]:
    """Return the answers to several commands that are sent as one. Raises RedisError where one of them is refused.

    For reads of the hot paths: a pipeline of redis-py takes three times as long to send and read the same bytes.
    """
    client: Any = redis
    if isinstance(client, RedisCluster):
        pipe = client.pipeline()
        for question in questions:
            pipe.execute_command(*question)
        return list(await pipe.execute())
    connection = await client.connection_pool.get_connection()
    try:
        await connection.send_packed_command(connection.pack_commands(questions))
        return [await connection.read_response() for _ in questions]
    except ResponseError:
        await connection.disconnect()  # the answers behind this one are still to come
        raise
    finally:
        await client.connection_pool.release(connection)


async def _probe(redis: Redis) -> bool:
    return bool(await redis.set(PROBE_KEY, b"", ex=60))


class RedisGate:
    """Calls Redis, or says None at once while it is known to be away."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.failures = 0
        self.reason = ""
        """Why it was shut the last time."""
        self._shut_until = 0.0
        """The moment of the next try while it is shut, 0 while it is open."""
        self._slow_calls = 0
        self._slow_until = 0.0

    @property
    def is_shut(self) -> bool:
        """Whether Redis failed a moment ago."""
        return time.monotonic() < self._shut_until

    async def call(
        self, use: Callable[[Redis], Awaitable[T]], *, waits: bool = False, seconds: float | None = None
    ) -> T | None:
        """Return what `use(redis)` returns, or None when Redis is away. Never raises for Redis' sake.

        `waits` says that it takes long by intention, `seconds` how long all of its commands may take together, if
        longer than `CALL_SECONDS`.
        """
        if self._shut_until and not await self._opens():
            return None
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds or CALL_SECONDS):
                found = await use(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._close(type(error).__name__)
            return None
        if not waits:
            self._note_pace(started, time.monotonic())
        return found

    async def takes_writes(self) -> bool:
        """Whether Redis answers and is neither full nor a replica: what whoever watches the node asks."""
        return bool(await self.call(_probe))

    async def _opens(self) -> bool:
        """Try once in a while, and one caller alone, whether Redis takes a write again."""
        now = time.monotonic()
        if now < self._shut_until:
            return False
        self._shut_until = now + PROBE_SECONDS + SHUT_SECONDS  # nobody else tries meanwhile
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await _probe(self.redis)
        except (RedisError, OSError, TimeoutError) as error:
            self._close(type(error).__name__)
            return False
        self._shut_until = 0.0
        log.info("redis_back", was=self.reason)
        return True

    def _close(self, reason: str) -> None:
        self.failures += 1
        if not self._shut_until or reason != self.reason:
            log.warning("redis_away", error=reason)
        self._shut_until = time.monotonic() + SHUT_SECONDS
        self.reason, self._slow_calls = reason, 0

    def _note_pace(self, started: float, ended: float) -> None:
        if ended - started < SLOW_SECONDS:
            self._slow_calls = 0
        elif started >= self._slow_until:
            self._slow_calls += 1
            self._slow_until = ended
            if self._slow_calls >= SLOW_CALLS:
                self._close("slow")
