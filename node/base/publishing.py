"""Who publishes goes first: a process knows who does, and what comes by the thousand gives way to them.

All requests of a process share one event loop, in which each that can go on gets a slice in turn; so whoever posts
while a post goes round would wait for a slice of many likes, a dozen times over. What comes in floods therefore stops,
where it holds nothing that others wait for, while somebody publishes: but never for long.

The web process says who publishes (`node/http/precedence.py`); likes (`node/posts/likes.py`) and deliveries
(`inbox/receive.py`) give way.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

COUNTS_SECONDS: Final = 0.1
"""How long somebody counts who publishes: who takes longer waits for something else, such as the rest of a body."""
PATIENCE_SECONDS: Final = 0.05
"""After which nobody gives way any more until nobody publishes: where that goes on all the time, or strangers only
begin to, again and again, a flood comes through as it would without."""


class Publishing:
    """The requests of one process that publish right now. True while there are any, for `PATIENCE_SECONDS`."""

    def __init__(self) -> None:
        self._under_way: set[object] = set()
        self._over: asyncio.Future[None] | None = None
        self._patient_until = 0.0

    def __bool__(self) -> bool:
        return bool(self._under_way) and time.monotonic() < self._patient_until

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count somebody who publishes for the length of the block, or for `COUNTS_SECONDS`."""
        somebody = object()
        if not self._under_way:
            self._patient_until = time.monotonic() + PATIENCE_SECONDS
        self._under_way.add(somebody)
        late = asyncio.get_running_loop().call_later(COUNTS_SECONDS, self._forget, somebody)
        try:
            yield
        finally:
            late.cancel()
            self._forget(somebody)

    def _forget(self, somebody: object) -> None:
        self._under_way.discard(somebody)
        if not self._under_way and self._over is not None:
            self._over.set_result(None)
            self._over = None

    async def give_way(self) -> None:
        """Return when nobody publishes, or somebody has for `PATIENCE_SECONDS`."""
        if self:
            if self._over is None:
                self._over = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._over], timeout=self._patient_until - time.monotonic())
