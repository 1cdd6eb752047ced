"""How soon search finds a post while the node is busy: some written here, some arriving, people reading meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import httpx

from node.base.runtime import Runtime
from tests.bench.load import Request, authorised, drive
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.bench.wire_rows import signed_note, strangers_here

SECONDS: Final = 30
PER_SECOND: Final = 20
"""Posts: every other one is written here, the others arrive."""
READERS: Final = 8
THINKS: Final = 0.05
"""Seconds each of them waits after an answer."""
EVERY: Final = 1.0
"""Seconds between two posts that are looked for."""
LONGEST: Final = 60.0


async def fresh(stage: Stage, runtime: Runtime) -> list[Row]:
    """Search: from the answer to a post until search finds it, while others write, deliver and read"""
    strangers = await strangers_here(stage, runtime, 10, followed=True)
    notes = [
        signed_note(stage, *strangers[number % len(strangers)], number, words=f"arrived{number}arrived")
        for number in range(SECONDS * PER_SECOND)
    ]
    token = stage.author_token
    async with httpx.AsyncClient(
        base_url=stage.url, trust_env=False, timeout=LONGEST, limits=httpx.Limits(max_connections=None)
    ) as http:

        async def write(number: int) -> str:
            answer = await http.post(
                "/api/v1/statuses", headers=authorised(token), json={"status": f"Rooks at dusk written{number}written"}
            )
            return f"written{number}written" if answer.is_success else ""

        async def arrive(number: int) -> str:
            note = notes[number]
            answer = await http.post(note.path, headers=dict(note.headers), content=note.body.encode())
            return f"arrived{number}arrived" if answer.status_code == note.expect else ""

        async def found_after(word: str) -> float:
            """Return the seconds until a word is found, 0 for a post that the busy node refused."""
            if not word:
                return 0.0
            started = time.perf_counter()
            while time.perf_counter() - started < LONGEST:
                answer = await http.get("/api/v2/search", params={"q": word, "type": "statuses"})
                if answer.is_success and answer.json()["statuses"]:
                    return time.perf_counter() - started
                await asyncio.sleep(0.1)
            return LONGEST

        alone = [await found_after(await write(-1 - number)) for number in range(3)]
        reads = [Request("/api/v1/timelines/home", headers=authorised(token)) for token in stage.readers[:READERS]]
        reading = asyncio.create_task(
            drive(stage.url, reads, times=int(READERS * SECONDS / (THINKS + 0.05)), clients=READERS, pause=THINKS)
        )
        written, arrived = await asyncio.gather(_at_pace(write, found_after, 0), _at_pace(arrive, found_after, 1))
        timing = await reading
    rows = [("written", written), ("arrived", arrived)]
    return [
        Row("search: one post on a node at rest, found after", f"{max(alone):.1f} s", "< 5 s", max(alone) < 5),
        *(
            Row(
                f"search: {what} under load ({PER_SECOND} posts/s, {READERS} readers), found after",
                f"{max(taken):.1f} s at worst, median {median(taken):.1f}, {taken.count(0.0)} of {len(taken)} refused",
                "< 5 s",
                max(taken) < 5,
            )
            for what, taken in rows
        ),
        Row("search: those readers meanwhile", f"p95 {timing.p95:.0f} ms, {timing.per_second:.0f}/s"),
    ]


async def _at_pace(
    make: Callable[[int], Awaitable[str]], found_after: Callable[[str], Awaitable[float]], first: int
) -> list[float]:
    """Make every other post at its time; return how long the posts of whole seconds took to be found."""
    started = time.perf_counter()
    looked_at = 0.0
    others: list[asyncio.Task[str]] = []
    looks: list[asyncio.Task[float]] = []

    async def looked_for(number: int) -> float:
        return await found_after(await make(number))

    for number in range(first, SECONDS * PER_SECOND, 2):
        await asyncio.sleep(max(started + number / PER_SECOND - time.perf_counter(), 0))
        if time.perf_counter() - started >= looked_at:
            looked_at += EVERY
            looks.append(asyncio.create_task(looked_for(number)))
        else:
            others.append(asyncio.ensure_future(make(number)))
    found, _ = await asyncio.gather(asyncio.gather(*looks), asyncio.gather(*others))
    return found
