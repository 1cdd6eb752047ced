"""`rookery up`: one command, one machine, every process of the node.

The supervisor is synchronous and has one thread, because it forks. It imports everything first and freezes the
garbage collector's view of it, so that the children share those pages; it opens no database and no event loop.

Order: lock of the data folder, listening socket, Redis, migrations (in a child of their own, while the supervisor
imports the program), then web, workers and scheduler. The lock keeps a second `up` away from the same data; the socket
is bound early, so that a port in use is said before anything starts; it is shared by all web processes and survives
each of them.

Whoever dies is started again: at once, then with doubling waits up to ten seconds while it keeps dying young.
Redis is treated like the others; it comes back empty, and the scheduler nudges what waits.

Stopping: the Python processes get SIGTERM and `STOP_SECONDS`, then SIGKILL; Redis goes last, so that they can say
goodbye to it. A second Ctrl-C kills at once. If the supervisor itself is killed the kernel kills its children
(`admin/children.py`).
"""

import fcntl
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog
from setproctitle import setproctitle

from admin import redis_server
from admin.children import Child, describe_exit
from admin.listening import open_socket
from node.base.settings import Settings

STOP_SECONDS = 7.0
REDIS_STOP_SECONDS = 1.5
REDIS_START_SECONDS = 10.0
LOCK_SECONDS = 3.0
POLL_SECONDS = 1.0
WORKERS_NICENESS = 5
"""Where there is not enough machine for all, those who wait for an answer come before what follows it."""

