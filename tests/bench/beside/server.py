"""A server under measure: where it answers, who may ask, and what its processes cost."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil

from tests.bench.load import authorised


@dataclass
class Server:
    """A running server. The first token is the reader's, the others are of those who write."""

    url: str
    tokens: Sequence[str]
    pids: Sequence[int]
    idle: float = 0.0
    """CPU seconds it uses in a second in which nobody asks for anything."""
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # some servers close a connection without saying so
        self.http = httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=120, limits=limits)

    async def get(self, path: str, token: str = "", **asked: Any) -> Any:
        """Return the JSON of an answer."""
        answer = await self.http.get(path, params=asked or None, headers=authorised(token or self.tokens[0]))
        return answer.raise_for_status().json()

    async def post(self, path: str, token: str, body: Mapping[str, Any] | None = None) -> Any:
        """Post JSON and return the JSON of the answer."""
        answer = await self.http.post(path, json=body or {}, headers=authorised(token))
        return answer.raise_for_status().json()

    async def unlock(self, token: str) -> None:
        """Let everybody follow an account without asking."""
        path = "/api/v1/accounts/update_credentials"
        answer = await self.http.patch(path, data={"locked": "false"}, headers=authorised(token))
        answer.raise_for_status()

    async def home(self, limit: int = 40, **asked: Any) -> list[dict[str, Any]]:
        """Return the reader's home timeline."""
        found: list[dict[str, Any]] = await self.get("/api/v1/timelines/home", limit=limit, **asked)
        return found

    def processes(self) -> list[psutil.Process]:
        """Return all its processes: those named, and whatever these started."""
        named = [psutil.Process(pid) for pid in self.pids]
        return [one for process in named for one in [process, *process.children(recursive=True)]]

    def cpu_seconds(self) -> float:
        """Return the CPU seconds used so far, by processes that have ended too."""
        total = 0.0
        for process in self.processes():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory_mb(self) -> float:
        """Return the proportional set size of all its processes, in megabytes."""
        return float(sum(process.memory_full_info().pss for process in self.processes()) / 1e6)

    async def watch_idle(self, seconds: float = 6.0) -> None:
        """Wait until what its start caused is done, and learn what it costs when nobody asks."""
        rates = [float("inf")]
        for _ in range(10):
            before = self.cpu_seconds()
            await asyncio.sleep(seconds / 2)
            rates.append((self.cpu_seconds() - before) / seconds * 2)
            if rates[-1] > rates[-2] * 0.7:
                break
        self.idle = min(rates)

    async def rest(self, window: float = 2.0, patience: float = 60.0) -> None:
        """Wait until it does no more than it does when nobody asks, for so many seconds: some find no rest."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            before = self.cpu_seconds()
            await asyncio.sleep(window)
            if self.cpu_seconds() - before < (self.idle * 1.5 + 0.03) * window:
                return

    @asynccontextmanager
    async def metered(self) -> AsyncIterator[list[float]]:
        """Put into the list, at the end of the block, the CPU seconds spent beyond what idling costs."""
        found: list[float] = []
        before, started = self.cpu_seconds(), time.monotonic()
        yield found
        found.append(max(self.cpu_seconds() - before - self.idle * (time.monotonic() - started), 0.0))
