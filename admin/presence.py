"""Which processes of the node are alive: each tells Redis every few seconds, the admin pages and `doctor` read it.

A hash with one field a process; what was not renewed for `GONE_SECONDS` does not count. Only for eyes: nothing
depends on it, and without Redis nobody is listed.
"""

import os
import socket
import time
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from node.base.cache import RedisGate

KEY = "{rookery}:processes"
RENEW_SECONDS = 10.0
GONE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Presence:
    """One living process. `memory` is its resident size in bytes, 0 where the system does not say."""

    title: str
    host: str
    pid: int
    started_at: float
    seen_at: float
    memory: int


_started_at = time.time()


def _resident_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def entry(title: str, *, started_at: float | None = None) -> tuple[str, bytes]:
    """Return field and value that say this process is alive now."""
    presence = Presence(
        title=title,
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=_started_at if started_at is None else started_at,
        seen_at=time.time(),
        memory=_resident_bytes(),
    )
    return f"{presence.host}:{presence.pid}", orjson.dumps(asdict(presence))


async def announce(gate: RedisGate, title: str, *, started_at: float) -> None:
    """Tell Redis that this process is alive."""
    field, value = entry(title, started_at=started_at)

    async def put(redis: Any) -> None:
        await redis.hset(KEY, field, value)

    await gate.call(put)


async def withdraw(gate: RedisGate) -> None:
    """Tell Redis that this process is leaving."""
    field, _ = entry("")

    async def drop(redis: Any) -> None:
        await redis.hdel(KEY, field)

    await gate.call(drop)


async def list_processes(gate: RedisGate) -> list[Presence] | None:
    """Return the living processes by title, or None without Redis. Forgets the dead."""
    found: dict[Any, Any] | None = await gate.call(lambda redis: redis.hgetall(KEY))
    if found is None:
        return None
    alive: list[Presence] = []
    dead: list[Any] = []
    now = time.time()
    for field, value in found.items():
        presence = Presence(**orjson.loads(value))
        if now - presence.seen_at > GONE_SECONDS:
            dead.append(field)
        else:
            alive.append(presence)
    if dead:
        await gate.call(lambda redis: redis.hdel(KEY, *dead))
    return sorted(alive, key=lambda presence: (presence.title, presence.host, presence.pid))
