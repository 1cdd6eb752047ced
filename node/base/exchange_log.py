"""The last exchanges with every host, for whoever asks why (`rookery inspect`, `doctor`, /metrics).

Noting one appends to a list of this process: no I/O, some microseconds. Once a second, and when a drain ends, what
was noted goes to Redis, `AT_ONCE` lines at a time: neither the event loop nor Redis is kept from others, however many
hosts deliver. Redis and not SQL: a line is written for every delivery in and out, and SQLite has one writer, which
posting people wait for; nobody is harmed when the lines are lost. When Redis is away they are dropped: the newest
`WAITING` wait for it. All keys carry one hash tag, so the script touches one slot.

Three rings for each host, so that what anybody may make up pushes nothing out that is known:

    proven   deliveries of ours, and requests of theirs whose signature held
    asked    our fetches
    claimed  what named the host and was refused before a signature held

A ring holds `LENGTHS` lines for `KEEP_SECONDS`. Of each kind only `HOSTS` rings are kept, those with the newest
lines; a flood of made-up names so costs rings of made-up names.

Beside them: the newest signed request of a host as it was read here (`Evidence`), how many exchanges ended how
(for /metrics), and samples of other hosts' clocks and of the addresses they came from (for `doctor`).
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import orjson
import structlog
from redis.asyncio import Redis

from federation.exchanges import Exchange, clock_difference, plain_detail, plain_url
from node.base.cache import RedisGate

RINGS: Final = ("proven", "asked", "claimed")
LENGTHS: Final = {"proven": 40, "asked": 30, "claimed": 20}
HOSTS: Final = {"proven": 2_000, "asked": 2_000, "claimed": 500}
KEEP_SECONDS: Final = 7 * 24 * 3600
FLUSH_SECONDS: Final = 1.0
WAITING: Final = 2_000
AT_ONCE: Final = 50
SAMPLES: Final = 300
SAMPLE_SECONDS: Final = 24 * 3600

_PREFIX: Final = "{exchanges}"
_MAX_HOST: Final = 300
_STALE_TIMER: Final = 10.0

_KEEP = """
local ring, keep, length, hosts = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local index = KEYS[1]
for i = 5, #ARGV, 4 do
  local host, at, lines, evidence = ARGV[i], ARGV[i + 1], cjson.decode(ARGV[i + 2]), ARGV[i + 3]
  local key = index .. ':' .. host
  for _, line in ipairs(lines) do redis.call('LPUSH', key, line) end
  redis.call('LTRIM', key, 0, length - 1)
  redis.call('EXPIRE', key, keep)
  if evidence ~= '' then redis.call('SET', key .. '|signed', evidence, 'EX', keep) end
  redis.call('ZADD', index, at, host)
end
redis.call('EXPIRE', index, keep)
local surplus = redis.call('ZCARD', index) - hosts
if surplus > 0 then
  for _, host in ipairs(redis.call('ZRANGE', index, 0, surplus - 1)) do
    redis.call('DEL', index .. ':' .. host, index .. ':' .. host .. '|signed')
  end
  redis.call('ZREMRANGEBYRANK', index, 0, surplus - 1)
end
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A signed request of another host as it was read here. The signature itself is not kept: it could be replayed."""

    at: datetime
    host: str
    proven: bool
    key_id: str
    scheme: str
    signing_string: str
    """What we rebuilt and held against the signature; "" where the claim could not be read that far."""
    seen_host: str
    """The Host header that arrived here."""
    forwarded_host: str
    differs: str = ""
    """What made the signature fit when it was changed, in words; "" when nothing did or it fitted."""


@dataclass(frozen=True, slots=True)
class ClockSample:
    """How far a host's clock was ahead of ours, in seconds."""

    host: str
    ahead: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """From which address a host's verified delivery came, and whether a proxy that is not trusted lay between."""

    host: str
    source: str
    forwarded: bool
    at: datetime


