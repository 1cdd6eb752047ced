"""Background work: lanes, drains and nudges.

A job is a *nudge to drain*, not a task. The work itself stands in tables (events, received activities,
deliveries, fetches); a drain claims due rows in batches and works until none is left or its seconds are over.
RQ carries the nudge: lane name in, nothing else, JSON, never pickle. Nudges of one lane coalesce: while one
waits in the queue, further ones are dropped (`SET NX`), so a burst of a thousand posts costs a handful of jobs.
A lost nudge (Redis restarted, worker killed) is made good by the scheduler, which sweeps the tables.

`@drain(lane, seconds=...)` registers a coroutine `async def (runtime) -> bool`; it returns True when it stopped
with work left. `run_lane` is the door RQ calls in a worker process; tests call `DRAINS[lane].service(runtime)`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from redis import Redis as SyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from node.base.cache import SOCKET_SECONDS, RedisGate

if TYPE_CHECKING:
    from node.base.runtime import Runtime

RELAY = "relay"
INBOX = "inbox"
DELIVER = "deliver"
DELIVER_SLOW = "deliver-slow"
FETCH = "fetch"
INDEX = "index"
MAIL = "mail"

LANES = (RELAY, INBOX, DELIVER, FETCH, INDEX, MAIL, DELIVER_SLOW)
"""Every lane, most urgent first: a worker takes the first that has a nudge."""

NUDGE_TTL_MS = 10_000
RQ_GRACE_SECONDS = 10

log = structlog.get_logger(__name__)

Service = Callable[["Runtime"], Awaitable[bool]]


class DueProbe(Protocol):
    """Answers, cheaply, whether a lane has due rows: what the sweep asks."""

    async def __call__(self, runtime: "Runtime", now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Drain:
    """The coroutine behind a lane, the seconds it may take, and the question whether it has work."""

    lane: str
    service: Service
    seconds: int
    is_due: DueProbe


DRAINS: dict[str, Drain] = {}


def drain(lane: str, *, seconds: int, is_due: DueProbe) -> Callable[[Service], Service]:
    """Register the decorated coroutine as the drain of `lane`. A lane has one drain."""

    def register(service: Service) -> Service:
        assert lane in LANES, lane
        assert lane not in DRAINS or DRAINS[lane].service.__qualname__ == service.__qualname__, lane
        DRAINS[lane] = Drain(lane, service, seconds, is_due)
        return service

    return register


def queue_name(lane: str) -> str:
    """RQ's queue of a lane. The hash tag keeps a lane on one node of a cluster."""
    return f"{{rookery}}:{lane}"


def _flag(lane: str) -> str:
    return f"{{rookery}}:nudged:{lane}"


class Nudger:
    """Puts nudges into RQ, at most one waiting per lane, and never fails its caller."""

    def __init__(self, gate: RedisGate, redis_url: str) -> None:
        self._gate = gate
        self._sync: SyncRedis = SyncRedis.from_url(
            redis_url, socket_timeout=SOCKET_SECONDS, retry=Retry(NoBackoff(), 0)
        )

    async def nudge(self, lane: str) -> bool:
        """Wake a worker for `lane`; False when one is on its way already or Redis is away."""
        fresh = await self._gate.call(lambda redis: redis.set(_flag(lane), b"1", nx=True, px=NUDGE_TTL_MS))
        if not fresh:
            return False
        try:
            await asyncio.to_thread(self._enqueue, lane)
        except Exception as error:  # whatever it was, the sweep nudges again
            log.warning("nudge_failed", lane=lane, error=type(error).__name__)
            return False
        return True

    def _enqueue(self, lane: str) -> None:
        seconds = DRAINS[lane].seconds if lane in DRAINS else 60
        Queue(queue_name(lane), connection=self._sync, serializer=JSONSerializer).enqueue_call(
            "node.base.work.run_lane",
            args=(lane,),
            timeout=seconds + RQ_GRACE_SECONDS,
            result_ttl=0,
            failure_ttl=3600,
        )

    async def lower_flag(self, lane: str) -> None:
        """Let the next nudge of `lane` through. Called by a drain *before* it looks for rows."""
        await self._gate.call(lambda redis: redis.delete(_flag(lane)))

    async def close(self) -> None:
        """Close the connection that enqueues."""
        self._sync.close()


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What the RQ door needs in a worker process: its event loop and its node."""

    runner: asyncio.Runner
    runtime: "Runtime"


_context: list[WorkerContext] = []
"""Set once, by `admin/worker.py`, in a process that does nothing but RQ jobs: RQ calls plain functions by name."""


def enter_worker(context: WorkerContext) -> None:
    """Say which node the jobs of this process belong to."""
    _context[:] = [context]


def run_lane(lane: str) -> None:
    """RQ's door: drain `lane` in this worker's event loop."""
    (context,) = _context
    context.runner.run(drain_lane(context.runtime, lane))


async def drain_lane(runtime: "Runtime", lane: str) -> None:
    """Drain `lane` within its seconds; nudge again when work is left."""
    entry = DRAINS[lane]
    await runtime.nudger.lower_flag(lane)
    more = True
    try:
        async with asyncio.timeout(entry.seconds):
            more = await entry.service(runtime)
    except TimeoutError:
        log.warning("drain_out_of_time", lane=lane, seconds=entry.seconds)
    if more:
        await runtime.nudge(lane)


async def sweep(runtime: "Runtime") -> list[str]:
    """Nudge every lane that has due rows and return those lanes. The scheduler calls this every second or so."""
    now = runtime.now()
    nudged = []
    for lane, entry in DRAINS.items():
        if await entry.is_due(runtime, now):
            await runtime.nudge(lane)
            nudged.append(lane)
    return nudged


def queue_lengths(connection: Any) -> dict[str, int]:
    """Return how many nudges wait in each lane (for health and metrics)."""
    return {lane: Queue(queue_name(lane), connection=connection).count for lane in LANES}
