"""A nudge costs at most one job: drains linger, and keep their lane's further nudges back while they are at work."""

import asyncio
from datetime import datetime, timedelta

import pytest
from rq import Queue

from node.base import work
from node.base.lanes import DELIVER, MAIL, queue_name
from node.base.runtime import Runtime
from node.base.work import ASIDE, DRAINS, Drain, WorkerContext, drain_lane
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


class Rows:
    """A table of work: what waits, and in which rounds it was done."""

    def __init__(self) -> None:
        self.waiting = 0
        self.rounds: list[int] = []
        self.leaves_some = False

    async def service(self, runtime: Runtime) -> bool:
        """Do all that waits, nudged on meanwhile."""
        await runtime.nudge(MAIL)
        self.rounds.append(self.waiting)
        self.waiting = 0
        return self.leaves_some

    async def is_due(self, runtime: Runtime, now: datetime) -> bool:
        """Say whether anything waits."""
        return self.waiting > 0


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    rows = Rows()
    monkeypatch.setitem(DRAINS, MAIL, Drain(MAIL, rows.service, 5, rows.is_due))
    return rows


async def jobs(runtime: Runtime) -> int:
    await runtime.nudger.finish()
    return int(Queue(queue_name(MAIL), connection=runtime.nudger._sync).count)


async def test_nudges_during_a_drain_cost_no_job(redis_server: RedisServer, rows: Rows) -> None:
    async with open_node(redis_server) as runtime:
        await drain_lane(runtime, MAIL)
        assert await jobs(runtime) == 0
        await runtime.nudge(MAIL)
        assert await jobs(runtime) == 1, "its flag was lowered when it ended"


async def test_what_comes_while_a_drain_lingers_is_done_by_it(redis_server: RedisServer, rows: Rows) -> None:
    async with open_node(redis_server) as runtime:
        drain = asyncio.create_task(drain_lane(runtime, MAIL))
        while not rows.rounds:
            await asyncio.sleep(0.001)
        rows.waiting = 3
        await drain
        assert rows.rounds == [0, 3]


async def test_what_comes_after_the_last_look_is_nudged_for(
    redis_server: RedisServer, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(runtime: Runtime, entry: Drain) -> bool:
        rows.waiting = 1  # just now, by somebody whose nudge was kept back
        return False

    monkeypatch.setattr(work, "_more_comes", nothing)
    async with open_node(redis_server) as runtime:
        await drain_lane(runtime, MAIL)
        assert rows.rounds == [0]
        assert await jobs(runtime) == 1


async def test_work_that_is_left_is_nudged_for(redis_server: RedisServer, rows: Rows) -> None:
    rows.leaves_some = True
    async with open_node(redis_server) as runtime:
        await drain_lane(runtime, MAIL)
        assert len(rows.rounds) == 1
        assert await jobs(runtime) == 1


class Waiting:
    """A drain that waits for others, and what was cancelled of it."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.answers = asyncio.Event()

    async def service(self, runtime: Runtime) -> bool:
        """Wait for an answer."""
        self.begun += 1
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return False

    async def is_due(self, runtime: Runtime, now: datetime) -> bool:
        """Say that nothing waits."""
        return False


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    waiting = Waiting()
    monkeypatch.setitem(DRAINS, DELIVER, Drain(DELIVER, waiting.service, 5, waiting.is_due, patient=True))
    return waiting


async def test_a_drain_that_waits_for_others_holds_up_no_other_lane(
    redis_server: RedisServer, rows: Rows, waiting: Waiting
) -> None:
    """DLV-7: deliveries to hosts that say nothing, and the worker goes on."""
    async with open_node(redis_server) as runtime:
        context = WorkerContext(asyncio.get_running_loop(), runtime)
        for _ in range(ASIDE + 2):
            await context.take(DELIVER)
        await context.take(MAIL)
        assert rows.rounds == [0]
        assert waiting.begun == ASIDE, "no more than these, however often it is nudged for"
        waiting.answers.set()
        await context.leave(5)
        assert waiting.cancelled == 0
        await context.take(DELIVER)
        await context.leave(5)
        assert waiting.begun == ASIDE + 1


async def test_a_worker_that_leaves_cancels_what_does_not_end(redis_server: RedisServer, waiting: Waiting) -> None:
    async with open_node(redis_server) as runtime:
        context = WorkerContext(asyncio.get_running_loop(), runtime)
        await context.take(DELIVER)
        async with asyncio.timeout(20):
            while not waiting.begun:
                await asyncio.sleep(0.01)
        await context.leave(0.01)
        assert waiting.cancelled == 1


async def test_a_worker_without_redis_finds_its_work_in_the_tables(
    redis_server: RedisServer, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "WATCH_SECONDS", 0.01)
    async with open_node(redis_server) as runtime:
        runtime.gate._shut_until = float("inf")
        context = WorkerContext(asyncio.get_running_loop(), runtime)
        watch = asyncio.create_task(context.watch([MAIL]))
        rows.waiting = 3
        async with asyncio.timeout(20):
            while 3 not in rows.rounds:
                await asyncio.sleep(0.01)
        watch.cancel()


async def test_with_redis_a_worker_takes_up_only_what_nobody_nudges_for(
    redis_server: RedisServer, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler is dead, or a nudge was lost: what is late is done all the same."""
    asked: list[datetime] = []

    async def is_due(runtime: Runtime, now: datetime) -> bool:
        asked.append(now)
        return await rows.is_due(runtime, now)

    monkeypatch.setattr(work, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(work, "LATE_LOOK_SECONDS", 0.05)
    monkeypatch.setitem(DRAINS, MAIL, Drain(MAIL, rows.service, 5, is_due))
    async with open_node(redis_server) as runtime:
        started = runtime.now()
        watch = asyncio.create_task(WorkerContext(asyncio.get_running_loop(), runtime).watch([MAIL]))
        rows.waiting = 2
        async with asyncio.timeout(20):
            while 2 not in rows.rounds:
                await asyncio.sleep(0.01)
        watch.cancel()
        assert asked[0] <= runtime.now() - work.LATE
        assert asked[0] < started


async def test_a_lane_that_nobody_nudges_for_is_taken_up_at_every_look(
    redis_server: RedisServer, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index: due at once, one drain at a time, however busy the queues are."""
    due: list[datetime] = []

    async def is_due(runtime: Runtime, now: datetime) -> bool:
        due.append(now)
        return True

    monkeypatch.setattr(work, "WATCH_SECONDS", 0.01)
    alone = Drain(DELIVER, waiting.service, 5, is_due, patient=True, alone=True, late=timedelta())
    monkeypatch.setitem(DRAINS, DELIVER, alone)
    async with open_node(redis_server) as runtime:
        context = WorkerContext(asyncio.get_running_loop(), runtime)
        watch = asyncio.create_task(context.watch([MAIL, DELIVER]))
        async with asyncio.timeout(20):
            while len(due) < 5:
                await asyncio.sleep(0.01)
        assert waiting.begun == 1
        assert due[0] > runtime.now() - work.LATE
        watch.cancel()
        await context.leave(0)


async def test_one_process_drains_a_lane_once_at_a_time(redis_server: RedisServer, rows: Rows) -> None:
    """A nudge and the look of the worker itself may come together; the index has one writer."""
    async with open_node(redis_server) as runtime:
        context = WorkerContext(asyncio.get_running_loop(), runtime)
        rows.waiting = 1
        await asyncio.gather(context.take(MAIL), context.take(MAIL))
        assert rows.rounds == [1]
        assert context.at_work == set()
