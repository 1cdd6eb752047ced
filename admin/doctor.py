"""`rookery doctor`: what an operator would check by hand, in one go, each with its verdict and what to do.

Settings, data folder, Python, database and its revision, Redis, processes, lanes, hosts, our clock and the proxy before
us as other servers' exchanges show them, and whether the node's own address answers. A check never changes anything.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Literal

import httpx

from admin.condition import ReplicaState, examine, find_problems, look_at_replica
from admin.explaining import NOT_PREPARED, is_missing
from admin.inspection.inquiry import span
from admin.inspection.reach import typical_difference
from admin.migrate import head_revision
from admin.python_build import describe, is_optimised
from admin.queries import find_revision
from node.base.errors import Unavailable
from node.base.exchange_log import Caller, ClockSample
from node.base.runtime import Runtime, running
from node.base.settings import Settings
from node.http.proxies import is_trusted, parse_address
from node.media.films import has_engine

FEW_CLOCKS: Final = 3
CLOCK_SECONDS: Final = 60
BAD_CLOCK_SECONDS: Final = 300
FEW_CALLERS: Final = 3
ON_LINES_OF_THEIR_OWN: Final = ("Redis", "The database's replica")
TAKES_NO_WRITES: Final = ("OutOfMemoryError", "ReadOnlyError")

Verdict = Literal["good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its verdict, what was seen, and what to do if it is not good."""

    name: str
    verdict: Verdict
    seen: str
    advice: str = ""


async def check_up(settings: Settings) -> list[Check]:
    """Examine the node and return every check."""
    return [check async for check in _checks(settings)]


async def _checks(settings: Settings) -> AsyncIterator[Check]:
    yield Check("settings", "good", f"public_url {settings.public_url}, handles @name@{settings.domain}")
    for check in risky_settings(settings):
        yield check
    yield check_data_dir(settings)
    yield check_python()
    yield check_media()
    async with running(settings) as runtime:
        database = await check_database(runtime)
        yield database
        yield await check_redis(runtime)
        if runtime.queues is not runtime.gate:
            yield await check_cluster(runtime)
        if runtime.replica is not None:
            yield check_replica(await look_at_replica(runtime.replica))
        if database.verdict == "good":
            condition = await examine(runtime)
            problems = [
                p for p in find_problems(condition) if not p.summary.startswith(("Redis", "The database's replica"))
            ]
            for problem in problems:
                yield Check("node", "warning", problem.summary, problem.advice)
            if not problems:
                waiting = sum(lane.waiting for lane in condition.lanes)
                yield Check("node", "good", f"nothing is late, {waiting} rows wait, {len(condition.hosts)} hosts fail")
        now = runtime.now()
        yield check_clock(await runtime.exchanges.read_clocks(now))
        yield check_proxy(settings, await runtime.exchanges.read_callers(now))
    yield await check_own_address(settings)


def risky_settings(settings: Settings) -> list[Check]:
    """Return warnings about settings that are allowed but seldom meant."""
    found = []
    if settings.insecure_peers:
        found.append(Check("settings", "warning", "insecure_peers is set", "Only for development and tests: unset it."))
    if not settings.secure:
        found.append(
            Check(
                "settings",
                "warning",
                "public_url is http",
                "Other servers will not federate with it; ids cannot be changed later, so settle on https first.",
            )
        )
    if not settings.rate_limits:
        found.append(Check("settings", "warning", "rate_limits is off", "Turn it on before strangers can reach you."))
    return found


def check_data_dir(settings: Settings) -> Check:
    """Look at the data folder."""
    folder = settings.data_dir.absolute()
    if not folder.is_dir():
        return Check("data folder", "bad", f"{folder} does not exist", "Run `rookery up` or `rookery migrate`.")
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        return Check("data folder", "warning", f"others may enter {folder} ({mode:o})", f"chmod 700 {folder}")
    return Check("data folder", "good", str(folder))


def check_python() -> Check:
    """Look whether this Python is as fast as it could be."""
    if is_optimised():
        return Check("python", "good", describe())
    return Check(
        "python",
        "warning",
        describe(),
        "It needs a quarter to a half more CPU for the same. Use your distribution's Python (delete .venv, `make run`),"
        " or compile it with --enable-optimizations.",
    )


def check_media() -> Check:
    """Look whether uploads of video and audio can be read."""
    if not has_engine():
        return Check(
            "media", "warning", "pictures only: no video or audio", "Install PyAV where it exists for your machine."
        )
    return Check("media", "good", f"pictures, video and audio (PyAV {version('av')})")


