"""Home timelines in Redis: one capped list of post ids per person, `home:{shard}:account`.

A list that exists is complete down to its last entry; a list that does not exist is rebuilt from SQL by whoever
reads next. Everything follows from that:

* A push is LPUSHX: it never creates a list, so nobody ever has a list with a hole below it.
* A rebuild first creates the list with the marker `-1`, then reads SQL, then puts the ids behind whatever was
  pushed meanwhile and takes the marker out. A post that commits between the SELECT and the write is pushed into
  the marked list and not lost. A list with the marker is not read. A builder that dies leaves a marked list that
  expires within `BUILD_SECONDS`.
* A list lives `HOME_SECONDS` after its last read, which is less than the shortest activity window of the tiers
  (24 h): whoever has a list was active recently enough to have been pushed everything.
* Pushing twice is harmless: order and uniqueness are made at read. So the fan-out may be repeated at will.

Scripts run once per chunk of keys (230 000 pushes a second measured against 49 000 with pipelined ZADD, and a
tenth of the memory). A chunk holds keys of many people. On a Redis Cluster a script touches one slot only: so a
list's hash tag is one of `SHARDS`, and a chunk is one script for each shard that is in it.
"""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis

from node.base.cache import in_slots

HOME_SECONDS = 20 * 3600
BUILD_SECONDS = 30
CHUNK = 1000
SHARDS = 256
AT_ONCE = 32

_READ = """
local entries = redis.call('LRANGE', KEYS[1], 0, -1)
if #entries == 0 or entries[#entries] == '-1' then return {} end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return entries
"""

_PUSH = """
local pushed = 0
local cap = tonumber(ARGV[2])
for i = 1, #KEYS do
  local length = redis.call('LPUSHX', KEYS[i], ARGV[1])
  if length > 0 then
    pushed = pushed + 1
    if length > cap then redis.call('LTRIM', KEYS[i], 0, cap - 1) end
  end
end
return pushed
"""

_BEGIN = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('RPUSH', KEYS[1], '-1')
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""

_FINISH = """
if redis.call('LREM', KEYS[1], 0, '-1') == 0 then return 0 end
for i = 3, #ARGV do redis.call('RPUSH', KEYS[1], ARGV[i]) end
redis.call('LTRIM', KEYS[1], 0, tonumber(ARGV[2]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""


def home_key(account_id: int) -> str:
    """Return the key of a person's list. The tag is made of the milliseconds in the id: its last bits are mostly 0."""
    return f"home:{{{(account_id >> 21) % SHARDS}}}:{account_id}"


async def push(redis: Redis, account_ids: Sequence[int], post_id: int, *, cap: int) -> int:
    """Push a post onto the lists that exist and return how many those were. Raises RedisError."""
    script = redis.register_script(_PUSH)
    pushed = 0
    for start in range(0, len(account_ids), CHUNK):
        keys = [home_key(account_id) for account_id in account_ids[start : start + CHUNK]]
        groups = in_slots(redis, keys)
        for first in range(0, len(groups), AT_ONCE):
            some = groups[first : first + AT_ONCE]
            pushed += sum(await asyncio.gather(*(script(keys=group, args=[post_id, cap]) for group in some)))
    return pushed


async def read(redis: Redis, account_id: int) -> list[int] | None:
    """Return the ids of a list as they lie there, or None when there is none to be read. Raises RedisError."""
    entries = await redis.register_script(_READ)(keys=[home_key(account_id)], args=[HOME_SECONDS])
    return [int(entry) for entry in entries] or None


async def begin(redis: Redis, account_id: int) -> bool:
    """Mark a list as being built; False when it exists or somebody else is at it. Raises RedisError."""
    return bool(await redis.register_script(_BEGIN)(keys=[home_key(account_id)], args=[BUILD_SECONDS]))


async def finish(redis: Redis, account_id: int, ids: Sequence[int], *, cap: int) -> None:
    """Put `ids`, newest first, behind what was pushed meanwhile, and open the list for reading. Raises RedisError.

    An empty home keeps its key with the id 0, which no post has.
    """
    await redis.register_script(_FINISH)(keys=[home_key(account_id)], args=[HOME_SECONDS, cap, *(ids or [0])])


async def forget(redis: Redis, account_ids: Sequence[int]) -> int:
    """Drop lists, which the next read rebuilds, and return how many there were. Raises RedisError."""
    dropped = 0
    for start in range(0, len(account_ids), CHUNK):
        chunk = account_ids[start : start + CHUNK]
        dropped += int(await redis.delete(*(home_key(account_id) for account_id in chunk)))
    return dropped


async def forget_all(redis: Redis) -> int:
    """Drop every list (after a Redis came back with old data) and return how many. Raises RedisError."""
    dropped = 0
    async for key in redis.scan_iter(match="home:{*}:*", count=1000):
        dropped += int(await redis.delete(key))
    return dropped
