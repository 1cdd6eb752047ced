"""A read replica: how far it is behind the primary, who may read from it, and what happens when it cannot serve.

A replica answers the timelines and profiles of people who have written nothing that it lacks. Three things say so,
each by positions in PostgreSQL's write-ahead log, which no clock can spoil:

* `look` asks the primary for its position and the replica for what it has replayed. The moment of the newest position
  that is replayed is how fresh the replica is; one that is more than `replica_lag_seconds` behind is not read.
* Whoever writes leaves a mark: the primary's position after the commit, in this process and in Redis for the others.
  Until the replica has replayed it, that person reads from the primary, so everybody reads their own writes. With
  Redis away nobody knows of marks made elsewhere, and everybody reads from the primary.
* A page of ids from Redis may name posts that the replica does not have yet; `ReplicaSession.use_primary` is for
  whoever finds one missing.

A statement that fails on the replica is run on the primary, and the replica is left alone for a moment: people notice
nothing. Looking happens beside the requests, every `LOOK_SECONDS` while somebody reads; nobody waits for it.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog
from redis.asyncio import Redis
from sqlalchemy import Executable, Result, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from node.base.cache import RedisGate
from node.base.caches import LocalCache
from node.base.db.failures import passing_as_unavailable
from node.base.db.prepared import Prepared, PreparedEntities
from node.base.db.prepared_postgres import PostgresReader
from node.base.db.unit_of_work import ReadSession

T = TypeVar("T")
E = TypeVar("E")

LOOK_SECONDS: Final = 0.25
STALE_SECONDS: Final = 2.0
"""What was seen longer ago says nothing."""
RETRY_SECONDS: Final = 2.0
"""How long a replica that failed is left alone."""
ANSWER_SECONDS: Final = 2.0
MARK_SECONDS: Final = 300
MARKS: Final = 50_000
SAMPLES: Final = 1_000

_WRITTEN: Final = text(
    "SELECT CAST(pg_wal_lsn_diff(CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()"
    " ELSE pg_current_wal_flush_lsn() END, '0/0') AS bigint)"
)
"""Where every commit that was answered lies before. What no commit waits for may stay unflushed, and so unsent, for
long on an idle server: it would look like a lag."""
_REPLAYED: Final = text("SELECT pg_is_in_recovery(), CAST(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS bigint)")

log = structlog.get_logger(__name__)


class Replica:
    """The replica of one process of one node."""

    def __init__(self, engine: AsyncEngine, primary: AsyncEngine, gate: RedisGate, *, most_lag: float) -> None:
        self.engine = engine
        self.direct = PostgresReader(engine)
        self.problem = "nobody looked yet"
        """Why nobody reads from it; "" while they do."""
        self.reads = 0
        self.refused = 0
        """Reads that went to the primary since the replica was away, behind, or lacked the reader's own writes."""
        self._primary = primary
        self._gate = gate
        self._most_lag = most_lag
        self._replayed = 0
        self._fresh_at = float("-inf")
        self._seen_at = float("-inf")
        self._look_at = 0.0
        self._samples: deque[tuple[float, int]] = deque(maxlen=SAMPLES)
        self._marks = LocalCache(MARKS, MARK_SECONDS)
        self._looking: asyncio.Task[None] | None = None

    @property
    def lag(self) -> float:
        """Seconds that the replica may be behind; infinite when nothing is known."""
        return time.monotonic() - self._fresh_at

    async def may_serve(self, account_id: int | None) -> bool:
        """Whether this person, or a stranger, may read from the replica now."""
        self._look_beside()
        serves = self._is_sound() and (account_id is None or await self._has_writes_of(account_id))
        if serves:
            self.reads += 1
        else:
            self.refused += 1
        return serves

    async def note_write(self, account_id: int) -> None:
        """Leave a mark: this person has written. Called after the commit, before the answer."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._primary.connect() as connection:
                position = int(await connection.scalar(_WRITTEN) or 0)
        except (DBAPIError, PoolTimeout, OSError, TimeoutError):
            position = 2**63 - 1  # never replayed: the primary, until the mark has run out
        self._marks.put(account_id, position)
        await self._gate.call(lambda redis: redis.set(_key(account_id), position, ex=MARK_SECONDS))

    async def look(self) -> None:
        """Ask both sides how far they are. Never raises for their sake."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                now = time.monotonic()
                async with self._primary.connect() as connection:
                    self._samples.append((now, int(await connection.scalar(_WRITTEN) or 0)))
                async with self.engine.connect() as connection:
                    follows, replayed = (await connection.execute(_REPLAYED)).one()
        except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
            self.fail(f"does not answer ({type(error).__name__})")
            return
        if not follows:
            self.fail("is no replica: it takes writes of its own")
            return
        self._replayed = int(replayed or 0)
        while self._samples and self._samples[0][1] <= self._replayed:
            self._fresh_at = self._samples.popleft()[0]
        self._seen_at = time.monotonic()
        lag = self._seen_at - self._fresh_at
        self._say("" if lag <= self._most_lag else f"is {min(lag, 86_400):.0f} s or more behind")

    def fail(self, problem: str) -> None:
        """Leave the replica alone for a moment."""
        self._say(problem)
        self._seen_at = float("-inf")
        self._look_at = time.monotonic() + RETRY_SECONDS

    async def close(self) -> None:
        """End looking and close every connection."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self.direct.close()
        await self.engine.dispose()

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("replica_" + ("left_alone" if problem else "serves"), reason=problem or "caught up")
        self.problem = problem

    def _is_sound(self) -> bool:
        fresh = time.monotonic() - self._seen_at < STALE_SECONDS
        return fresh and not self.problem

    def _look_beside(self) -> None:
        now = time.monotonic()
        if now >= self._look_at and (self._looking is None or self._looking.done()):
            self._look_at = now + LOOK_SECONDS
            self._looking = asyncio.get_running_loop().create_task(self.look())

    async def _has_writes_of(self, account_id: int) -> bool:
        known: int = self._marks.get(account_id) or 0
        if known > self._replayed:
            return False

        async def ask(redis: Redis) -> int:
            return int(await redis.get(_key(account_id)) or 0)

        mark = await self._gate.call(ask)
        return mark is not None and mark <= self._replayed


def _key(account_id: int) -> str:
    return f"wrote:{account_id}"


class ReplicaSession(ReadSession):
    """A read view on the replica that goes on, on the primary, where the replica fails."""

    may_lag = True

    def __init__(self, replica: Replica, primary: AsyncEngine) -> None:
        super().__init__(replica.engine, replica.direct)
        self._replica = replica
        self._other = primary

    async def use_primary(self) -> None:
        """Read from the primary from now on."""
        if self.may_lag:
            self.may_lag = False
            self._engine, self._direct = self._other, None

    async def rows(self, statement: Executable | Prepared, parameters: Any = None) -> Sequence[Any]:
        """Return all rows of a SELECT of columns, past the ORM."""
        return await self._on_either(lambda: super(ReplicaSession, self).rows(statement, parameters))

    async def entities(self, prepared: PreparedEntities[E], parameters: Any) -> Sequence[E]:
        """Return entities that belong to no session."""
        return await self._on_either(lambda: super(ReplicaSession, self).entities(prepared, parameters))

    async def execute(self, statement: Executable, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        """Run a SELECT and return its result."""
        return await self._on_either(lambda: super(ReplicaSession, self).execute(statement, parameters))

    async def scalar(self, statement: Executable, parameters: Any = None) -> Any:
        """Return the first column of the first row, or None."""
        return await self._on_either(lambda: super(ReplicaSession, self).scalar(statement, parameters))

    async def scalars(self, statement: Executable, parameters: Any = None) -> Sequence[Any]:
        """Return the first column of every row."""
        return await self._on_either(lambda: super(ReplicaSession, self).scalars(statement, parameters))

    async def _on_either(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if not self.may_lag:
            return await ask()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await ask()
        except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
            self._replica.fail(f"failed ({type(error).__name__})")
        await self.use_primary()
        return await ask()


@asynccontextmanager
async def replica_session(replica: Replica, primary: AsyncEngine) -> AsyncIterator[ReadSession]:
    """Open a read view on the replica for the length of the block."""
    session = ReplicaSession(replica, primary)
    try:
        with passing_as_unavailable():
            yield session
    finally:
        await session.close()
