"""What was noted lately, in Redis: buckets of five minutes and of an hour, and the people of each hour.

A bucket is a hash of "subject:language" to one number: posts times 2^32, plus what their people weigh (`WHOLE`).
A person adds their weight to a subject once an hour (the HyperLogLog of that subject and hour says whether they are
new), a post, like or boost adds one for its id (a set of the hour remembers them). So an event that is replayed
doubles nothing. Buckets go by the time inside the id, not by when it was heard of.

A tally of the buckets chooses who is looked at closely; what is shown is then counted exactly, from rows. Nothing here
needs to be kept: `whole` is a mark that is gone with everything else, and then the buckets are filled anew.
Every key carries the same hash tag, so the scripts work on a cluster.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from redis.asyncio import Redis

from node.base.caches import Caches
from node.base.ids import time_of
from node.trends.boards import FADES, STRANGER
from node.trends.queries import Note
from node.trends.rules import KINDS, LONGEST, POSTS_LONGER, Kind
from node.trends.trust import Trust

SLOT: Final = 300
"""Seconds of a small bucket."""
HOUR: Final = 3_600
SLOTS: Final = HOUR // SLOT
"""Small buckets that are read: those of the last hour. What stands there counts twice, being fresh."""
HOURS: Final = LONGEST // timedelta(hours=1)
KEPT: Final = HOURS * HOUR * POSTS_LONGER + 2 * HOUR
"""Seconds a bucket of an hour is kept."""
SEEN_KEPT: Final = 3 * HOUR
"""Seconds for which a replayed event is known. Later it may add one to a tally, never a person twice."""
UNIT: Final = 1 << 32
WHOLE: Final = 100_000
"""What somebody weighs in whom people here trust fully: a stranger weighs one."""
CHUNK: Final = 500
"""Notes of one script, which holds up everybody else for some milliseconds."""
COUNTED_AT_ONCE: Final = 50

_TAG: Final = "{trends}"
_WHOLE: Final = f"{_TAG}:whole"

_NOTE: Final = """
local width = 4
for place = 0, #KEYS / 5 - 1 do
  local key, word = place * 5, 2 + place * width
  local added = 0
  if redis.call('SADD', KEYS[key + 1], ARGV[word + 1]) == 1 then
    redis.call('EXPIRE', KEYS[key + 1], ARGV[2])
    added = 4294967296
  end
  if redis.call('PFADD', KEYS[key + 2], ARGV[word + 2]) == 1 then
    redis.call('EXPIRE', KEYS[key + 2], ARGV[1])
    added = added + tonumber(ARGV[word + 3])
  end
  if added > 0 then
    added = string.format('%.0f', added)
    redis.call('HINCRBY', KEYS[key + 3], ARGV[word + 4], added)
    redis.call('EXPIRE', KEYS[key + 3], ARGV[1])
    redis.call('HINCRBY', KEYS[key + 4], ARGV[word + 4], added)
    redis.call('EXPIRE', KEYS[key + 4], ARGV[2])
    redis.call('HINCRBY', KEYS[key + 5], string.match(KEYS[key + 3], '%d+$'), 1)
    redis.call('EXPIRE', KEYS[key + 5], ARGV[1])
  end
