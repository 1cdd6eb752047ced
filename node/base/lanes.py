"""Lanes of background work, and nudges: how a worker learns that one of them has rows to drain.

RQ carries a nudge: the lane's name, nothing else, JSON, never pickle. Nudges of one lane coalesce: while one waits
in the queue, and while a drain is at work, the lane's flag is up and further ones are dropped (`SET NX`), so a burst
of a thousand posts costs a handful of jobs. A drain that takes long lets its flag fall, and a second worker joins.
Whoever nudges does not wait for Redis: a task of the process does, one at a time, so nobody's answer does either.
A lost nudge (Redis restarted, worker killed) is made good by the scheduler, which sweeps the tables. What a worker
does with a nudge is `node/base/work.py`.
"""

import asyncio
from typing import Any

import structlog
from redis import Redis as SyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from node.base.cache import CALL_SECONDS, RedisGate

RELAY = "relay"
INBOX = "inbox"
DELIVER = "deliver"
DELIVER_SLOW = "deliver-slow"
FETCH = "fetch"
FILL = "fill"
PULL = "pull"
INDEX = "index"
MAIL = "mail"
POLLS = "polls"
COUNTS = "counts"
SCHEDULED = "scheduled"
CARDS = "cards"
PUSH = "push"
FANOUT = "fanout"
MEDIA = "media"
TRENDS = "trends"
MOMENTS = "moments"

LANES = (
    RELAY,
    INBOX,
    COUNTS,
    FANOUT,
    PUSH,
    DELIVER,
    SCHEDULED,
    FETCH,
    FILL,
    PULL,
    INDEX,
    MAIL,
    POLLS,
    MEDIA,
    CARDS,
    TRENDS,
    MOMENTS,
    DELIVER_SLOW,
)
"""Every lane, most urgent first: a worker takes the first that has a nudge."""

NUDGE_TTL_MS = 10_000
"""How long a nudge may wait for a worker before another one is let through."""
WORKING_TTL_MS = 1_000
"""How long a drain works before another worker may join it, or take over from it where it was killed."""
RQ_GRACE_SECONDS = 20
"""What RQ gives a job beyond its drain: the lingering, and an end in good order."""

MAX_DRAIN_SECONDS = 120
"""The longest any drain may take that its worker waits for; each ends itself earlier (`node/base/work.py`)."""
MAX_PATIENT_SECONDS = 900
"""The longest a drain may take that goes on while its worker does other work."""

log = structlog.get_logger(__name__)


def queue_name(lane: str) -> str:
    """RQ's queue of a lane. The hash tag keeps a lane on one node of a cluster."""
    return f"{{rookery}}:{lane}"


def _flag(lane: str) -> str:
    return f"{{rookery}}:nudged:{lane}"


class Nudger:
    """Puts nudges into RQ, at most one waiting per lane, and neither fails its caller nor keeps it waiting."""

    def __init__(self, gate: RedisGate, redis_url: str) -> None:
        self._gate = gate
        self._sync: SyncRedis = SyncRedis.from_url(redis_url, socket_timeout=CALL_SECONDS, retry=Retry(NoBackoff(), 0))
        self._asked: list[str] = []
        self._at_work: asyncio.Task[None] | None = None

    def nudge(self, lane: str) -> None:
        """Wake a worker for `lane` in a moment, unless one is on its way already or Redis is away."""
        if lane not in self._asked:
            self._asked.append(lane)
        if self._at_work is None or self._at_work.done():
            self._at_work = asyncio.create_task(self._nudge_all())

    async def _nudge_all(self) -> None:
        while self._asked:
            # What is asked for from here on is another nudge: this one may come before its rows.
            await self._nudge(self._asked.pop(0))

    async def _nudge(self, lane: str) -> None:
        if not await self._gate.call(lambda redis: redis.set(_flag(lane), b"1", nx=True, px=NUDGE_TTL_MS)):
            return
        try:
            await asyncio.to_thread(self._enqueue, lane)
        except Exception as error:  # whatever it was, the sweep nudges again
            log.warning("nudge_failed", lane=lane, error=type(error).__name__)

    def _enqueue(self, lane: str) -> None:
        Queue(queue_name(lane), connection=self._sync, serializer=JSONSerializer).enqueue_call(
            "node.base.work.run_lane",
            args=(lane,),
            timeout=MAX_DRAIN_SECONDS + RQ_GRACE_SECONDS,
            result_ttl=0,
            failure_ttl=3600,
        )

    async def raise_flag(self, lane: str) -> None:
        """Keep nudges of `lane` back for a moment: a drain is about to look for rows."""
        await self._gate.call(lambda redis: redis.set(_flag(lane), b"1", px=WORKING_TTL_MS))

    async def lower_flag(self, lane: str) -> None:
        """Let the next nudge of `lane` through. Called by a drain *before* it looks for rows a last time."""
        await self._gate.call(lambda redis: redis.delete(_flag(lane)))

    async def finish(self) -> None:
        """Return when every nudge asked for has gone out, or the task for it has come to another end."""
        if self._at_work is not None:
            await asyncio.wait([self._at_work])

    async def close(self) -> None:
        """Let the last nudges go out and close the connection that enqueues."""
        await self.finish()
        self._sync.close()


def queue_lengths(connection: Any) -> dict[str, int]:
    """Return how many nudges wait in each lane (for health and metrics)."""
    return {lane: Queue(queue_name(lane), connection=connection).count for lane in LANES}
