"""Driving a node over HTTP and saying how long it took."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median, quantiles


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
