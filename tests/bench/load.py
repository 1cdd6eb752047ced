"""Driving a node over HTTP and saying how long it took."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Timing:
    """Answer times of one load, in milliseconds, and how many answers came a second."""

    times: list[float]
    per_second: float

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.times)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return quantiles(self.times, n=20)[18]


async def drive(call: Callable[[int], Awaitable[None]], *, times: int, clients: int) -> Timing:
    """Make `times` calls from `clients` concurrent clients; `call` gets the number of the call."""
    numbers = iter(range(times))
    taken: list[float] = []

    async def client() -> None:
        for number in numbers:
            started = time.perf_counter()
            await call(number)
            taken.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Timing(taken, times / (time.perf_counter() - started))


class Connections:
    """Keep-alive connections to one node, one for each concurrent caller, with next to no cost of their own.

    A full HTTP client takes longer for a request than the node does, so a load made with one measures the client.
    """

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._authority = parts.netloc
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Make one request and return status and body. The node must answer with a Content-Length."""
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(self._host, self._port)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._authority}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        start = lower.index(b"content-length:") + len(b"content-length:")
        answer = await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
        self._idle.append((reader, writer))
        return int(head[9:12]), answer

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()


@asynccontextmanager
async def connections(base_url: str) -> AsyncIterator[Connections]:
    """Open connections for the length of the block."""
    made = Connections(base_url)
    try:
        yield made
    finally:
        made.close()