async def check_database(runtime: Runtime) -> Check:
    """Look whether the database answers and is at the revision of this version."""
    from sqlalchemy.exc import DBAPIError

    if is_missing(runtime.settings):
        return Check("database", "bad", "is not there", NOT_PREPARED)
    head = head_revision()
    try:
        async with runtime.read() as reader:
            current = await find_revision(reader)
    except (Unavailable, DBAPIError, OSError):
        return Check("database", "bad", "cannot be read", "Check database_url; then run `rookery migrate`.")
    if current != head:
        return Check("database", "bad", f"is at revision {current}, needs {head}", "Run `rookery migrate`.")
    return Check("database", "good", f"{runtime.database.dialect}, revision {current}")


async def check_redis(runtime: Runtime) -> Check:
    """Look whether the Redis of the queues answers and takes writes."""
    if await runtime.queues.takes_writes():
        return Check("redis", "good", "answers")
    advice = "Start it, or `rookery up`. Everything goes on meanwhile, slower and without limits on calls."
    if runtime.queues.reason in TAKES_NO_WRITES:
        advice = (
            "It runs but is full, or a replica: see its maxmemory and role. It counts as away until it takes writes."
        )
    return Check("redis", "warning", f"does not answer as it should ({runtime.queues.reason})", advice)


async def check_cluster(runtime: Runtime) -> Check:
    """Look whether the cluster of timelines and caches is whole."""
    nodes: Any = await runtime.gate.call(lambda redis: redis.info("memory")) or {}
    if nodes and await runtime.gate.takes_writes():
        return Check("redis cluster", "good", f"{len(nodes)} nodes answer")
    seen = f"does not answer as it should ({runtime.gate.reason or 'no node'})"
    return Check(
        "redis cluster", "warning", seen, "See `redis-cli cluster info`. Timelines are read from SQL meanwhile."
    )


def check_replica(state: ReplicaState) -> Check:
    """Say whether timelines and profiles are read from the replica."""
    if state.problem:
        return Check(
            "replica",
            "warning",
            state.problem,
            "Everybody reads from the primary meanwhile. See the replica's log and pg_stat_replication.",
        )
    return Check("replica", "good", f"follows the primary, {state.lag or 0:.1f} s behind at most")


def check_clock(samples: Sequence[ClockSample]) -> Check:
    """Compare our clock with those of the servers we asked during the last day (SIG-7)."""
    if len(samples) < FEW_CLOCKS:
        return Check("clock", "good", f"{len(samples)} other servers were asked lately, too few to compare with")
    ahead = typical_difference(samples)
    agreeing = sum(abs(sample.ahead - ahead) <= CLOCK_SECONDS for sample in samples)
    if abs(ahead) <= CLOCK_SECONDS or agreeing * 2 < len(samples):
        return Check("clock", "good", f"agrees with most of {len(samples)} other servers")
    seen = f"{span(ahead)} {'behind' if ahead > 0 else 'ahead of'} {agreeing} of {len(samples)} other servers"
    return Check(
        "clock",
        "bad" if abs(ahead) >= BAD_CLOCK_SECONDS else "warning",
        seen,
        "Run NTP (chrony, systemd-timesyncd): with a wrong clock signatures are refused in both directions.",
    )


def check_proxy(settings: Settings, callers: Sequence[Caller]) -> Check:
    """Look whether a proxy that is not trusted hides who calls: all senders then share its address (row 15)."""
    hidden = [caller for caller in callers if caller.forwarded]
    by_source = Counter(caller.source for caller in hidden)
    for source, hosts in by_source.most_common():
        address = parse_address(source)
        if is_trusted(address, settings.trusted_proxies):
            continue
        if hosts >= FEW_CALLERS or (address is not None and not address.is_global):
            return Check(
                "proxy",
                "warning",
                f"deliveries of {hosts} {'server' if hosts == 1 else 'servers'} came from {source}, a proxy that is "
                "not believed: everybody shares its address in limits and logs",
                f"If it is yours: ROOKERY_TRUSTED_PROXIES={source} (and whatever is trusted already).",
            )
    trusted = ", ".join(map(str, settings.trusted_proxies)) or "none"
    return Check("proxy", "good", f"no proxy hides who calls (trusted: {trusted})")


async def check_own_address(settings: Settings) -> Check:
    """Ask the node's own public address for NodeInfo, as another server would."""
    url = f"{settings.public_url}/.well-known/nodeinfo"
    advice = "Check DNS, the proxy and the certificate; other servers see the same."
    try:
        async with httpx.AsyncClient(timeout=5, follow_redirects=False, trust_env=False) as client:
            response = await client.get(url)
    except httpx.HTTPError as error:
        return Check("own address", "warning", f"{url}: {type(error).__name__}", advice)
    if response.status_code != 200:
        return Check("own address", "warning", f"{url} answers {response.status_code}", advice)
    return Check("own address", "good", f"{url} answers")
