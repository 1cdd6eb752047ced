"""Driving a node over HTTP from a process of its own, and saying how long each answer took.

The benchmark makes a plan (`Load`), `drive` hands it to `python -m tests.bench.load` and reads the times back: the
client's work is never counted as the node's, nor does it hold up the benchmark's own event loop. A full HTTP client
takes longer for a request than the node does; `Connections` costs next to nothing.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import orjson

AGENT = "User-Agent: rookery-bench"
"""Some servers answer nobody who does not say what they are."""


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


@dataclass(frozen=True)
class Request:
    """One request, the status it must get, and what must stand in its answer at least `times` times."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    expect: int = 200
    holds: str = ""
    times: int = 0


def authorised(token: str, **more: str) -> dict[str, str]:
    """Return the headers of a request with a bearer token."""
    return {"Authorization": f"Bearer {token}", **more}


async def drive(
    base_url: str,
    requests: Sequence[Request],
    *,
    times: int,
    clients: int = 1,
    pause: float = 0.0,
    rate: float = 0.0,
) -> Timing:
    """Make `times` requests (going round in `requests`) from `clients` concurrent clients of another process.

    `pause`: seconds each client waits after an answer. With a `rate` so many requests are begun a second, whatever the
    answers take, and their times count from when they were due. Fails when an answer is not as expected.
    """
    plan = {
        "base_url": base_url,
        "requests": [asdict(request) for request in requests],
        "times": times,
        "clients": clients,
        "pause": pause,
        "rate": rate,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        answer, _ = await child.communicate(orjson.dumps(plan))
    except BaseException:
        child.kill()
        await child.wait()
        raise
    found = orjson.loads(answer or b'{"error": "the client process ended"}')
    assert "error" not in found, found["error"]
    return Timing(found["times"], times / found["seconds"])


class Connections:
    """Keep-alive connections to one node, one for each concurrent caller."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._authority = parts.netloc
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._closes = False

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> tuple[int, bytes]:
        """Make one request and return status and body."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._authority}", AGENT, f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
        reader, writer, head = await self._head("\r\n".join([*lines, "", ""]).encode() + body)
        lower = head.lower()
        status = int(head[9:12])
        answer, kept = await _read_body(reader, lower, status)
        if kept and b"\r\nconnection: close" not in lower and not self._closes:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status, answer

    async def _head(self, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Send a request and return the head of the answer, and where its body will come from."""
        if self._idle:
            reader, writer = self._idle.pop()
            try:
                writer.write(request)
                return reader, writer, await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                self._closes = True  # without saying so: it must be asked on a new connection each time
                writer.close()
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(request)
        return reader, writer, await reader.readuntil(b"\r\n\r\n")

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()


async def _read_body(reader: asyncio.StreamReader, head: bytes, status: int) -> tuple[bytes, bool]:
    """Return the body, and whether the connection can be used again. `head` is in lower case."""
    if b"\r\ncontent-length:" in head:
        start = head.index(b"\r\ncontent-length:") + len(b"\r\ncontent-length:")
        return await reader.readexactly(int(head[start : head.index(b"\r\n", start)])), True
    if status == 204:
        return b"", True
    if b"\r\ntransfer-encoding: chunked" not in head:
        return await reader.read(), False
    pieces = []
    while length := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        pieces.append(await reader.readexactly(length))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(pieces), True


@asynccontextmanager
async def connections(base_url: str) -> AsyncIterator[Connections]:
    """Open connections for the length of the block."""
    made = Connections(base_url)
    try:
        yield made
    finally:
        made.close()


async def _carry_out(plan: dict[str, Any]) -> dict[str, Any]:
    requests = [Request(**given) for given in plan["requests"]]
    numbers = iter(range(plan["times"]))
    taken: list[float] = []
    async with connections(plan["base_url"]) as http:

        async def ask(number: int, began: float) -> None:
            asked = requests[number % len(requests)]
            status, answer = await http.request(asked.method, asked.path, asked.headers, asked.body.encode())
            taken.append((time.perf_counter() - began) * 1000)
            if status != asked.expect or (asked.times and answer.count(asked.holds.encode()) < asked.times):
                raise AssertionError(f"{asked.method} {asked.path}: {status} {answer[:300]!r}")

        async def client() -> None:
            for number in numbers:
                await ask(number, time.perf_counter())
                if plan["pause"]:
                    await asyncio.sleep(plan["pause"])

        async def clock(rate: float) -> None:
            async with asyncio.TaskGroup() as asking:
                for number in numbers:
                    due = started + number / rate
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    asking.create_task(ask(number, due))

        started = time.perf_counter()
        await asyncio.gather(*([clock(plan["rate"])] if plan["rate"] else [client() for _ in range(plan["clients"])]))
        return {"times": taken, "seconds": time.perf_counter() - started}


def main() -> None:
    """Read a plan from standard input and write the times."""
    try:
        found = asyncio.run(_carry_out(orjson.loads(sys.stdin.buffer.read())))
    except* (AssertionError, OSError, asyncio.IncompleteReadError) as errors:
        found = {"error": str(errors.exceptions[0])}
    sys.stdout.buffer.write(orjson.dumps(found))


if __name__ == "__main__":
    main()