class ExchangeLog:
    """Gathers exchanges of one process and reads those of all."""

    def __init__(self, gate: RedisGate) -> None:
        self._gate = gate
        self._noted: deque[tuple[Exchange, Evidence | None]] = deque(maxlen=WAITING)
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._task: asyncio.Task[None] | None = None

    def note(self, exchange: Exchange, evidence: Evidence | None = None) -> None:
        """Keep an exchange. Pictures that were fetched well are only counted: they would crowd a ring."""
        self.count(exchange.direction, exchange.kind, exchange.verdict, exchange.reason)
        if exchange.kind != "media" or exchange.verdict != "accepted":
            self._noted.append((exchange, evidence))
        now = time.monotonic()
        if self._timer is None or now > self._timer_due + _STALE_TIMER:
            with contextlib.suppress(RuntimeError):  # outside an event loop: a later flush takes it along
                self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._begin_flush)
                self._timer_due = now + FLUSH_SECONDS

    def count(self, direction: str, kind: str, verdict: str, reason: str) -> None:
        """Count an exchange that needs no line of its own."""
        self._counts[direction, kind, verdict, reason] += 1

    def _begin_flush(self) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(self.flush())

    async def flush(self) -> None:
        """Write what was noted to Redis. What cannot be written now stays for the next time, up to its bound."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pieces = range(0, max(1, len(self._noted)), AT_ONCE)
        for _ in pieces:
            if self._gate.is_shut or not (self._counts or self._noted):
                return
            noted = [self._noted.popleft() for _ in range(min(AT_ONCE, len(self._noted)))]
            counts, self._counts = self._counts, Counter()
            if await self._gate.call(partial(_write, noted=noted, counts=counts)) is None:
                self._noted = deque([*noted, *self._noted], maxlen=WAITING)
                self._counts.update(counts)
                return

    async def close(self) -> None:
        """Write the rest."""
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.flush()

    async def read(self, host: str, *, limit: int = 60) -> list[Exchange] | None:
        """Return the last exchanges with a host, newest first; None when Redis is away."""
        await self.flush()

        async def get(redis: Redis) -> list[Any]:
            async with redis.pipeline(transaction=False) as pipe:
                for ring in RINGS:
                    pipe.lrange(_key(ring, host), 0, LENGTHS[ring] - 1)
                return list(await pipe.execute())

        found = await self._gate.call(get)
        if found is None:
            return None
        exchanges = [_exchange(host, line) for ring in found for line in ring]
        return sorted(exchanges, key=lambda exchange: exchange.at, reverse=True)[:limit]

    async def read_evidence(self, host: str) -> list[Evidence]:
        """Return the last signed request of a host that held and the last that did not, newest first."""
        await self.flush()
        keys = [_key(ring, host) + "|signed" for ring in ("proven", "claimed")]
        found: list[Any] | None = await self._gate.call(lambda redis: redis.mget(keys))
        return sorted((_evidence(raw) for raw in found or [] if raw), key=lambda one: one.at, reverse=True)

    async def read_hosts(self, ring: str, *, limit: int = 100) -> list[str]:
        """Return the hosts of a ring, those with the newest exchange first."""
        await self.flush()
        found: list[Any] | None = await self._gate.call(
            lambda redis: redis.zrevrange(f"{_PREFIX}:{ring}", 0, limit - 1)
        )
        return [host.decode() for host in found or []]

    async def read_counts(self) -> dict[tuple[str, str, str, str], int]:
        """Return how often (direction, kind, verdict, reason) was the case since Redis started."""
        await self.flush()
        found: dict[Any, Any] = await self._gate.call(lambda redis: redis.hgetall(f"{_PREFIX}:counts")) or {}
        counts: dict[tuple[str, str, str, str], int] = {}
        for name, number in found.items():
            direction, kind, verdict, reason = name.decode().split("|", 3)
            counts[direction, kind, verdict, reason] = int(number)
        return counts

    async def read_clocks(self, now: datetime) -> list[ClockSample]:
        """Return the newest sample of each host's clock, of the last day."""
        samples = await self._samples("clocks", now)
        return [ClockSample(host, int(value[0]), at) for host, at, *value in samples]

    async def read_callers(self, now: datetime) -> list[Caller]:
        """Return where the newest verified delivery of each host came from, of the last day."""
        samples = await self._samples("callers", now)
        return [Caller(host, str(value[0]), bool(value[1]), at) for host, at, *value in samples]

    async def _samples(self, name: str, now: datetime) -> list[Any]:
        await self.flush()
        found: list[Any] | None = await self._gate.call(lambda redis: redis.lrange(f"{_PREFIX}:{name}", 0, SAMPLES - 1))
        newest: dict[str, Any] = {}
        for raw in found or []:
            host, seconds, *rest = orjson.loads(raw)
            at = datetime.fromtimestamp(seconds, now.tzinfo)
            if host not in newest and at > now - timedelta(seconds=SAMPLE_SECONDS):
                newest[host] = [host, at, *rest]
        return list(newest.values())


