"""Requests that change something, with everything the server does after its answer."""

import asyncio
import time
from statistics import median
from typing import Any

import orjson

from tests.bench.beside.server import Server
from tests.bench.beside.table import Figures
from tests.bench.load import Request, authorised, drive

SECONDS = 4.0


async def writes(server: Server) -> list[Figures]:
    """Measure publishing and liking."""
    return [await _publishing(server), await _seen(server), await _liking(server)]


async def _publishing(server: Server) -> Figures:
    headers = authorised(server.tokens[1], **{"Content-Type": "application/json"})

    def posts(count: int, batch: str) -> list[Request]:
        texts = (f"Measured {batch} {number}: the rooks come home at dusk" for number in range(count))
        bodies = (orjson.dumps({"status": text, "visibility": "public"}).decode() for text in texts)
        return [Request("/api/v1/statuses", "POST", headers, body) for body in bodies]

    warm = await drive(server.url, posts(10, "warming"), times=10, clients=1)
    await _until_seen(server, "Measured warming 9:")
    await server.rest()
    count = min(max(int(SECONDS * 1000 / warm.p50), 20), 120)
    async with server.metered() as spent:
        timing = await drive(server.url, posts(count, "publishing"), times=count, clients=1)
        await server.rest()
        await _until_seen(server, f"Measured publishing {count - 1}:")
        await server.rest()
    return Figures(
        "publish, with its after-work",
        cpu_ms=spent[0] / count * 1000,
        p50=timing.p50,
        p95=timing.p95,
        per_second=timing.per_second,
    )


async def _until_seen(server: Server, text: str) -> None:
    while not any(text in status["content"] for status in await server.home(limit=5)):
        await asyncio.sleep(0.5)


async def _seen(server: Server, trials: int = 12) -> Figures:
    taken: list[float] = []
    for number in range(trials):
        posted = await server.post(
            "/api/v1/statuses", server.tokens[1], {"status": f"Seen {number}", "visibility": "public"}
        )
        started = time.perf_counter()
        while posted["uri"] not in {status["uri"] for status in await server.home(limit=5)}:
            assert time.perf_counter() - started < 60, "a follower never saw the post"
            await asyncio.sleep(0.003)
        taken.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(0.3)
    return Figures("published until a follower sees it", p50=median(taken), p95=max(taken), note="p95: the worst")


async def _liking(server: Server) -> Figures:
    ids = await _some_ids(server, 110)
    headers = authorised(server.tokens[0], **{"Content-Type": "application/json"})
    likes = [Request(f"/api/v1/statuses/{id_}/favourite", "POST", headers, "{}") for id_ in ids]
    warm = await drive(server.url, likes[:10], times=10, clients=1)
    await server.rest()
    count = min(max(int(SECONDS * 1000 / warm.p50), 20), 100)
    async with server.metered() as spent:
        timing = await drive(server.url, likes[10:], times=count, clients=1)
        await server.rest(4.0)
    return Figures(
        "like, with its after-work",
        cpu_ms=spent[0] / count * 1000,
        p50=timing.p50,
        p95=timing.p95,
        per_second=timing.per_second,
    )


async def _some_ids(server: Server, count: int) -> list[str]:
    """Return ids of posts of other people on the reader's home."""
    found: list[dict[str, Any]] = []
    page = await server.home()
    while page and len(found) < count:
        found += page
        page = await server.home(max_id=page[-1]["id"])
    return [status["id"] for status in found][:count]
