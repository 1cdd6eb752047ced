"""63-bit, all-digit, time-ordered ids: 42 bits Unix milliseconds, 10 bits process, 11 bits sequence.

Every row has one, so one order serves posts, notifications and cursors. A remote or imported post gets an id
of its own `published` time (clamped to now), so that back-filled posts sort where they belong.
"""

import os
import secrets
import threading
import time
from datetime import UTC, datetime

PROCESS_BITS = 10
SEQUENCE_BITS = 11
SHIFT = PROCESS_BITS + SEQUENCE_BITS
_SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1
MAX_ID = (1 << 63) - 1


class IdMaker:
    """Makes ids that are unique in a process and, by a random process number, almost surely across processes.

    The database's primary key is the last word: a clash raises IntegrityError and nothing is lost.
    """

    def __init__(self, process: int | None = None) -> None:
        self._process = secrets.randbits(PROCESS_BITS) if process is None else process
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._last_ms = 0
        self._sequence = 0

    def new(self) -> int:
        """Return an id of this moment, greater than every id made here before."""
        with self._lock:
            if self._pid != os.getpid():  # a fork must not repeat its parent's numbers
                self._pid, self._process = os.getpid(), secrets.randbits(PROCESS_BITS)
            now = time.time_ns() // 1_000_000
            if now <= self._last_ms:
                now = self._last_ms
                self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
                if self._sequence == 0:
                    now += 1
            else:
                self._sequence = 0
            self._last_ms = now
            return (now << SHIFT) | (self._process << SEQUENCE_BITS) | self._sequence

    def at(self, moment: datetime, *, after: int = 0) -> int:
        """Return an id that sorts at `moment`, or at this moment if that lies in the future.

        The lower bits are random: two posts of one millisecond differ, their order among themselves is open. A
        moment told in whole seconds, as most servers tell it, gets a random millisecond of its second that is not
        in the future: a burst of posts of one second would run out of different ids. It comes behind the id `after`
        (what is answered, what is boosted) if that stands in the same second or the next.
        """
        milliseconds = int(moment.timestamp() * 1000)
        now = time.time_ns() // 1_000_000
        if milliseconds >= now:
            return self.new()
        if moment.microsecond == 0:
            end = min(milliseconds + 1000, now)
            if milliseconds <= (earlier := after >> SHIFT) < milliseconds + 2000:  # a chain may spill into the next
                milliseconds = earlier + 1
            if milliseconds >= end:
                return self.new() if milliseconds >= now else (milliseconds << SHIFT) | secrets.randbits(SHIFT)
            milliseconds += secrets.randbelow(end - milliseconds)
        return (max(milliseconds, 0) << SHIFT) | secrets.randbits(SHIFT)


_MAKER = IdMaker()


def new_id() -> int:
    """Return an id of this moment."""
    return _MAKER.new()


def id_at(moment: datetime, *, after: int = 0) -> int:
    """Return an id that sorts at `moment` (never later than now), and behind `after` where seconds cannot tell."""
    return _MAKER.at(moment, after=after)


def time_of(id_: int) -> datetime:
    """Return the time inside an id, UTC, to the millisecond."""
    return datetime.fromtimestamp((id_ >> SHIFT) / 1000, tz=UTC)


def read_id(text: str) -> int | None:
    """Return the id that `text` spells (ASCII digits, at most 63 bits), else None."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    number = int(text)
    return number if number <= MAX_ID else None


def floor_id(moment: datetime) -> int:
    """Return the smallest id of that millisecond: a lower bound for 'since then'."""
    return int(moment.timestamp() * 1000) << SHIFT