async def _write(
    redis: Redis, *, noted: list[tuple[Exchange, Evidence | None]], counts: Counter[tuple[str, str, str, str]]
) -> bool:
    rings: dict[str, dict[str, list[Exchange]]] = {}
    signed: dict[tuple[str, str], Evidence] = {}
    for exchange, evidence in noted:
        ring, host = _ring_of(exchange), exchange.host[:_MAX_HOST]
        rings.setdefault(ring, {}).setdefault(host, []).append(exchange)
        if evidence is not None:
            signed[ring, host] = evidence
    script = redis.register_script(_KEEP)
    for ring, hosts in rings.items():
        args: list[Any] = [ring, KEEP_SECONDS, LENGTHS[ring], HOSTS[ring]]
        for host, lines in hosts.items():
            kept = lines[-LENGTHS[ring] :]
            newest = signed.get((ring, host))
            args += [
                host,
                kept[-1].at.timestamp(),
                orjson.dumps([_line(line) for line in kept]),
                "" if newest is None else orjson.dumps(newest),
            ]
        await script(keys=[f"{_PREFIX}:{ring}"], args=args)
    async with redis.pipeline(transaction=False) as pipe:
        for name, number in counts.items():
            pipe.hincrby(f"{_PREFIX}:counts", "|".join(name), number)
        exchanges = [exchange for exchange, _ in noted]
        _sample(pipe, "clocks", _clock_samples(exchanges))
        _sample(pipe, "callers", _caller_samples(exchanges))
        await pipe.execute()
    return True


def _sample(pipe: Any, name: str, samples: Iterable[list[Any]]) -> None:
    lines = [orjson.dumps(sample) for sample in samples]
    if lines:
        pipe.lpush(f"{_PREFIX}:{name}", *lines)
        pipe.ltrim(f"{_PREFIX}:{name}", 0, SAMPLES - 1)
        pipe.expire(f"{_PREFIX}:{name}", SAMPLE_SECONDS)


def _clock_samples(noted: Iterable[Exchange]) -> Iterable[list[Any]]:
    """One a host: only answers to our own requests, whose moment we know."""
    newest = {one.host: one for one in noted if one.direction == "out" and one.date}
    for host, one in newest.items():
        ahead = clock_difference(one.date, one.at)
        if ahead is not None:
            yield [host, int(one.at.timestamp()), ahead]


def _caller_samples(noted: Iterable[Exchange]) -> Iterable[list[Any]]:
    newest = {one.host: one for one in noted if one.direction == "in" and one.proven and one.source}
    for host, one in newest.items():
        yield [host, int(one.at.timestamp()), one.source, one.forwarded]


def _ring_of(exchange: Exchange) -> str:
    if not exchange.proven:
        return "claimed"
    return "asked" if exchange.direction == "out" and exchange.kind != "delivery" else "proven"


def _key(ring: str, host: str) -> str:
    return f"{_PREFIX}:{ring}:{host[:_MAX_HOST]}"


_STORED: Final = tuple(field.name for field in fields(Exchange) if field.name not in {"host", "at"})


def _line(exchange: Exchange) -> str:
    values = [getattr(exchange, name) for name in _STORED]
    values[_STORED.index("url")] = plain_url(exchange.url)
    values[_STORED.index("detail")] = plain_detail(exchange.detail)
    return orjson.dumps([exchange.at.isoformat(), *values]).decode()


def _exchange(host: str, line: bytes) -> Exchange:
    at, *values = orjson.loads(line)
    return Exchange(at=datetime.fromisoformat(at), host=host, **dict(zip(_STORED, values, strict=True)))


def _evidence(raw: bytes) -> Evidence:
    values = orjson.loads(raw)
    return Evidence(**{**values, "at": datetime.fromisoformat(values["at"])})
