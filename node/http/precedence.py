"""Who goes first in a web process: likes, follows, votes and deliveries by the thousand keep nobody else waiting.

All requests of a process share one event loop, in which each that can go on gets a slice in turn. A post that goes
round brings more likes, boosts and followers, from here or from other servers, than a process has time for; were all of
them under way at once, whoever posts or reads would wait for a slice of every one, many times over. So of each kind of
flood only `most` are under way, and only `FEW` while somebody publishes; the rest wait here in the order in which they
came. None is refused, and what waits has cost next to nothing yet. Those under way give way where they can
(`node/base/publishing.py`). Every other request passes by.

Called where the bytes of a connection come in (`admin/tcp.py`), and by the outermost layer (`edge`), which holds the
place of a request, and has it wait where it did not wait there: HTTP/2, a head that came in pieces.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar
from dataclasses import dataclass
from typing import Any, Final

from node.base.publishing import Publishing

FEW: Final = 1
"""Not none: where people publish all the time, a flood comes through all the same."""
BEGIN_SECONDS: Final = 0.25
"""How long a place is kept for a request that was let in and is still to begin, or is none."""


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
CLICKS: Final = Flood(
    re.compile(
        r"/api/v1/accounts/\d+/[a-z_]+"
        r"|/api/v1/statuses/\d+/(un)?(reblog|mute|pin)"
        r"|/api/v1/(polls/\d+/votes|follow_requests/\d+/(authorize|reject)|tags/[^/]+/(un)?follow)"
        r"|/web/accounts/\d+/[a-z]+"
        r"|/web/posts/\d+/(un)?(boost|mute|pin)"
        r"|/web/(polls/\d+/votes|follow_requests/\d+/(authorize|reject)|tags/[^/]+/(un)?follow)"
    ),
    most=4,  # each has a transaction of its own
    longest=2.0,
)
DELIVERIES: Final = Flood(
    re.compile(r"/inbox|/actor/inbox|/users/[^/]+/inbox"),
    most=8,  # each is a longer slice
    longest=0.03,  # whose key must be fetched holds no place of others meanwhile
)

_PUBLISHES: Final = re.compile(r"/api/v1/statuses(/\d+)?|/web/posts(/\d+/(edit|redraft|delete))?")
_CHANGES: Final = frozenset({"POST", "PUT", "DELETE"})
_HEAD: Final = re.compile(rb"(?:POST|PUT|DELETE) ([!->@-~]{1,300})(?:\?[!-~]*)? HTTP/1\.[01]\r\n")
"""The first line of such a request, and its path."""


@dataclass(eq=False, slots=True)
class Place:
    """A request that waits in a line or is under way."""

    line: "Line"
    come: asyncio.Future[None]
    """Done when its turn has come."""
    late: asyncio.TimerHandle | None = None
    is_taken: bool = False


_place: ContextVar[Place | None] = ContextVar("place", default=None)
"""Of the request that the bytes which came last on this connection begin with."""


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

    async def wait_outside(self) -> None:
        """Wait for a place; the request that begins next in this task's context has `BEGIN_SECONDS` to take it."""
        _place.set(await self._enter())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the place that was waited for outside, or wait for one and hold it."""
        place = _place.get()
        if place is None or place.line is not self or place.is_taken:
            place = await self._enter()
        place.is_taken = True
        self._hold(place, self._flood.longest)
        try:
            yield
        finally:
            self._leave(place)

    async def _enter(self) -> Place:
        place = Place(self, asyncio.get_running_loop().create_future())
        self._waiting.append(place)
        self.let_in()
        try:
            await place.come
        except asyncio.CancelledError:
            self._leave(place)
            raise
        return place

    def let_in(self) -> None:
        """Let those in for whom there are places."""
        while self._waiting and len(self._under_way) < (FEW if self._publishing else self._flood.most):
            place = self._waiting.popleft()
            if not place.come.done():  # else whoever waited has gone
                self._hold(place, BEGIN_SECONDS)
                place.come.set_result(None)

    def _hold(self, place: Place, seconds: float) -> None:
        self._wait_no_more(place)
        self._under_way.add(place)
        # In a context of its own: a copy of the connection's would keep the place that was held before, and so on.
        place.late = asyncio.get_running_loop().call_later(seconds, self._leave, place, context=Context())

    def _leave(self, place: Place) -> None:
        self._wait_no_more(place)
        self._under_way.discard(place)
        self.let_in()

    def _wait_no_more(self, place: Place) -> None:
        """Forget the timer too: the two know each other, and would be freed only when somebody looks for garbage."""
        if place.late is not None:
            place.late.cancel()
            place.late = None


class Precedence:
    """The lines of one process, and who passes them."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing
        self._lines = [Line(flood, publishing) for flood in (LIKES, CLICKS, DELIVERIES)]

    @asynccontextmanager
    async def turn(self, scope: MutableMapping[str, Any]) -> AsyncIterator[None]:
        """Hold the turn of a request; wait for it first where others go before."""
        path = scope["path"]
        if scope["method"] not in _CHANGES:
            yield
        elif (line := self._line_of(path)) is not None:
            async with line.turn():
                yield
        elif _PUBLISHES.fullmatch(path):
            try:
                with self._publishing.under_way():
                    yield
            finally:
                for each in self._lines:
                    each.let_in()
        else:
            yield

    def line_for(self, data: bytes) -> Line | None:
        """Return where a request has to wait whose whole head stands at the beginning of `data`; who publishes by it
        counts from now on. Who sends it in pieces is not waited for: they might never send the rest."""
        found = _HEAD.match(data)
        if found is None or b"\r\n\r\n" not in data:
            return None
        path = found[1].decode("ascii")
        line = self._line_of(path)
        if line is None and _PUBLISHES.fullmatch(path):
            self._publishing.expect()
        return line

    def _line_of(self, path: str) -> Line | None:
        return next((line for line in self._lines if line.includes(path)), None)


def precedence_of(app: object) -> Precedence | None:
    """Return who goes first in an application, if it has an edge."""
    found = getattr(getattr(app, "asgi_app", None), "precedence", None)
    return found if isinstance(found, Precedence) else None
