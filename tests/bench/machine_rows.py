"""What the machine itself can do, measured in the same run: no row of the node can be better than these."""

import asyncio
import contextlib
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from admin.python_build import describe
from federation.keys import generate_rsa_key
from federation.signatures import SigningKey, sign_request
from node.base.runtime import Runtime
from tests.bench.load import Request, drive
from tests.bench.pace import bare_hypercorn
from tests.bench.stage import Stage
from tests.bench.table import Row

TIMES = 1_000


async def machine(stage: Stage, runtime: Runtime) -> list[Row]:
    """The machine itself: RSA, Redis, and a server that does nothing"""
    sign_ms = _sign_ms()
    redis = runtime.gate.redis
    times = []
    started = time.perf_counter()
    for _ in range(2 * TIMES):
        at = time.perf_counter()
        await redis.ping()
        times.append((time.perf_counter() - at) * 1000)
    trips = 2 * TIMES / (time.perf_counter() - started)
    started = time.perf_counter()
    for _ in range(20):
        async with redis.pipeline(transaction=False) as pipe:
            for number in range(TIMES):
                pipe.set(f"bench:{{{number % 100}}}", number, ex=60)
            await pipe.execute()
    piped = 20 * TIMES / (time.perf_counter() - started)
    async with bare_hypercorn() as bare:
        before = bare.cpu_seconds()
        answered = await drive(bare.url, [Request("/")], times=TIMES, clients=4)
        spent = (bare.cpu_seconds() - before) / TIMES * 1000
    commits = await asyncio.to_thread(_sqlite_commits, stage.settings.data_dir / "bench.sqlite3")
    return [
        Row("Python", describe(), "limit of all of ours"),
        Row("signing a request (RSA-2048)", f"{sign_ms:.2f} ms CPU, {1000 / sign_ms:.0f}/s", "limit of delivery"),
        Row(
            "Redis: round trips of one client",
            f"{trips:,.0f}/s, p50 {sorted(times)[len(times) // 2]:.3f} ms",
            "limit of reads",
        ),
        Row("Redis: writes in a pipeline", f"{piped:,.0f}/s", "limit of fan-out without scripts"),
        Row("SQLite: transactions of one writer", f"{commits:,.0f}/s", "limit of writes on SQLite"),
        Row(
            "bare Hypercorn, 7 kB of JSON: CPU a request",
            f"{spent:.2f} ms, {answered.per_second:.0f}/s",
            "limit of every request",
        ),
    ]


def _sqlite_commits(path: Path) -> float:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=NORMAL")
        raw.execute("DROP TABLE IF EXISTS written")
        raw.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, words TEXT)")
        started = time.perf_counter()
        for number in range(2 * TIMES):
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("INSERT INTO written VALUES (?, ?)", (number, "rooks " * 20))
            raw.execute("COMMIT")
        return 2 * TIMES / (time.perf_counter() - started)


def _sign_ms() -> float:
    private, _ = generate_rsa_key()
    key = SigningKey("http://127.0.0.1/k", private)
    spent = time.process_time()
    for _ in range(300):
        sign_request("POST", "http://127.0.0.1/inbox", key=key, body=b"{}", now=datetime.now(UTC))
    return (time.process_time() - spent) / 300 * 1000
