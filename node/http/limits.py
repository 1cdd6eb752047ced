"""Token buckets in Redis: how much one person, token or address may ask for (client-api behaviour 16).

A bucket holds `count` tokens and refills evenly over `seconds`. One script call looks at all buckets a request
must pay into and takes from each, or from none. With Redis away there are no limits: they protect the node from
floods, and nobody may be locked out because a cache is gone. `settings.rate_limits = false` switches them off.

The doors call `spend`; the API's `before_request` in `principals` pays for every API request.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from redis.exceptions import NoScriptError

from node.base.errors import TooManyRequests
from node.base.runtime import Runtime

H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` uses in `seconds`, evenly."""

    name: str
    count: int
    seconds: int


ADDRESS = Limit("address", 300, 300)
MEDIA = Limit("media", 30, 1_800)
DELETES = Limit("deletes", 30, 1_800)
SIGN_UP = Limit("sign-up", 5, 1_800)
CONFIRMATIONS = Limit("confirmations", 5, 1_800)
"""Letters that confirm an address, asked for again."""
APPS = Limit("apps", 5, 600)
"""Apps that register themselves, by address."""
SIGN_IN_ADDRESS = Limit("sign-in-address", 25, 300)
SIGN_IN_NAME = Limit("sign-in-name", 10, 300)
SECOND_STEP = Limit("second-step", 10, 300)
"""Codes and passkeys tried for one account, after its password."""
PAGES = Limit("pages", 300, 900)
"""Pages of strangers, by address."""
LOOK_UPS = Limit("look-ups", 60, 300)
"""Searches that may make us ask another server."""
FOLLOWS = Limit("follows", 400, 86_400)
REPORTS = Limit("reports", 400, 86_400)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of the limit nearest to exhaustion."""

    limit: int
    remaining: int
    resets_at: datetime

    def headers(self) -> dict[str, str]:
        """Return the `X-RateLimit-*` headers; the reset is ISO 8601."""
        reset = self.resets_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": reset,
        }


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit and whom it is for, such as (MEDIA, "account:42"), and how much one use costs."""

    limit: Limit
    whose: str
    cost: int = 1


class LimitReached(TooManyRequests):
    """A bucket is empty; `allowance` goes into the headers of the answer."""

    def __init__(self, allowance: Allowance, *, retry_after: float) -> None:
        super().__init__(retry_after=retry_after)
        self.allowance = allowance


def costs(tokens: int, *also: Limit) -> Callable[[H], H]:
    """Say beside a route what one call costs, and which narrower limits of the person it pays into as well."""

    def mark(handler: H) -> H:
        handler.costs = (tokens, also)  # type: ignore[attr-defined]
        return handler

    return mark


def costs_of(handler: Any) -> tuple[int, tuple[Limit, ...]]:
    """Return what a route costs: one token, unless it says otherwise."""
    found: tuple[int, tuple[Limit, ...]] = getattr(handler, "costs", (1, ()))
    return found


# Returns whether all buckets paid, then for each its tokens (after paying, when all did) times 1000.
_SCRIPT = """
local now = tonumber(ARGV[1])
local held, enough = {}, 1
for i, key in ipairs(KEYS) do
  local count, seconds, cost = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local row = redis.call('HMGET', key, 'n', 't')
  local tokens, since = tonumber(row[1]) or count, tonumber(row[2]) or now
  tokens = math.min(count, tokens + math.max(0, now - since) * count / seconds)
  held[i] = tokens
  if tokens < cost then enough = 0 end
end
local answer = {enough}
for i, key in ipairs(KEYS) do
  local tokens = held[i] - enough * tonumber(ARGV[3 * i + 1])
  redis.call('HSET', key, 'n', tostring(tokens), 't', tostring(now))
  redis.call('EXPIRE', key, ARGV[3 * i])
  answer[i + 1] = math.floor(tokens * 1000)
end
return answer
"""
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


async def spend(runtime: Runtime, *buckets: Bucket) -> Allowance | None:
    """Take the cost of one use from each bucket and return what is left of the scarcest.

    None when limits are off or Redis is away. Raises LimitReached, and takes nothing, when a bucket is empty.
    """
    if not runtime.settings.rate_limits or not buckets:
        return None
    now = runtime.now().timestamp()
    slot = buckets[0].whose  # one script call touches keys of one slot only (Redis Cluster)
    keys = [f"{{limit:{slot}}}:{bucket.limit.name}:{bucket.whose}" for bucket in buckets]
    arguments: list[Any] = [f"{now:.3f}"]
    for bucket in buckets:
        arguments += [bucket.limit.count, bucket.limit.seconds, bucket.cost]
    answer: list[int] | None = await runtime.gate.call(lambda redis: _run(redis, keys, arguments))
    if answer is None:
        return None
    emptied = [] if answer[0] else [i for i, bucket in enumerate(buckets) if answer[i + 1] < 1000 * bucket.cost]
    scarcest = min(emptied or range(len(buckets)), key=lambda i: answer[i + 1] / buckets[i].limit.count)
    allowance = _allowance(buckets[scarcest].limit, answer[scarcest + 1] / 1000, now)
    if not answer[0]:
        limit = buckets[scarcest].limit
        wait = (buckets[scarcest].cost - answer[scarcest + 1] / 1000) * limit.seconds / limit.count
        raise LimitReached(allowance, retry_after=wait)
    return allowance


def _allowance(limit: Limit, tokens: float, now: float) -> Allowance:
    full_in = (limit.count - tokens) * limit.seconds / limit.count
    return Allowance(limit.count, max(0, int(tokens)), datetime.fromtimestamp(now + full_in, tz=UTC))


async def _run(redis: Any, keys: Sequence[str], arguments: Sequence[Any]) -> list[int]:
    try:
        found = await redis.evalsha(_SHA, len(keys), *keys, *arguments)
    except NoScriptError:
        found = await redis.eval(_SCRIPT, len(keys), *keys, *arguments)
    return [int(number) for number in found]
