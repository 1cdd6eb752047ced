"""How a process gets SQLite's write lock: in line, and a moment after it is free.

SQLite itself waits for a lock by sleeping longer and longer, up to a tenth of a second, and whoever asks at the right
moment gets it: beside a process that writes all the time others starve. Here who waits asks every half millisecond,
and only who is at the head of the line asks at all, so that nobody who has just written comes before them. The head's
place is a locked file beside the database; the kernel frees it when its process dies.

All this is about fairness only. SQLite's own lock decides who writes: also with programs that know of no line, and
where the file cannot be locked. Used by `sqlite.py`.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import structlog

PATIENCE_SECONDS: Final = 20.0
"""How long anybody waits before being told that the database is busy."""
ASK_SECONDS: Final = 0.0005
"""How often the head of the line asks for the lock."""
LOOK_SECONDS: Final = 0.002
"""How often those behind look whether the head's place is free."""
STANDS_BACK_SECONDS: Final = 0.05
"""How long who already waits lets others go first, at most."""
LONG_SECONDS: Final = 0.1
"""Whoever keeps the lock for longer is named in the log: nobody else writes meanwhile."""

log = structlog.get_logger(__name__)


wanted_elsewhere: ContextVar[Callable[[], bool] | None] = ContextVar("wanted_elsewhere", default=None)
"""Set by who can begin anew: says whether the process's one connection is wanted for something more urgent. While the
transaction waits for the lock it then ends with GaveWay."""


class GaveWay(Exception):
    """The transaction has not begun, in favour of another one: it is to be begun anew."""


class QueueingConnection(sqlite3.Connection):
    """A connection that writes. SQLite does not wait for it: whoever has to wait does so here."""

    def __init__(self, database: Any, **arguments: Any) -> None:
        super().__init__(database, **arguments)
        self._place = _open_place(str(database))
        self._began = 0.0
        self._gave_up = False
        self.stands_back: Callable[[], bool] = _never
        """Whether somebody is to be let into the line before this connection, for `STANDS_BACK_SECONDS`."""

    def begin_at_once(self) -> bool:
        """Begin a transaction that holds the write lock, if nobody has it or stands in line for it."""
        if not self._take_place():
            return False
        try:
            return self._begin()
        finally:
            self._leave_place()

    def begin(self, is_wanted: Callable[[], bool] | None = None) -> None:
        """Begin a transaction that holds the write lock. Raises OperationalError when others keep it too long, and
        GaveWay when it still waits and `is_wanted` says that somebody else of this process wants the connection.

        It may block for long: never call it in an event loop's thread.
        """
        now = time.monotonic()
        until, stands_back_until = now + PATIENCE_SECONDS, now + STANDS_BACK_SECONDS

        def waits_on() -> bool:
            if is_wanted is not None and is_wanted():
                raise GaveWay
            self._check(until)
            return time.monotonic() > stands_back_until or not self.stands_back()

        while True:
            if waits_on() and self._take_place():
                try:
                    while waits_on():
                        if self._begin():
                            return
                        time.sleep(ASK_SECONDS)
                finally:
                    self._leave_place()
            time.sleep(LOOK_SECONDS)

    def give_up(self) -> None:
        """End the wait of `begin` in another thread: nobody wants the lock any more, or this connection."""
        self._gave_up = True

    def _check(self, until: float) -> None:
        if self._gave_up or time.monotonic() > until:
            raise _locked()

    def _begin(self) -> bool:
        try:
            self.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        self._began = time.monotonic()
        return True

    def note_end(self) -> None:
        """Say in the log when the transaction that has just ended, if there was one, was long."""
        began, self._began = self._began, 0.0
        if began and (kept := time.monotonic() - began) > LONG_SECONDS:
            log.info("write_lock_kept_long", milliseconds=round(kept * 1000))

    def close(self) -> None:
        """Close the connection and the file of its place."""
        super().close()
        self._go_without()

    def _take_place(self) -> bool:
        if self._place is not None:
            try:
                fcntl.flock(self._place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            except OSError:  # a file system without such locks
                self._go_without()
        return True

    def _leave_place(self) -> None:
        if self._place is not None:
            fcntl.flock(self._place, fcntl.LOCK_UN)

    def _go_without(self) -> None:
        place, self._place = self._place, None
        if place is not None:
            os.close(place)


def _never() -> bool:
    return False


def _locked() -> sqlite3.OperationalError:
    """Return what SQLite raises when it is asked for too long."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_BUSY, "SQLITE_BUSY"
    return error


def _open_place(database: str) -> int | None:
    if database in ("", ":memory:"):
        return None
    try:
        return os.open(f"{database}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
