"""A caller's connection, where ours differs from Hypercorn's: when it ends, and what it waits for.

When it ends. Hypercorn has a task wait until a connection without a request has been idle for its time, one for each
connection. Before a request begins it ends that task and waits for its end, half a dozen turns of the event loop in
which nobody has seen the request yet; and a connection whose caller has gone stays open until the task is over, so
that a thousand short calls a minute use up all the files that a process may have open. Here such a task begins only
when a connection has been idle for a moment, ends without being waited for, and keeps nothing open.

What it waits for. Where more likes or deliveries come than the process has time for, a request of theirs waits for its
turn (`node/http/precedence.py`) as the bytes that came: to read it and to give it a task would take time from others
now, and keep twice as many objects while it waits.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer

from node.http.precedence import Precedence, precedence_of

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
        self.end()
        self._timer = asyncio.get_running_loop().call_later(SOON_SECONDS, self._begin, action)

    async def stop(self) -> None:
        """End it."""
        self.end()

    def _begin(self, action: Action) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(action())

    def end(self) -> None:
        """End it, outside a coroutine."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None


class PacedReader:
    """What Hypercorn reads a connection from: a request that has to wait is handed over when its turn comes."""

    def __init__(self, reader: asyncio.StreamReader, precedence: Precedence, idle: IdleTask) -> None:
        self.at_eof = reader.at_eof
        self._reader = reader
        self._precedence = precedence
        self._idle = idle

    async def read(self, most: int) -> bytes:
        """Return what came, up to so many bytes; nothing at the end."""
        data = await self._reader.read(most)
        line = self._precedence.line_for(data)
        if line is not None:
            self._idle.end()
            await line.wait_outside()
        return data


class Connection(TCPServer):
    """One connection."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        idle = self.idle_task = IdleTask()  # type: ignore[assignment]
        precedence = precedence_of(getattr(self.app, "app", None))
        if precedence is not None:
            self.reader = PacedReader(self.reader, precedence, idle)  # type: ignore[assignment]

    async def run(self) -> None:
        """Serve it to its end."""
        try:
            await super().run()
        finally:
            # The two know each other; so both are freed now, and not only when somebody looks for garbage.
            vars(self).pop("protocol", None)


def install() -> None:
    """Have Hypercorn make its connections so."""
    run.TCPServer = Connection  # type: ignore[assignment,attr-defined]
