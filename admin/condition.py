"""The condition of a node, gathered once and shown three times: overview page, /metrics, `rookery doctor`.

`examine` asks the database, Redis and the disk; `find_problems` is pure and says what needs a person.
"""

import asyncio
import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from admin.presence import Presence, list_processes
from admin.queries import (
    Counts,
    FailingHost,
    LaneFigures,
    count_everything,
    list_failing_hosts,
    list_lane_figures,
)
from node.base.db.replica import Replica
from node.base.runtime import Runtime
from node.pulls.queries import count_pulls
from node.search.condition import SearchCondition, look_at_search
from node.trends.queries import NO_TICK, TickFacts, read_tick_facts

LATE_SECONDS = 120.0
"""A lane whose oldest due row is older than this has nobody who serves it, or too few."""
LOW_DISK_SHARE = 0.05
LOOKING_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes: free and total where the data is, and what database and media take."""

    free: int
    total: int
    database: int
    media: int


@dataclass(frozen=True, slots=True)
class RedisState:
    """Whether Redis answers and how many bytes it uses."""

    is_up: bool
    memory: int | None


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """Whether the replica is read from: `problem` is "" while it is. `lag` in seconds, None when nothing is known.

    `reads` and `refused` count this process's reads that went to it, and those that had to go to the primary.
    """

    problem: str
    lag: float | None
    reads: int
    refused: int


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything an operator asks first. `processes` is None when Redis, which knows them, is away."""

    lanes: list[LaneFigures]
    hosts: list[FailingHost]
    processes: list[Presence] | None
    disk: Disk
    redis: RedisState
    counts: Counts
    search: SearchCondition
    replica: ReplicaState | None = None
    """None where none is configured."""
    pulls: Mapping[str, int] = field(default_factory=dict)
    """Pulled accounts by how their last turn ended."""
    trends: TickFacts = NO_TICK


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that needs a person, and what to do about it."""

    summary: str
    advice: str


async def examine(runtime: Runtime) -> Condition:
    """Gather the condition of the node."""
    now = runtime.now()
    async with runtime.read() as reader:
        lanes = await list_lane_figures(reader, now)
        hosts = await list_failing_hosts(reader, now)
        counts = await count_everything(reader, now)
        pulls = await count_pulls(reader)
        trends = await read_tick_facts(reader)
    return Condition(
        lanes=lanes,
        hosts=hosts,
        processes=await list_processes(runtime.queues),
        disk=await asyncio.to_thread(measure_disk, runtime.settings.data_dir, runtime.settings.media_dir),
        redis=await _look_at_redis(runtime),
        counts=counts,
        replica=await look_at_replica(runtime.replica) if runtime.replica else None,
        pulls=pulls,
        trends=trends,
        search=await look_at_search(runtime),
    )


async def _look_at_redis(runtime: Runtime) -> RedisState:
    facts: dict[str, Any] | None = await runtime.gate.call(lambda redis: redis.info("memory"))
    if facts is None or not await runtime.gate.takes_writes() or not await runtime.queues.takes_writes():
        return RedisState(False, None)
    nodes = [facts] if "used_memory" in facts else list(facts.values())  # a cluster answers by node
    return RedisState(True, sum(int(node["used_memory"]) for node in nodes))


async def look_at_replica(replica: Replica) -> ReplicaState:
    """Ask how far the replica is; where nobody looked before, until it has caught up or a moment is over."""
    until = time.monotonic() + LOOKING_SECONDS
    await replica.look()
    while replica.problem and time.monotonic() < until:
        await asyncio.sleep(0.1)
        await replica.look()
    lag = replica.lag
    return ReplicaState(replica.problem, lag if math.isfinite(lag) else None, replica.reads, replica.refused)


def measure_disk(data_dir: Path, media_dir: Path) -> Disk:
    """Measure the disk under `data_dir`. Walks the media folder: not for every request."""
    place = data_dir if data_dir.exists() else Path.cwd()
    usage = shutil.disk_usage(place)
    database = sum(path.stat().st_size for path in place.glob("rookery.sqlite3*"))
    return Disk(usage.free, usage.total, database, _size_of(media_dir))


def _size_of(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:  # removed while we looked
                continue
    return total


def find_problems(condition: Condition) -> list[Problem]:
    """Return what needs a person, the gravest first."""
    problems = []
    if not condition.redis.is_up:
        problems.append(
            Problem(
                "Redis does not answer, or takes no writes.",
                "Everything goes on, slower and without limits on calls. Start it again; if it runs, it may be full.",
            )
        )
    if condition.replica is not None and condition.replica.problem:
        problems.append(
            Problem(
                f"The database's replica {condition.replica.problem}.",
                "Everybody reads from the primary until it is well. Look at its log and at pg_stat_replication.",
            )
        )
    if condition.processes is not None:
        kinds = {process.title.removeprefix("rookery: ").partition(" ")[0] for process in condition.processes}
        problems += [
            Problem(f"No {kind} process is running.", f"Start one with `rookery {kind}`, or all with `rookery up`.")
            for kind in ("worker", "scheduler")
            if kind not in kinds
        ]
    problems += [
        Problem(
            f"The lane {lane.name} is {_minutes(lane.oldest_seconds)} behind ({lane.waiting} waiting).",
            "Start another worker for it (`rookery worker --lanes "
            f"{lane.name}`), or look into the log for what holds it up.",
        )
        for lane in condition.lanes
        if lane.oldest_seconds is not None and lane.oldest_seconds > LATE_SECONDS
    ]
    problems += [
        Problem(
            f"{lane.failed} {'row' if lane.failed == 1 else 'rows'} of the lane {lane.name} gave up.",
            "The log says why (look for `parked`). They stay until somebody looks at them.",
        )
        for lane in condition.lanes
        if lane.failed
    ]
    if condition.search.is_broken:
        problems.append(
            Problem(
                f"Some posts are not found: {condition.search.engine.problem}.",
                "A worker builds the index anew by itself; `rookery search status` shows how far it is.",
            )
        )
    if condition.disk.free < condition.disk.total * LOW_DISK_SHARE:
        problems.append(
            Problem("The disk is nearly full.", "Make room: without it nothing can be stored, not even a post.")
        )
    return problems


def _minutes(seconds: float | None) -> str:
    minutes = int((seconds or 0) // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def as_data(condition: Condition, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the condition as plain data, for JSON."""
    from dataclasses import asdict

    return {**asdict(condition), "problems": [asdict(problem) for problem in problems]}
