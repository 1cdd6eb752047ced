"""Whose turn it is to be sent to: a host's short queue in a round, and what the rounds of a process share.

Called by `deliver`, which tells who waits for whom. Nothing here sends or stores.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from node.base.cache import RedisGate
from node.base.runtime import Runtime
from outbox.outcomes import Outcome
from outbox.peers import Health
from outbox.queue import Parcel

STRIKES: Final = 2
STALLED_AFTER: Final = 0.25
SLUGGISH_AFTER: Final = 3.0
OPEN_REQUESTS: Final = 8
"""How many times its places a lane may have requests open when most of them only wait."""

SLOW_SHARE: Final = 4
"""The slow lane has one place and one socket where the other has so many."""


@dataclass(slots=True)
class Host:
    """One host's part of a round."""

    health: Health
    on_trial: bool
    """Was paused: one probe decides about the rest (DLV-5)."""

    urgent: "deque[tuple[Parcel, float]]" = field(default_factory=deque)
    bulk: "deque[tuple[Parcel, float]]" = field(default_factory=deque)
    workers: int = 0
    strikes: int = 0
    stalled: int = 0
    """Requests that have had no answer for a moment."""

    is_sluggish: bool = False
    """Has not answered for some seconds: the rest goes by the slow lane."""

    is_over: bool = False
    """Has had its turn: nothing more is tried in this round."""

    @property
    def waiting(self) -> int:
        """How many parcels have not been started."""
        return len(self.urgent) + len(self.bulk)

    @property
    def rests(self) -> bool:
        """Whether what waits for it is to rest: it is paused, and has been probed."""
        return self.is_over and self.health.paused_until is not None

    def put(self, parcel: Parcel, claimed_at: float) -> None:
        """Queue a parcel: before all that nobody waits for, if somebody waits for it."""
        (self.urgent if parcel.urgent else self.bulk).append((parcel, claimed_at))

    def take(self) -> tuple[Parcel, float]:
        """Return the next parcel and when it was claimed."""
        return (self.urgent or self.bulk).popleft()

    def note(self, outcome: Outcome) -> None:
        """Take a result into account."""
        self.strikes = self.strikes + 1 if outcome.host_failed else 0
        if outcome.unreachable or outcome.wait is not None or self.on_trial or self.strikes >= STRIKES:
            self.is_over = True


@dataclass(frozen=True, slots=True)
class Room:
    """What the rounds of one lane of a process have together: requests at work, and requests open at all."""

    places: asyncio.Semaphore
    sockets: asyncio.Semaphore


_ROOMS: "WeakKeyDictionary[RedisGate, dict[bool, Room]]" = WeakKeyDictionary()
"""Two a node and process (slow or not), as `node.remote.memory`."""


def room_of(runtime: Runtime, *, slow: bool) -> Room:
    """Return what a lane has in this process: at most `delivery_concurrency` requests at work (DLV-7)."""
    rooms = _ROOMS.setdefault(runtime.gate, {})
    if slow not in rooms:
        places = max(runtime.settings.delivery_concurrency // (SLOW_SHARE if slow else 1), 1)
        rooms[slow] = Room(asyncio.Semaphore(places), asyncio.Semaphore(places * OPEN_REQUESTS))
    return rooms[slow]


class Turn:
    """One request from its beginning to its end: a socket, and a place that is left when no answer comes.

    `on_sluggish` is called when there has been none for some seconds.
    """

    def __init__(self, room: Room, host: Host, on_sluggish: Callable[[], None]) -> None:
        self._room, self._host, self._on_sluggish = room, host, on_sluggish
        self._has_left = False
        self._timers: list[asyncio.TimerHandle] = []

    async def __aenter__(self) -> None:
        await self._room.sockets.acquire()
        try:
            await self._room.places.acquire()
        except BaseException:
            self._room.sockets.release()
            raise
        loop = asyncio.get_running_loop()
        self._timers = [
            loop.call_later(STALLED_AFTER, self._leave_place),
            loop.call_later(SLUGGISH_AFTER, self._on_sluggish),
        ]

    async def __aexit__(self, *exc: object) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._has_left:
            self._host.stalled -= 1
        else:
            self._room.places.release()
        self._room.sockets.release()

    def _leave_place(self) -> None:
        self._has_left = True
        self._host.stalled += 1
        self._room.places.release()
