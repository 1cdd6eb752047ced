"""What something costs the node, beside what a request costs a server that does nothing but answer.

A shared machine takes twice as long for the same from one second to the next. So a bare Hypercorn is looked at before,
between and after; a cost is given with its ratio to that, and holds its budget either in milliseconds or, on a machine
slower than the one the budgets were made for, by this ratio.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import psutil

from tests.bench.load import Request, drive
from tests.bench.stage import Cost, Stage
from tests.bench.table import Row
from tests.support.serving import free_port

REFERENCE_MS: Final = 0.30
"""What a bare ASGI application on Hypercorn took where the budgets were made (section 11 of the plan)."""
WINDOWS: Final = 5
LOOKS: Final = 3
"""Before and after what cannot be cut into windows."""
BARE_TIMES: Final = 300


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU milliseconds for each of something, and what a request took of a bare server meanwhile."""

    cost: Cost
    bare_ms: float

    def __str__(self) -> str:
        return f"{self.cost}, {self.times_bare:.1f} x bare"

    @property
    def times_bare(self) -> float:
        """How many bare requests it costs."""
        return self.cost.all / self.bare_ms

    def row(self, what: str, most_ms: float, *, also: str = "") -> Row:
        """Return the line that says so beside its budget."""
        most = most_ms / REFERENCE_MS
        within = self.cost.all <= most_ms or self.times_bare <= most
        return Row(what, f"{self}", f"<= {most_ms:g} ms or {most:.1f} x bare{also}", within)


@dataclass(frozen=True, slots=True)
class Bare:
    """A bare Hypercorn that runs (`bare.py`), and what each look at it found."""

    url: str
    process: psutil.Process
    looks: list[float] = field(default_factory=list)

    def spent(self, cost: Cost) -> Spent:
        """Return a cost beside what was seen of this server."""
        return Spent(cost, median(self.looks))

    def cpu_seconds(self) -> float:
        """Return the CPU seconds it has used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in [self.process, *self.process.children(recursive=True)])

    async def look(self, times: int = 1) -> None:
        """See what a request costs now."""
        for _ in range(times):
            before = self.cpu_seconds()
            await drive(self.url, [Request("/")], times=BARE_TIMES)
            self.looks.append((self.cpu_seconds() - before) / BARE_TIMES * 1000)


@asynccontextmanager
async def bare_hypercorn() -> AsyncIterator[Bare]:
    """Start one, and end it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, *f"-m hypercorn tests.bench.bare:app --bind 127.0.0.1:{port} --log-level ERROR".split()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(400):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        bare = Bare(f"http://127.0.0.1:{port}", psutil.Process(server.pid))
        await drive(bare.url, [Request("/")], times=200, clients=4)
        yield bare
    finally:
        server.terminate()
        server.wait(10)


async def cpu_a_request(stage: Stage, requests: Sequence[Request], *, times: int, only: str = "") -> Spent:
    """Return what a request costs: all processes of the node and its database, or those whose title contains `only`.

    Makes `times` requests in each of `WINDOWS` windows.
    """
    spent = []
    async with bare_hypercorn() as bare:
        for _ in range(WINDOWS):
            await bare.look()
            before = stage.cost(only)
            await drive(stage.url, requests, times=times, clients=1)
            spent.append((stage.cost(only) - before).each(times))
        await bare.look()
        return bare.spent(sorted(spent, key=lambda cost: cost.all)[WINDOWS // 2])
