"""Who publishes goes first: a process knows who does, and what comes by the thousand gives way to them.

All requests of a process share one event loop, in which each that can go on gets a slice in turn; so whoever posts
while a post goes round would wait for a slice of many likes, a dozen times over. What comes in floods therefore stops,
where it holds nothing that others wait for, while somebody publishes: but never for long. Workers, which would have the
database and a processor meanwhile, read in a file that somebody publishes.

The web process says who publishes (`node/http/precedence.py`); likes (`node/posts/likes.py`) and deliveries
(`inbox/receive.py`) give way, and so does whatever else writes: it begins no transaction meanwhile (`Runtime.write`),
and a worker ends one of several events or activities early (`Runtime.must_give_way`). What already waits for SQLite's
lock stands back too (`db/write_lock.py`), and likes and deliveries leave their process's connection to a post.
"""

import asyncio
import os
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COUNTS_SECONDS: Final = 0.1
"""How long somebody counts who publishes: who takes longer waits for something else, such as the rest of a body."""
PATIENCE_SECONDS: Final = 0.05
"""After which nobody gives way any more until nobody publishes: where that goes on all the time, or strangers only
begin to, again and again, a flood comes through as it would without."""
LOOK_SECONDS: Final = 0.001
"""How often a process looks whether another one still publishes."""

_MOMENT: Final = struct.Struct("d")
_expected: ContextVar["_Somebody | None"] = ContextVar("expected", default=None)
"""Whose request came in on this connection."""
_let_in: ContextVar["Publishing | None"] = ContextVar("let_in", default=None)
"""Set where somebody publishes, or has been let in."""


class Notice:
    """A file by which processes of one machine tell each other until when somebody publishes.

    It holds a moment of the machine's monotonic clock, so who dies is not waited for. Fairness is all it is for: the
    last word of several processes counts, and where the file cannot be had nobody gives way by it.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: int | None = None
        self._weary = False
        """It was given way to for long, and is not again until nobody publishes."""

    def put_up(self, until: float) -> None:
        """Say that somebody publishes until then, or with 0 that nobody does."""
        self._open()
        if self._file is not None:
            with suppress(OSError):  # the disk is full
                os.pwrite(self._file, _MOMENT.pack(until), 0)

    def is_up(self) -> bool:
        """Say whether somebody publishes, and has not for so long that nobody gives way any more."""
        return self._says_so() and not self._weary

    async def give_way(self) -> None:
        """Return when nobody publishes, or somebody has for `PATIENCE_SECONDS`; never at once: all that a writer does
        may be done in one turn of the event loop, and who writes again and again would leave none to others."""
        await asyncio.sleep(0)
        until = time.monotonic() + PATIENCE_SECONDS
        while self._says_so():
            if self._weary or time.monotonic() > until:
                self._weary = True
                return
            await asyncio.sleep(LOOK_SECONDS)
        self._weary = False

    def _says_so(self) -> bool:
        self._open()
        if self._file is None:
            return False
        try:
            found = os.pread(self._file, _MOMENT.size, 0)
        except OSError:
            return False
        now = time.monotonic()
        # A moment further off is not of this machine, or of the time before it was started anew.
        return len(found) == _MOMENT.size and now < _MOMENT.unpack(found)[0] <= now + PATIENCE_SECONDS

    def _open(self) -> None:
        if self._file is None and self._path is not None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError:
                self._path = None

    def close(self) -> None:
        """Close the file; it is not opened again."""
        file, self._file, self._path = self._file, None, None
        if file is not None:
            os.close(file)


@dataclass(eq=False, slots=True)
class _Somebody:
    """Who publishes."""

    late: asyncio.TimerHandle | None = None


class Publishing:
    """The requests of one process that publish right now. True while there are any, for `PATIENCE_SECONDS`.

    `notice_path` is where other processes are told, and where they tell.
    """

    def __init__(self, notice_path: Path | None = None) -> None:
        self.notice = Notice(notice_path)
        self._line = asyncio.Lock()
        self._under_way: set[_Somebody] = set()
        self._over: asyncio.Future[None] | None = None
        self._patient_until = 0.0

    def __bool__(self) -> bool:
        return bool(self._under_way) and time.monotonic() < self._patient_until

    def expect(self) -> None:
        """Count somebody whose request has just come in, until it begins in this context, or for `COUNTS_SECONDS`: it
        takes a few turns of the event loop, each of which others would have a part of."""
        _expected.set(self._count(_Somebody()))

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count somebody who publishes for the length of the block, or for `COUNTS_SECONDS`."""
        somebody = _expected.get()
        if somebody is None or somebody not in self._under_way:
            somebody = self._count(_Somebody())
        _expected.set(None)
        own = _let_in.set(self)
        try:
            yield
        finally:
            _let_in.reset(own)
            self._forget(somebody)

    def _count(self, somebody: _Somebody) -> _Somebody:
        if not self._under_way:
            self._patient_until = time.monotonic() + PATIENCE_SECONDS
            self.notice.put_up(self._patient_until)
        self._under_way.add(somebody)
        # In a context of its own: a copy of the connection's would keep whoever published on it before, and so on.
        somebody.late = asyncio.get_running_loop().call_later(COUNTS_SECONDS, self._forget, somebody, context=Context())
        return somebody

    def _forget(self, somebody: _Somebody) -> None:
        if somebody not in self._under_way:
            return
        self._under_way.remove(somebody)
        if somebody.late is not None:
            somebody.late.cancel()
            somebody.late = None
        if not self._under_way:
            self.notice.put_up(0.0)
            if self._over is not None:
                self._over.set_result(None)
                self._over = None

    async def give_way(self) -> None:
        """Return when nobody publishes in this process, or somebody has for `PATIENCE_SECONDS`, after a turn as
        `Notice.give_way`; at once where this is what they publish, or was let in."""
        if _let_in.get() is self:
            return
        await asyncio.sleep(0)
        if self:
            if self._over is None:
                self._over = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._over], timeout=self._patient_until - time.monotonic())

    @asynccontextmanager
    async def one_by_one(self) -> AsyncIterator[None]:
        """Let in one at a time of those who do not publish, once nobody does: so whoever begins to publish waits for
        one of them at most. What is done inside waits for nobody."""
        if _let_in.get() is self:
            yield
            return
        async with self._line:
            await self.give_way()
            before = _let_in.set(self)
            try:
                yield
            finally:
                _let_in.reset(before)
