"""The worker process: takes nudges from RQ and drains lanes, in one event loop with one Runtime.

RQ's `SimpleWorker` runs a job in this process, which is what lets one loop, one database pool and one HTTP client
serve every job. The loop runs in a thread of its own, where drains that wait for other servers go on while RQ's
thread takes the next nudge (`node/base/work.py`). `LaneWorker` takes away what RQ would do beside that (command
channel, process titles) and makes it patient with Redis: RQ's worker ends when Redis goes away in a bad moment, so
`run_worker` starts the next one a second later and keeps loop and Runtime. Work is never lost with a job: it stands
in tables. While Redis is away, or nobody nudges, a task in the loop looks into the tables and drains what is due.

Stopping: an idle worker leaves at once. A busy one gets `GRACE_SECONDS` to finish its drains, then they are
cancelled between two awaits; their transactions roll back and their rows come due again when their lease is over.
"""

import asyncio
import concurrent.futures
import signal
import threading
import time
import uuid
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any

import structlog
import uvloop
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.worker.base import WorkerStatus

import admin.jobs
from admin import interpreter, presence
from admin.lookups import keep_telling
from node.base.errors import Unavailable
from node.base.lanes import (
    CARDS,
    COUNTS,
    DELIVER,
    DELIVER_SLOW,
    FANOUT,
    FETCH,
    FILL,
    INBOX,
    INDEX,
    LANES,
    MAIL,
    MEDIA,
    MOMENTS,
    POLLS,
    PULL,
    PUSH,
    RELAY,
    SCHEDULED,
    TRENDS,
    queue_name,
)
from node.base.runtime import Runtime, open_runtime
from node.base.settings import Settings
from node.base.work import WorkerContext, enter_worker
from outbox.relay import take_over

GRACE_SECONDS = 4.0
CLOSE_SECONDS = 2.0
RETRY_SECONDS = 1.0
IDLE_SECONDS = 20
"""RQ's worker_ttl: it waits for a nudge 15 seconds less than this before it says again that it is alive."""

log = structlog.get_logger(__name__)


def split_lanes(workers: int) -> list[tuple[str, ...]]:
    """Return the lanes of each of `workers` processes of one machine, most urgent first.

    What people wait for (relay, inbox) is served by every worker. Deliveries, which wait for other hosts, never
    hold up the first worker. `index` has exactly one worker: its writer is alone. Everything else has two where
    there are two, so that one may die.
    """
    if workers == 1:
        return [LANES]
    talk = (TRENDS, MOMENTS)
    split = [
        (RELAY, INBOX, COUNTS, FANOUT, PUSH, SCHEDULED, FETCH, FILL, PULL, MAIL, POLLS, CARDS, MEDIA, *talk, INDEX),
        (DELIVER, RELAY, INBOX, COUNTS, FANOUT, PUSH, DELIVER_SLOW, FETCH, FILL, PULL, MEDIA, MAIL, *talk),
        (DELIVER_SLOW, DELIVER, SCHEDULED, FETCH, FILL, PULL, MAIL, POLLS, CARDS, RELAY, INBOX, FANOUT),
    ]
    further = (INBOX, RELAY, DELIVER, FETCH)
    return [split[i] if i < len(split) else further for i in range(workers)]


def parse_lanes(text: str) -> tuple[str, ...]:
    """Return the lanes named in `text`, such as "relay,inbox". Raises ValueError for a name that is none."""
    lanes = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in lanes if name not in LANES]
    if unknown or not lanes:
        wrong = f"there is no lane {', '.join(unknown)}; " if unknown else ""
        raise ValueError(f"{wrong}lanes are {', '.join(LANES)}")
    return lanes


def worker_title(lanes: Sequence[str]) -> str:
    """Return what `ps` shows."""
    return f"rookery: worker {','.join(lanes)}"


