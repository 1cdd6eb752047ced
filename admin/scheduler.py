"""The scheduler process: the sweep that makes every lost nudge good, and the pruning of what is over.

Every second it asks each lane whether rows are due and nudges those that have some; so a nudge that died with a
worker or with Redis costs a second or two, never a post. Any number of schedulers may run: nudges coalesce and
pruning deletes what is already gone. With it goes a look at the counters of what moved of late. It does no work of its
own that a second one could double.
"""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvloop

import admin.jobs
from admin import interpreter
from admin.presence import RENEW_SECONDS, announce, withdraw
from admin.pruning import prune
from node.base.db.checkpoints import Checkpointer
from node.base.runtime import Runtime, running
from node.base.settings import Settings
from node.base.work import sweep
from node.posts.recounting import recount_busy
from outbox.relay import release_missed

TITLE = "rookery: scheduler"
SWEEP_SECONDS = 1.0
PRUNE_SECONDS = 600.0
FIRST_PRUNE_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Scheduler:
    """What one scheduler remembers between its ticks. Times are of `time.monotonic`."""

    runtime: Runtime
    started_at: float = field(default_factory=time.time)
    redis_run: str = ""
    redis_away: bool = False
    next_prune: float = field(default_factory=lambda: time.monotonic() + FIRST_PRUNE_SECONDS)
    next_announcement: float = 0.0
    checkpointer: Checkpointer | None = None

    async def tick(self) -> list[str]:
        """Sweep once, and prune and recount when it is time. Return the lanes that were nudged."""
        now = time.monotonic()
        if now >= self.next_announcement:
            self.next_announcement = now + RENEW_SECONDS
            await announce(self.runtime.queues, TITLE, started_at=self.started_at)
        await self._watch_redis()
        if self.checkpointer is not None:
            await self.checkpointer.run()
        nudged = await sweep(self.runtime)
        if now >= self.next_prune:
            self.next_prune = now + PRUNE_SECONDS
            removed = await prune(self.runtime)
            if removed:
                log.info("pruned", **removed)
            wrong = await recount_busy(self.runtime)
            if wrong:
                log.warning("counters_were_wrong", rows=wrong)
        return nudged

    async def _watch_redis(self) -> None:
        """Notice that Redis was restarted: it is empty now and everybody's nudges are gone with it.

        Or that it is back, empty or not: what waits for it is brought forward.
        """
        facts: dict[str, Any] | None = await self.runtime.queues.call(lambda redis: redis.info("server"))
        is_away = facts is None or self.runtime.gate.is_shut
        if self.redis_away and not is_away:
            await release_missed(self.runtime)
        self.redis_away = is_away
        if facts is None:
            return
        run = str(facts.get("run_id", ""))
        if self.redis_run and run != self.redis_run:
            log.warning("redis_restarted", note="nudging everything that is due; timelines are rebuilt when read")
        self.redis_run = run


async def run_until_stopped(settings: Settings, stop: asyncio.Event) -> None:
    """Tick every second until `stop` is set. A tick that fails is logged and the next one tries again."""
    async with running(settings, gives_way=True) as runtime:
        file = runtime.database.writer.url.database if runtime.database.dialect == "sqlite" else None
        scheduler = Scheduler(runtime, checkpointer=Checkpointer(file) if file else None)
        interpreter.settle()
        while not stop.is_set():
            try:
                await scheduler.tick()
            except Exception:  # the database may be away for a while; giving up would help nobody
                log.exception("sweep_failed")
            try:
                async with asyncio.timeout(SWEEP_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
        await withdraw(runtime.queues)
        if scheduler.checkpointer is not None:
            scheduler.checkpointer.close()


def run_scheduler(settings: Settings) -> None:
    """Sweep until SIGTERM or SIGINT."""
    assert admin.jobs

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGINT, stop.set)
        await run_until_stopped(settings, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