PRELOAD = ("admin.serve", "admin.worker", "admin.scheduler", "admin.presence", "uvloop", "hypercorn.asyncio")

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The node cannot be started here and now; the message says why and what to do."""


class Supervisor:
    """Keeps the processes of one node alive. `run` returns the exit code."""

    def __init__(self, settings: Settings, *, say: Callable[[str], None] = print) -> None:
        self._settings = settings
        self._say = say
        self._children: list[Child] = []
        self._redis: Child | None = None
        self._stopping = 0
        self._woken, self._wake = os.pipe()
        self._ready, self._tell_ready = os.pipe()
        self._announced = False
        self._facts: dict[str, Any] = {}
        self._started = time.monotonic()

    def run(self) -> int:
        """Start everything, keep it alive, and stop everything when asked to. Raises CannotStart."""
        setproctitle("rookery: up")
        self._settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._warn_of_insecure_peers()
        lock = take_lock(self._settings.data_dir / "up.lock")
        listener = self._open_socket()
        self._listen_to_signals()
        try:
            if not self._settings.redis_url:
                self._start_redis()
            migration = self._begin_migration()
            for name in PRELOAD:
                importlib.import_module(name)
            self._finish_migration(migration)
            gc.collect()
            gc.freeze()
            self._children = self._plan(listener)
            while not self._stopping:
                self._start_due()
                self._wait()
        finally:
            self._stop_all()
            listener.close()
            os.close(lock)
        self._say("Stopped.")
        return 0

    def _open_socket(self) -> socket.socket:
        try:
            return open_socket(self._settings.bind)
        except OSError as error:
            raise CannotStart(
                f"Cannot listen on {self._settings.bind}: {error.strerror}. Set ROOKERY_BIND to another address:port."
            ) from error

    def _listen_to_signals(self) -> None:
        os.set_blocking(self._wake, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)

    def _note_stop(self, _signum: int, _frame: object) -> None:
        self._stopping += 1

    def _plan(self, listener: socket.socket) -> list[Child]:
        # Imported here, not above: PRELOAD has them, and `rookery --help` need not.
        from admin.scheduler import TITLE, run_scheduler
        from admin.serve import run_web
        from admin.worker import run_worker, split_lanes, worker_title

        children = []
        for number in range(1, self._settings.web_processes + 1):
            title = f"rookery: web {number}"
            web = partial(run_web, self._settings, listener, title=title, on_ready=self._tell)
            children.append(Child(title, web))
        for lanes in split_lanes(self._settings.workers):
            work = partial(run_worker, self._settings, lanes)
            children.append(Child(worker_title(lanes), work, niceness=WORKERS_NICENESS))
        children.append(Child(TITLE, partial(run_scheduler, self._settings)))
        return children

    def _tell(self) -> None:
        os.write(self._tell_ready, b"1")

    def _start_redis(self) -> None:
        path = self._settings.redis_socket
        binary = redis_server.find_binary()
        if binary is None:
            raise CannotStart(redis_server.MISSING)
        try:
            redis_server.make_private_folder(path.parent)
        except redis_server.RedisMissing as error:
            raise CannotStart(str(error)) from error
        redis_server.end_leftover(path)
        self._redis = Child("rookery: redis", partial(redis_server.run_server, binary, path), own_group=True)
        self._redis.spawn()
        deadline = time.monotonic() + REDIS_START_SECONDS
        while not redis_server.answers(path) and not self._stopping:
            self._reap()
            if not self._redis.is_running or time.monotonic() > deadline:
                raise CannotStart(f"The embedded Redis ({binary}) did not start: see {path.parent / 'redis.log'}")
            time.sleep(0.02)

    def _begin_migration(self) -> tuple[Child, int]:
        """Migrate in a child, so that the supervisor never holds a database or a thread when it forks.

        It runs while the supervisor imports the rest: half of the time to the first answer.
        """
        reading, writing = os.pipe()
        child = Child("rookery: migrate", partial(_prepare, self._settings, writing))
        child.spawn()
        os.close(writing)
        return child, reading

    def _finish_migration(self, migration: tuple[Child, int]) -> None:
        child, reading = migration
        answer = b""
        while True:
            readable, _, _ = select.select([reading, self._woken], [], [])
            if self._woken in readable:
                os.read(self._woken, 4096)
            if self._stopping:
                child.kill(signal.SIGKILL)
            if reading in readable:
                part = os.read(reading, 65536)
                answer += part
                if not part:
                    break
        os.close(reading)
        _, status = os.waitpid(child.pid, 0)
        if self._stopping:
            return
        if status != 0:
            raise CannotStart(f"The database could not be prepared ({describe_exit(status)}).")
        self._facts = orjson.loads(answer)
        if problem := self._facts.get("problem"):
            raise CannotStart(problem)

    def _start_due(self) -> None:
        now = time.monotonic()
        everyone = [self._redis, *self._children] if self._redis else self._children
        for child in everyone:
            if not child.is_running and child.next_start <= now:
                child.spawn()

    def _wait(self) -> None:
        """Sleep until a signal, the first web process's readiness or the next start, then reap."""
        now = time.monotonic()
        starts = [child.next_start - now for child in self._everyone() if not child.is_running]
        timeout = max(0.0, min([POLL_SECONDS, *starts]))
        watched = [self._woken] if self._announced else [self._woken, self._ready]
        readable, _, _ = select.select(watched, [], [], timeout)
        if self._woken in readable:
            os.read(self._woken, 4096)
        if self._ready in readable and not self._announced:
            os.read(self._ready, 64)
            self._announced = True
            self._announce()
        self._reap()

    def _everyone(self) -> list[Child]:
        return [*self._children, *([self._redis] if self._redis else [])]

    def _reap(self) -> None:
        for child in self._everyone():
            if not child.is_running:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            wait = child.died(time.monotonic())
            if not self._stopping:
                log.error("process_died", title=child.title, how=describe_exit(status), again_in_seconds=round(wait, 1))

    def _stop_all(self) -> None:
        self._stopping = signal_count = max(1, self._stopping)
        for child in self._children:
            child.kill(signal.SIGTERM)
        self._await_exit(self._children, STOP_SECONDS, signal_count)
        if self._redis is not None:
            self._redis.kill(signal.SIGTERM)
            self._await_exit([self._redis], REDIS_STOP_SECONDS, self._stopping)
            self._settings.redis_socket.unlink(missing_ok=True)

    def _await_exit(self, children: list[Child], seconds: float, signals_before: int) -> None:
        deadline = time.monotonic() + seconds
        while any(child.is_running for child in children):
            if time.monotonic() > deadline or self._stopping > signals_before:
                for child in children:
                    child.kill(signal.SIGKILL)
            select.select([self._woken], [], [], 0.05)
            self._reap()

    def _warn_of_insecure_peers(self) -> None:
        if self._settings.insecure_peers:
            networks = ", ".join(map(str, self._settings.insecure_peers))
            self._say(
                f"WARNING: insecure_peers is set ({networks}). This node talks plain http to these networks and\n"
                "         lets other servers point it at private addresses there. Development and tests only."
            )

    def _announce(self) -> None:
        from node.base.runtime import VERSION

        settings = self._settings
        seconds = time.monotonic() - self._started
        self._say(f"Rookery {VERSION} is ready after {seconds:.1f} s.")
        self._say(f"  Open       {settings.public_url}")
        scheme = "https" if settings.tls_cert else "http"
        self._say(f"  Listening  {scheme}://{settings.bind}")
        self._say(f"  Data       {settings.data_dir.absolute()}")
        if link := self._facts.get("setup_link"):
            self._say(f"\n  There is no admin yet. Make the first one here (the link works once):\n  {link}\n")
        self._say("  Ctrl-C stops it.")
        sys.stdout.flush()


def _prepare(settings: Settings, answer: int) -> None:
    """Migrate, and make a link for the first admin while there is none. Write what `up` should say to `answer`."""
    from sqlalchemy.exc import DBAPIError

    from admin.explaining import sentence_of
    from admin.first_admin import prepare
    from node.base.errors import RookeryError

    with os.fdopen(answer, "wb") as pipe:
        try:
            facts = prepare(settings)
        except (RookeryError, DBAPIError, OSError) as error:
            facts = {"problem": sentence_of(error)}
        pipe.write(orjson.dumps(facts))


def take_lock(path: Path) -> int:
    """Lock the data folder for this process and its children; return the descriptor to keep. Raises CannotStart."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
                os.close(descriptor)
                raise CannotStart(
                    f"Another `rookery up` (process {holder}) is using {path.parent.absolute()}."
                ) from None
            time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor
