"""Who goes first in a web process: likes and deliveries by the thousand keep nobody else waiting.

All requests of a process share one event loop, in which each that can go on gets a slice in turn. A post that goes
round brings more likes, from here or from other servers, than a process has time for; were all of them under way at
once, whoever posts or reads would wait for a slice of every one of them, many times over. So of each kind of flood only
`most` are under way, and only `FEW` while somebody publishes; the rest wait here in the order in which they came. None
is refused, and what waits has cost nothing yet. Those under way give way where they can (`node/base/publishing.py`).
Every other request passes by.

Called by the outermost layer (`edge`), before anything is read of a request.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from node.base.publishing import Publishing

FEW: Final = 1
"""Not none: where people publish all the time, a flood comes through all the same."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Requests that may come by the thousand: their paths, and how many are under way at once.

    After `longest` seconds one is not waited for any more: it waits for something else itself, or never ends.
    """

    paths: re.Pattern[str]
    most: int
    longest: float


LIKES: Final = Flood(
    re.compile(
        r"/api/v1/statuses/\d+/(un)?(favourite|bookmark|react/.*)"
        r"|/api/v1/pleroma/statuses/\d+/reactions/.*"
        r"|/web/posts/\d+/(un)?(like|bookmark|react)"
    ),
    most=32,  # enough for a transaction that likes share to be worth its cost (`node/posts/likes.py`)
    longest=2.0,
)
DELIVERIES: Final = Flood(
    re.compile(r"/inbox|/actor/inbox|/users/[^/]+/inbox"),
    most=8,  # each is a longer slice
    longest=0.03,  # whose key must be fetched holds no place of others meanwhile
)

_PUBLISHES: Final = re.compile(r"/api/v1/statuses(/\d+)?|/web/posts(/\d+/(edit|redraft|delete))?")
_CHANGES: Final = frozenset({"POST", "PUT", "DELETE"})

Place = asyncio.Future[None]


class Line:
    """Those of one flood that are under way in this process, and those that wait."""

    def __init__(self, flood: Flood, publishing: Publishing) -> None:
        self._flood = flood
        self._publishing = publishing
        self._under_way: set[Place] = set()
        self._waiting: deque[Place] = deque()

    def includes(self, path: str) -> bool:
        """Whether a request for `path` stands in this line."""
        return self._flood.paths.fullmatch(path) is not None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        self._waiting.append(place)
        self.let_in()
        try:
            await place
            late = loop.call_later(self._flood.longest, self._leave, place)
            try:
                yield
            finally:
                late.cancel()
        finally:
            self._leave(place)

    def let_in(self) -> None:
        """Let those in for whom there are places."""
        while self._waiting and len(self._under_way) < (FEW if self._publishing else self._flood.most):
            place = self._waiting.popleft()
            if not place.done():  # else whoever waited has gone
                self._under_way.add(place)
                place.set_result(None)

    def _leave(self, place: Place) -> None:
        self._under_way.discard(place)
        self.let_in()


class Precedence:
    """The lines of one process, and who passes them."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing
        self._lines = [Line(flood, publishing) for flood in (LIKES, DELIVERIES)]

    @asynccontextmanager
    async def turn(self, scope: MutableMapping[str, Any]) -> AsyncIterator[None]:
        """Hold the turn of a request; wait for it first where others go before."""
        path = scope["path"]
        if scope["method"] not in _CHANGES:
            yield
        elif (line := next((line for line in self._lines if line.includes(path)), None)) is not None:
            async with line.turn():
                yield
        elif _PUBLISHES.fullmatch(path):
            try:
                with self._publishing.under_way():
                    yield
            finally:
                for line in self._lines:
                    line.let_in()
        else:
            yield
