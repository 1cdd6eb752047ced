"""A pool that gives its connections out in turn.

SQLAlchemy's own gives a free connection to whoever asks at that moment, and lets those who wait ask again: one who
writes in a loop takes it each time before anybody else is awake, and keeps all others waiting until the end.
This one is for SQLite, where a process has one connection that writes.
"""

import asyncio
from collections import deque
from typing import Any

from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only
from sqlalchemy.util.queue import AsyncAdaptedQueue, Empty


class FairQueue(AsyncAdaptedQueue[Any]):
    """Free connections, and who waits for one. Nothing is free while somebody waits."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:
        super().__init__(maxsize, use_lifo)
        self._waiting: deque[asyncio.Future[Any]] = deque()

    def put_nowait(self, item: Any) -> None:
        """Hand a connection to whoever has waited longest, or keep it. Raises Full."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(item)
                return
        super().put_nowait(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return a free connection, or the next one that comes. Raises Empty when none comes in time."""
        try:
            return self.get_nowait()
        except Empty:
            if not block:
                raise
        try:
            return await_only(self._next(timeout))
        except TimeoutError as error:
            raise Empty from error

    async def _next(self, timeout: float | None) -> Any:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        async with asyncio.timeout(timeout):
            try:
                return await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self.put_nowait(waiter.result())  # it came in the moment in which nobody waited any more
                raise


class FairPool(AsyncAdaptedQueuePool):
    """Connections, the next of them for whoever has waited longest."""

    _queue_class = FairQueue
