"""The node as a whole: what it keeps in memory, whether that grows, how fast it starts and stops."""

import asyncio

from admin.memory import GIVE_BACK_SECONDS
from federation.vocabulary import AP_TYPE
from node.base.runtime import Runtime
from tests.bench.load import Request, authorised, drive
from tests.bench.stage import Stage
from tests.bench.table import Row

SOAK = 4_000
"""Requests of each half of the soak."""


async def memory(stage: Stage, runtime: Runtime) -> list[Row]:
    """Memory after the load and over a soak, stop, start, memory at rest"""
    busy = stage.memory_mb()
    reads = [
        Request(path, headers=authorised(token))
        for token in stage.readers[:32]
        for path in ("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/notifications")
    ]
    reads += [Request(f"/users/{id_}", headers={"Accept": AP_TYPE}) for id_ in stage.filled.account_ids[:200]]
    first = await _after_a_soak(stage, reads)
    grown = await _after_a_soak(stage, reads) - first
    stopped = await asyncio.to_thread(stage.stop)
    started = await asyncio.to_thread(stage.start)
    await stage.quiet()
    idle = stage.memory_mb()
    return [
        Row("memory of all processes after the load (PSS)", f"{busy:.0f} MB", "< 600 MB", busy < 600),
        Row(f"memory: growth over {SOAK:,} more requests of the same", f"{grown:.1f} MB", "flat", grown < 5),
        Row("memory of all processes, idle (PSS)", f"{idle:.0f} MB", "< 300 MB", idle < 300),
        Row("start until it answers", f"{started:.1f} s", "< 5 s", started < 5),
        Row("stop", f"{stopped:.1f} s", "< 10 s", stopped < 10),
    ]


async def _after_a_soak(stage: Stage, reads: list[Request]) -> float:
    """Return the megabytes of all processes once each has given back what it held free for a minute."""
    await drive(stage.url, reads, times=SOAK, clients=8)
    await asyncio.sleep(GIVE_BACK_SECONDS + 2)
    return stage.memory_mb()
