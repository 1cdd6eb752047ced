"""The node's log of what happened just now: one capped Redis stream that every web process follows.

An entry names what happened and to which row, never words: whoever is shown something is asked for at that moment.
One log and not one per person, because then a post costs one XADD however many people follow its author; the web
processes know who is connected to them and look up which of those it concerns. The entry's id is the id of the
event that clients get, so a client that comes back is given what the log holds behind that id.

Like all of Redis this may be lost: `publish` never fails its caller, and a reader is told when the log does not
reach back far enough. Outbox publishes, `node/stream` reads.
"""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from redis.asyncio import Redis

from node.base.cache import RedisGate

Kind = Literal["update", "status.update", "delete", "notification", "access", "mark"]
"""`access`: somebody's tokens or sessions changed; `mark`: the log begins, of interest to nobody."""

KEY: Final = "streams:{log}"
LENGTH: Final = 10_000
READ_AT_ONCE: Final = 200
BLOCK_MS: Final = 500
"""Well within the socket's own timeout (`node/base/cache.py`), also when the machine is busy."""

_ID: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """What happened: to a post, or to a notification or the access of `account_id`."""

    kind: Kind
    subject: int
    account_id: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """An event with its place in the log, such as "1700000000000-0"."""

    id: str
    event: StreamEvent


def is_event_id(text: str) -> bool:
    """Whether `text` is the id of an event."""
    return _ID.fullmatch(text) is not None


def place(event_id: str) -> tuple[int, int]:
    """Return what event ids are ordered by: milliseconds, and a number within them."""
    milliseconds, _, number = event_id.partition("-")
    return int(milliseconds), int(number)


async def publish(gate: RedisGate, *events: StreamEvent) -> bool:
    """Append events to the log; False when Redis is away: then they are seen with the next page that is loaded."""
    if not events:
        return True

    async def append(redis: Redis) -> bool:
        pipeline = redis.pipeline(transaction=False)
        for event in events:
            fields: Any = {"k": event.kind, "s": event.subject, "a": event.account_id}
            pipeline.xadd(KEY, fields, maxlen=LENGTH, approximate=True)
        await pipeline.execute()
        return True

    return bool(await gate.call(append))


async def newest(gate: RedisGate) -> str | None:
    """Return the id of the last event, beginning the log if there is none. None when Redis is away."""

    async def look(redis: Redis) -> str:
        found: Any = await redis.xrevrange(KEY, count=1)
        first: Any = found[0][0] if found else await redis.xadd(KEY, {"k": "mark", "s": 0, "a": 0})
        return str(first.decode())

    return await gate.call(look)


async def wait_for_more(gate: RedisGate, after: str) -> list[Logged] | None:
    """Return what was logged behind `after`, waiting a moment for it. None when Redis is away."""

    async def read(redis: Redis) -> list[Logged]:
        found: Any = await redis.xread({KEY: after}, count=READ_AT_ONCE, block=BLOCK_MS)
        # one pair for the one key, as a list or (RESP3) a mapping
        pairs = found.items() if isinstance(found, dict) else found or []
        return [logged for _, entries in pairs for logged in _parsed(entries)]

    return await gate.call(read)


async def reaches_back(gate: RedisGate, to: str) -> bool:
    """Whether the log still holds everything behind the event `to`."""

    async def look(redis: Redis) -> bool:
        found: Any = await redis.xrange(KEY, count=1)
        return bool(found) and place(found[0][0].decode()) <= place(to)

    return bool(await gate.call(look))


async def read_after(gate: RedisGate, after: str) -> list[Logged]:
    """Return the next events behind `after`, at most `READ_AT_ONCE`. Nothing when Redis is away."""

    async def read(redis: Redis) -> list[Logged]:
        return _parsed(await redis.xrange(KEY, min=f"({after}", count=READ_AT_ONCE))

    return await gate.call(read) or []


def _parsed(entries: Any) -> list[Logged]:
    return [
        Logged(id_.decode(), StreamEvent(fields[b"k"].decode(), int(fields[b"s"]), int(fields[b"a"])))
        for id_, fields in entries
    ]
