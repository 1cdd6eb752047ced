"""When a connection without a request ends: at once where the caller has gone, else after Hypercorn's time for it.

Hypercorn has a task wait that time out, one for each connection. Before a request begins it ends that task and waits
for its end, half a dozen turns of the event loop in which nobody has seen the request yet; and a connection whose
caller has gone stays open until the task is over, so that a thousand short calls a minute use up all the files that a
process may have open. Here such a task begins only when a connection has been idle for a moment, ends without being
waited for, and keeps nothing open.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from hypercorn.asyncio import tcp_server

SOON_SECONDS: Final = 0.25
"""After which a connection counts as idle. As long takes a process at most to close them when it is to end."""

Action = Callable[[], Coroutine[Any, Any, None]]


class IdleTask:
    """What Hypercorn calls a single task: `action` runs from `SOON_SECONDS` after `restart` until `stop`."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    async def restart(self, _task_group: object, action: Action) -> None:
        """Begin anew."""
        self._end()
        self._timer = asyncio.get_running_loop().call_later(SOON_SECONDS, self._begin, action)

    async def stop(self) -> None:
        """End it."""
        self._end()

    def _begin(self, action: Action) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(action())

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None


def install() -> None:
    """Have Hypercorn's connections use it."""
    tcp_server.AsyncioSingleTask = IdleTask  # type: ignore[assignment,attr-defined]