end
return #KEYS
"""
_COUNT: Final = """
local found, hours = {}, tonumber(ARGV[1])
for first = 1, #KEYS, hours do
  found[#found + 1] = redis.call('PFCOUNT', unpack(KEYS, first, first + hours - 1))
end
return found
"""


async def note(redis: Redis, notes: Sequence[Note], trust: Trust, now: datetime) -> bool:
    """Put notes into their buckets; those too old for any are left out. Always True. Raises RedisError."""
    script = redis.register_script(_NOTE)
    oldest = int(now.timestamp()) - KEPT + HOUR
    timed = [(one, int(time_of(one.item).timestamp())) for one in notes]
    fresh = [(one, at) for one, at in timed if at >= oldest]
    for start in range(0, len(fresh), CHUNK):
        keys: list[str] = []
        words: list[str | int] = [KEPT, SEEN_KEPT]
        for one, at in fresh[start : start + CHUNK]:
            hour = at // HOUR
            keys += (
                f"{_TAG}:seen:{hour}",
                _people_key(one.kind, one.subject_id, hour),
                _hour_key(one.kind, hour),
                _slot_key(one.kind, at // SLOT),
                _changes_key(one.kind),
            )
            words += (
                f"{one.kind}:{one.subject_id}:{one.item}",
                one.account_id,
                round(max(trust.of.get(one.account_id, 0.0), STRANGER) * WHOLE),
                f"{one.subject_id}:{one.language}",
            )
        await script(keys=keys, args=words)
    return True


async def is_whole(redis: Redis) -> bool:
    """Say whether the buckets hold what they should: not after Redis was emptied. Raises RedisError."""
    return bool(await redis.exists(_WHOLE))


async def say_whole(redis: Redis) -> None:
    """Say that the buckets were filled. Raises RedisError."""
    await redis.set(_WHOLE, b"1")


async def say_not_whole(redis: Redis) -> None:
    """Say that something is missing. Raises RedisError."""
    await redis.delete(_WHOLE)


async def read_weights(redis: Redis, caches: Caches, kind: Kind, now: datetime) -> dict[str, dict[int, float]]:
    """Return what the notes of a kind weigh, by language and subject. Raises RedisError.

    The buckets of past hours seldom change: this process keeps them, and asks only which did.
    """
    seconds = int(now.timestamp())
    span = HOURS * (POSTS_LONGER if kind == "posts" else 1)
    hours = range(seconds // HOUR, seconds // HOUR - span - 1, -1)
    changes = {int(hour): int(count) for hour, count in (await redis.hgetall(_changes_key(kind))).items()}
    cache = caches.get("trend_buckets", size=len(KINDS) * (HOURS * POSTS_LONGER + 2), seconds=KEPT)
    found: dict[str, dict[int, float]] = {}
    for hour in hours:
        if hour not in changes:
            continue
        kept = cache.get((kind, hour))
        if kept is None or kept[0] != changes[hour]:
            kept = (changes[hour], _read(await redis.hgetall(_hour_key(kind, hour))))
            cache.put((kind, hour), kept)
        age = timedelta(seconds=max(0, seconds - hour * HOUR - HOUR // 2))
        _add(found, kept[1], 0.5 ** (age / FADES))
    for slot in range(seconds // SLOT, seconds // SLOT - SLOTS, -1):
        _add(found, _read(await redis.hgetall(_slot_key(kind, slot))), 1.0)
    return found


async def count_people(redis: Redis, kind: Kind, ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Return about how many people took each of these up, in the hours that are kept. Raises RedisError."""
    hour = int(now.timestamp()) // HOUR
    span = HOURS * (POSTS_LONGER if kind == "posts" else 1)
    found: dict[int, int] = {}
    script = redis.register_script(_COUNT)
    for start in range(0, len(ids), COUNTED_AT_ONCE):
        asked = ids[start : start + COUNTED_AT_ONCE]
        keys = [_people_key(kind, id_, hour - back) for id_ in asked for back in range(span + 1)]
        found |= dict(zip(asked, await script(keys=keys, args=[span + 1]), strict=True))
    return found


def _read(bucket: Mapping[Any, Any]) -> list[tuple[str, int, float]]:
    found = []
    for name, value in bucket.items():
        subject, _, language = name.partition(b":")
        number = int(value)
        # Of what weighs nothing yet, more posts come first.
        found.append((language.decode(), int(subject), number % UNIT / WHOLE + (number // UNIT) * 1e-9))
    return found


def _add(found: dict[str, dict[int, float]], bucket: Sequence[tuple[str, int, float]], factor: float) -> None:
    for language, subject, weight in bucket:
        of_language = found.get(language)
        if of_language is None:
            of_language = found[language] = {}
        of_language[subject] = of_language.get(subject, 0.0) + weight * factor


def _hour_key(kind: Kind, hour: int) -> str:
    return f"{_TAG}:{kind}:hour:{hour}"


def _slot_key(kind: Kind, slot: int) -> str:
    return f"{_TAG}:{kind}:slot:{slot}"


def _people_key(kind: Kind, subject_id: int, hour: int) -> str:
    return f"{_TAG}:people:{kind}:{subject_id}:{hour}"


def _changes_key(kind: Kind) -> str:
    return f"{_TAG}:{kind}:changes"


async def forget_old(redis: Redis, now: datetime) -> None:
    """Drop from the list of changes what is too old to be read. Raises RedisError."""
    oldest = int(now.timestamp()) // HOUR - KEPT // HOUR
    for kind in KINDS:
        key = _changes_key(kind)
        names: list[Any] = [hour for hour in await redis.hkeys(key) if int(hour) < oldest]
        if names:
            await redis.hdel(key, *names)
