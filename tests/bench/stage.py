"""The node under measure: a filled database, and the real processes of `rookery up` on it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psutil
from sqlalchemy import text, update

from admin.logs import configure_logging
from node.base.runtime import Runtime, running
from node.base.settings import Settings, load_settings
from node.search.engines import engine_name, made_as
from node.search.jobs import index_due
from node.search.models import SearchRebuild
from tests.bench.filling import READERS, Filled, Size, fill
from tests.support.serving import free_port

KEPT = "filled.json"
"""In the folder of a filled node: its port, which its URLs carry, and who is on it."""

ROOKERY = str(Path(sys.executable).with_name("rookery"))


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time of all processes, and PostgreSQL's part of it (nothing on SQLite, which is in our processes)."""

    all: float
    database: float

    def __sub__(self, earlier: "Cost") -> "Cost":
        return Cost(self.all - earlier.all, self.database - earlier.database)

    def __str__(self) -> str:
        return f"{self.all:.2f} ms" + (f", {self.database:.2f} of it the database's" if self.database else "")

    def each(self, count: int) -> "Cost":
        """Return the milliseconds for each of `count`, where this is seconds for all."""
        return Cost(self.all / count * 1000, self.database / count * 1000)


class Stage:
    """A node that runs as real processes, and what a benchmark needs to know of it."""

    def __init__(self, settings: Settings, environment: dict[str, str], size: Size) -> None:
        self.settings = settings
        self.environment = environment
        self.size = size
        self.filled = Filled()
        self.database: psutil.Process | None = None
        """PostgreSQL, where the node runs on one of this machine."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the node answers."""
        return self.settings.public_url

    @property
    def readers(self) -> list[str]:
        """The tokens of those who read: the least followed people."""
        return [self.filled.tokens[id_] for id_ in self.filled.account_ids[-READERS:]]

    @property
    def author_id(self) -> int:
        """The person whose publishing is measured."""
        return self.filled.author_id

    @property
    def author_token(self) -> str:
        """That person's token."""
        return self.filled.tokens[self.filled.author_id]

    def start(self) -> float:
        """Start `rookery up` and return how many seconds it took to answer."""
        started = time.monotonic()
        self._process = _start("up", self.environment)
        _await_answer(self._process, self.url)
        return time.monotonic() - started

    def stop(self) -> float:
        """Stop it and return the seconds it took."""
        assert self._process is not None
        started = time.monotonic()
        _stop(self._process)
        return time.monotonic() - started

    @contextmanager
    def another_web(self, **changes: str) -> Iterator[str]:
        """Run one more web process with other settings on the same database; yields its URL."""
        port = free_port()
        process = _start("web", self.environment | {"ROOKERY_BIND": f"127.0.0.1:{port}"} | changes)
        try:
            _await_answer(process, f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            _stop(process)

    def processes(self) -> dict[str, psutil.Process]:
        """Return the node's processes by their titles."""
        assert self._process is not None
        top = psutil.Process(self._process.pid)
        found = {}
        for process in [top, *top.children(recursive=True)]:
            title = " ".join(process.cmdline())[:40] or process.name()
            found[f"{title}#{process.pid}"] = process
        return found

    def _own_seconds(self, only: str) -> float:
        total = 0.0
        for title, process in self.processes().items():
            if only in title:
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def database_seconds(self) -> float:
        """Return the CPU seconds used so far by PostgreSQL, whose backends come and go. SQLite is in our processes."""
        if self.database is None:
            return 0.0
        ended = self.database.cpu_times()
        total = ended.user + ended.system + ended.children_user + ended.children_system
        for process in self.database.children():
            with suppress(psutil.NoSuchProcess):  # it ends just now
                times = process.cpu_times()
                total += times.user + times.system
        return float(total)

    def cost(self, only: str = "") -> Cost:
        """Return the CPU seconds used so far by all, and the database's part of them; or by processes whose title
        contains `only`."""
        database = 0.0 if only else self.database_seconds()
        return Cost(self._own_seconds(only) + database, database)

    def memory_mb(self) -> float:
        """Return the proportional set size of all processes, in megabytes."""
        return float(sum(process.memory_full_info().pss for process in self.processes().values()) / 1e6)

    async def quiet(self, seconds: float = 1.5) -> None:
        """Wait until the node does nothing any more."""
        while True:
            before = self.cost()
            await asyncio.sleep(seconds)
            spent = self.cost() - before
            if spent.all - spent.database < 0.08 * seconds:  # what a database tidies up by itself may take minutes
                return


async def _database_process(runtime: Runtime) -> psutil.Process | None:
    """Return the process all backends of PostgreSQL come from, if it is on this machine."""
    if runtime.database.dialect == "sqlite":
        return None
    async with runtime.read() as reader:
        backend = await reader.scalar(text("SELECT pg_backend_pid()"))
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(int(backend))
            return found.parent() if "postgres" in " ".join(found.cmdline()) else None
    return None


async def _leave_index(runtime: Runtime) -> None:
    """Have a kept node's index stand as it is, should tokens be made in another way by now."""
    async with runtime.write() as uow:
        await uow.write(update(SearchRebuild).values(engine=made_as(engine_name(runtime.settings))))


def _load(kept: Path) -> tuple[int, Filled]:
    return msgspec.json.decode(kept.read_bytes(), type=tuple[int, Filled])


def _start(verb: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [ROOKERY, verb],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=None if "BENCH_LOGS" in os.environ else subprocess.DEVNULL,
    )


def _await_answer(process: "subprocess.Popen[bytes]", url: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/livez", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            assert process.poll() is None, "the node ended"
            assert time.monotonic() < until, "the node did not answer"
            time.sleep(0.02)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@asynccontextmanager
async def set_stage(
    folder: Path, size: Size, say: Callable[[str, float], None], **changes: str
) -> AsyncIterator[tuple[Stage, Runtime]]:
    """Fill a node in `folder`, or take the one kept there; start it, and give it with a runtime on the same data."""
    kept = folder / KEPT
    port, filled = _load(kept) if kept.exists() else (free_port(), None)
    environment = {
        "ROOKERY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "ROOKERY_BIND": f"127.0.0.1:{port}",
        "ROOKERY_DATA_DIR": str(folder),
        "ROOKERY_RATE_LIMITS": "off",
        "ROOKERY_INSECURE_PEERS": "127.0.0.0/8,::1/128",
        "ROOKERY_LOG_LEVEL": "error",
        **changes,
    }
    settings = load_settings(environment)
    configure_logging(settings)  # measures that run parts of the node in this process say nothing either
    stage = Stage(settings, environment, size)
    subprocess.run(
        [ROOKERY, "migrate"],
        env=os.environ | environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    async with running(settings) as runtime:
        # Built while it is empty: indexing what is filled in would take the machine for an hour, beside every measure.
        # New posts are indexed as on any node; `search_rows` measures an index of many posts on nodes of its own.
        if filled is None:
            await index_due(runtime)
            filled = await fill(runtime, size, say)
            kept.write_bytes(msgspec.json.encode((port, filled)))
        await _leave_index(runtime)
        stage.filled = filled
        stage.database = await _database_process(runtime)
        stage.start()
        try:
            yield stage, runtime
        finally:
            await asyncio.to_thread(stage.stop)
