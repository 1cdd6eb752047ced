"""When to say 'later' at the door: a host that has too much waiting here already (INB-2, row 114).

The numbers are looked up every few seconds, not for each delivery, and by host only when the whole queue has
grown long; so the guard costs nothing while all is well.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakKeyDictionary

from inbox.queries import count_open, count_open_by_host
from node.base.cache import RedisGate
from node.base.errors import TooManyRequests
from node.base.runtime import Runtime

HOST_LIMIT: Final = 5_000
"""Waiting activities of one host above which it gets 429."""
TOTAL_LIMIT: Final = 100_000
"""Waiting activities above which everybody does."""

_LOOK_EVERY: Final = timedelta(seconds=5)
RETRY_AFTER: Final = 60.0


@dataclass(slots=True)
class _Look:
    at: datetime
    total: int = 0
    by_host: dict[str, int] = field(default_factory=dict)


_LOOKS: "WeakKeyDictionary[RedisGate, _Look]" = WeakKeyDictionary()


async def require_room(runtime: Runtime, host: str) -> None:
    """Raise TooManyRequests while this host, or everybody, has too much waiting here."""
    look = await _look(runtime)
    if look.total >= TOTAL_LIMIT or look.by_host.get(host, 0) >= HOST_LIMIT:
        raise TooManyRequests("Too many of your deliveries are waiting here already.", retry_after=RETRY_AFTER)


async def _look(runtime: Runtime) -> _Look:
    now = runtime.now()
    look = _LOOKS.get(runtime.gate)
    if look is not None and now - look.at < _LOOK_EVERY:
        return look
    look = _LOOKS[runtime.gate] = _Look(now, look.total if look else 0, look.by_host if look else {})
    async with runtime.read() as reader:
        look.total = await count_open(reader)
        look.by_host = await count_open_by_host(reader, at_least=HOST_LIMIT) if look.total >= HOST_LIMIT else {}
    return look