class LaneWorker(SimpleWorker):
    """RQ's in-process worker without what this node has no use for."""

    max_connection_wait_time = RETRY_SECONDS
    log_result_lifespan = False

    def __init__(self, queues: list[Queue], *, connection: Any, loop: asyncio.AbstractEventLoop, title: str) -> None:
        super().__init__(
            queues,
            name=uuid.uuid4().hex,
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=IDLE_SECONDS,
            log_job_description=False,
            exception_handlers=[self._on_failure],
            default_result_ttl=0,
        )
        self._loop = loop
        self._title = title
        self.wants_to_stop = False

    def _set_ip_address(self, connection: Any) -> None:
        self.ip_address = "unknown"

    def procline(self, message: str) -> None:
        """Keep the title that the operator knows."""

    def subscribe(self) -> None:
        """Listen to no commands: signals are enough."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Tell RQ, and our own list of processes, that this worker lives."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None:
            self.connection.hset(presence.KEY, *presence.entry(self._title))

    def _on_failure(
        self, job: Any, kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> bool:
        if self._stop_requested and issubclass(kind, asyncio.CancelledError | concurrent.futures.CancelledError):
            return False
        log.error("drain_failed", lane=",".join(map(str, job.args)), exc_info=error)
        if issubclass(kind, JobTimeoutException):
            # Something blocks the loop: nothing in this process can be relied on any more.
            self.wants_to_stop = self._stop_requested = True
        return False

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGTERM, self.request_stop)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self.request_stop)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Leave: at once when idle, after a grace period when a drain is under way."""
        self.wants_to_stop = self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        self._loop.call_soon_threadsafe(self._loop.call_later, GRACE_SECONDS, self._cancel_drain)

    def _cancel_drain(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


def run_worker(settings: Settings, lanes: Sequence[str]) -> None:
    """Drain `lanes` until SIGTERM or SIGINT, whatever happens to Redis meanwhile."""
    assert admin.jobs
    stop = threading.Event()

    def leave(_signum: int, _frame: FrameType | None) -> None:
        stop.set()

    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="event loop", daemon=True)
    thread.start()
    runtime = open_runtime(settings, gives_way=True)
    context = WorkerContext(loop, runtime)
    enter_worker(context)
    interpreter.settle()
    watch = asyncio.run_coroutine_threadsafe(context.watch(lanes), loop)
    telling = asyncio.run_coroutine_threadsafe(keep_telling(runtime), loop)
    if RELAY in lanes:
        asyncio.run_coroutine_threadsafe(_take_over(runtime), loop)
    # The client's own default would end a wait for a nudge as if Redis had gone.
    connection: Any = Redis.from_url(
        settings.effective_redis_url, retry=Retry(NoBackoff(), 0), socket_timeout=IDLE_SECONDS
    )
    queues = [Queue(queue_name(lane), connection=connection, serializer=JSONSerializer) for lane in lanes]
    away_since = 0.0
    try:
        while not stop.is_set():
            _on_stop_signals(leave)
            worker = None
            try:
                connection.ping()
                if away_since:
                    log.info("redis_back", away_seconds=round(time.monotonic() - away_since, 1))
                    away_since = 0.0
                worker = LaneWorker(queues, connection=connection, loop=loop, title=worker_title(lanes))
                worker.work(logging_level=None)
            except StopRequested:
                break
            except (RedisError, OSError) as error:
                if not away_since:
                    away_since = time.monotonic()
                    log.warning("redis_away", error=type(error).__name__)
            if worker is not None and worker.wants_to_stop:  # also where its farewell found Redis away
                break
            _on_stop_signals(leave)
            stop.wait(RETRY_SECONDS)
    finally:
        _on_stop_signals(leave)
        watch.cancel()
        telling.cancel()
        try:
            asyncio.run_coroutine_threadsafe(_close(context), loop).result(GRACE_SECONDS + CLOSE_SECONDS)
        except (TimeoutError, concurrent.futures.CancelledError):
            log.warning("worker_left_in_disorder")
        connection.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(CLOSE_SECONDS)
        if not thread.is_alive():
            loop.close()


async def _take_over(runtime: Runtime) -> None:
    """Take up what a worker that was killed was at."""
    try:
        await take_over(runtime)
    except Unavailable as error:  # its lease brings it back
        log.warning("nothing_taken_over", reason=error.message)


async def _close(context: WorkerContext) -> None:
    """End what goes on in the loop and close what the node holds open."""
    await context.leave(GRACE_SECONDS)
    await presence.withdraw(context.runtime.queues)
    await context.runtime.close()
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


def _on_stop_signals(handler: Any) -> None:
    signal.signal(signal.SIGTERM, handler)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)
