"""Background work: drains, and the sweep that finds what a lost nudge left behind.

A job is a *nudge to drain*, not a task. The work itself stands in tables (events, received activities,
deliveries, fetches, mails); a drain claims due rows in batches and works until none is left or its seconds are
over. How a nudge reaches a worker is `node/base/lanes.py`.

`@drain(lane, seconds=...)` registers a coroutine `async def (runtime) -> bool`; it returns True when it stopped
with work left. `run_lane` is the door RQ calls in a worker process; tests call `DRAINS[lane].service(runtime)`.

Redis only hurries things: a worker without nudges looks into the tables itself (`WorkerContext.watch`).

A worker's event loop runs in a thread of its own. A `patient` drain, one that mostly waits for other servers, goes on
in that loop while its worker takes the next nudge: a lane full of dead hosts holds up no other lane.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from structlog.contextvars import bound_contextvars

from node.base.lanes import LANES, MAX_DRAIN_SECONDS, MAX_PATIENT_SECONDS
from node.base.runtime import Runtime

LINGER_SECONDS = 0.06
"""How long a drain waits for more once it has found nothing, looking every `LOOK_EVERY_SECONDS`."""
LOOK_EVERY_SECONDS = 0.012
ASIDE = 2
"""How many drains of a patient lane a worker has under way: one that waits for its last answers, and the next. Of one
that is to be alone there is one."""
STAY_SECONDS = 10.0
"""How long one job goes on lingering: other lanes of its worker want their turn."""
WATCH_SECONDS = 1.0
LATE_LOOK_SECONDS = 5.0
LATE = timedelta(seconds=5)
"""What is due for so long has no nudge on its way."""

log = structlog.get_logger(__name__)

Service = Callable[[Runtime], Awaitable[bool]]


class DueProbe(Protocol):
    """Answers, cheaply, whether a lane has due rows: what the sweep asks."""

    async def __call__(self, runtime: Runtime, now: datetime) -> bool: ...


@dataclass(frozen=True, slots=True)
class Drain:
    """The coroutine behind a lane, the seconds it may take, and the question whether it has work."""

    lane: str
    service: Service
    seconds: int
    is_due: DueProbe
    patient: bool = False
    """Whether it mostly waits for others, so that its worker does other work meanwhile."""
    alone: bool = False
    """Whether a worker has one of them under way at most."""
    late: timedelta | None = None
    """After how long a worker takes up by itself, at its look every second, what nobody nudged for; else `LATE`."""


DRAINS: dict[str, Drain] = {}


def drain(
    lane: str,
    *,
    seconds: int,
    is_due: DueProbe,
    patient: bool = False,
    alone: bool = False,
    late: timedelta | None = None,
) -> Callable[[Service], Service]:
    """Register the decorated coroutine as the drain of `lane`. A lane has one drain."""

    def register(service: Service) -> Service:
        assert lane in LANES, lane
        assert seconds <= (MAX_PATIENT_SECONDS if patient else MAX_DRAIN_SECONDS), seconds
        assert lane not in DRAINS or DRAINS[lane].service.__qualname__ == service.__qualname__, lane
        DRAINS[lane] = Drain(lane, service, seconds, is_due, patient, alone, late)
        return service

    return register


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What the RQ door needs in a worker process: its event loop, which runs in another thread, and its node."""

    loop: asyncio.AbstractEventLoop
    runtime: Runtime
    aside: dict[str, set["asyncio.Task[None]"]] = field(default_factory=dict)
    """The patient drains under way, by lane. Touched in the loop only."""
    at_work: set[str] = field(default_factory=set)
    """The other lanes this process drains right now. Touched in the loop only."""

    async def take(self, lane: str) -> None:
        """Drain `lane`, or have it drained aside. A second drain of a patient lane may join the first, no third."""
        if not DRAINS[lane].patient:
            if lane not in self.at_work:  # else whoever is at it looks once more before it ends
                self.at_work.add(lane)
                try:
                    await drain_lane(self.runtime, lane)
                finally:
                    self.at_work.discard(lane)
            return
        under_way = self.aside.setdefault(lane, set())
        if len(under_way) < (1 if DRAINS[lane].alone else ASIDE):
            task = asyncio.create_task(drain_lane(self.runtime, lane))
            under_way.add(task)
            task.add_done_callback(lambda done: self._ended(lane, done))

    async def watch(self, lanes: Sequence[str]) -> None:
        """Look for work without being nudged, for as long as the worker lives.

        Nudges come through Redis. While it is away this looks every `WATCH_SECONDS` and drains what is due; else
        only for what is late, which nobody seems to nudge for: the scheduler is dead, its nudges are lost, or the queue
        is long and the lane last in it.
        """
        soon = [lane for lane in lanes if lane in DRAINS and DRAINS[lane].late is not None]
        look_at = time.monotonic() + LATE_LOOK_SECONDS
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            away = not await self.runtime.queues.takes_writes()  # one that is full takes no nudges
            looks_at_all = away or time.monotonic() >= look_at
            if looks_at_all:
                look_at = time.monotonic() + LATE_LOOK_SECONDS
            try:
                await self.drain_due(lanes if looks_at_all else soon, late_by=timedelta() if away else None)
            except Exception:  # the database may be away too; the next look tries again
                log.warning("watch_failed", exc_info=True)

    async def drain_due(self, lanes: Sequence[str], *, late_by: timedelta | None) -> list[str]:
        """Drain those of `lanes` whose rows fell due `late_by` ago (None: so long that each lane is late), all at once,
        and return them."""
        now = self.runtime.now()
        due = []
        for lane in lanes:
            if (entry := DRAINS.get(lane)) is not None:
                late = late_by if late_by is not None else LATE if entry.late is None else entry.late
                if await entry.is_due(self.runtime, now - late):
                    due.append(lane)
        for done, lane in zip(
            await asyncio.gather(*(self.take(lane) for lane in due), return_exceptions=True), due, strict=True
        ):
            if isinstance(done, Exception):
                log.error("drain_failed", lane=lane, exc_info=done)
        return due

    def _ended(self, lane: str, task: "asyncio.Task[None]") -> None:
        self.aside[lane].discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("drain_failed", lane=lane, exc_info=task.exception())

    async def leave(self, grace: float) -> None:
        """Give the patient drains `grace` seconds to end, then cancel them: their leases bring the rest back."""
        tasks = [task for under_way in self.aside.values() for task in under_way]
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


_context: list[WorkerContext] = []
"""Set once, by `admin/worker.py`, in a process that does nothing but RQ jobs: RQ calls plain functions by name."""


def enter_worker(context: WorkerContext) -> None:
    """Say which node the jobs of this process belong to."""
    _context[:] = [context]


def run_lane(lane: str) -> None:
    """RQ's door: drain `lane` in this worker's event loop."""
    (context,) = _context
    done = asyncio.run_coroutine_threadsafe(context.take(lane), context.loop)
    try:
        done.result()
    finally:
        done.cancel()  # nothing to one that is done


async def drain_lane(runtime: Runtime, lane: str) -> None:
    """Drain `lane`, each time within its seconds; nudge again when work is left.

    A job costs more than most of the work it is for, so one that found nothing more lingers for a moment. All the
    while its flag is up and nobody's nudge costs a job; it is lowered before the last look, so none is missed.
    """
    entry = DRAINS[lane]
    stay_until = time.monotonic() + STAY_SECONDS
    try:
        while True:
            await runtime.nudger.raise_flag(lane)
            async with asyncio.timeout(entry.seconds):
                with bound_contextvars(lane=lane):
                    more = await entry.service(runtime)
            if more or time.monotonic() > stay_until or not await _more_comes(runtime, entry):
                break
    except TimeoutError:
        more = True
        log.warning("drain_out_of_time", lane=lane, seconds=entry.seconds)
    await runtime.nudger.lower_flag(lane)
    await runtime.exchanges.flush()  # a worker that ends now takes nothing with it
    if more or await entry.is_due(runtime, runtime.now()):
        await runtime.nudge(lane)


async def _more_comes(runtime: Runtime, entry: Drain) -> bool:
    """Linger: say whether rows come due within a moment."""
    until = time.monotonic() + LINGER_SECONDS
    while time.monotonic() < until:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        if await entry.is_due(runtime, runtime.now()):
            return True
    return False


async def sweep(runtime: Runtime) -> list[str]:
    """Nudge every lane that has due rows and return those lanes. The scheduler calls this every second or so."""
    now = runtime.now()
    nudged = []
    for lane, entry in DRAINS.items():
        if await entry.is_due(runtime, now):
            await runtime.nudge(lane)
            nudged.append(lane)
    return nudged
