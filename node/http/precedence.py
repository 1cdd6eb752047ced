"""Who goes first in a web process: likes by the thousand keep nobody else waiting.

All requests of a process share one event loop, in which each that can go on gets a slice in turn. A post that goes
round brings more likes than a process has time for; were all of them under way at once, whoever posts or reads would
wait for a slice of every one of them, many times over. So of likes and their kind only `MOST` are under way, and only
`FEW` while somebody publishes; the rest wait here in the order in which they came. None is refused, and what waits has
cost nothing yet. Those under way give way where they can (`node/base/publishing.py`). Every other request passes by.

Called by the outermost layer (`edge`), before anything is read of a request.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

from node.base.publishing import Publishing

MOST: Final = 32
"""Enough for a transaction that likes share to be worth its cost (`node/posts/likes.py`)."""
FEW: Final = 1
"""Not none: where people publish all the time, likes come through all the same."""

LONGEST_SECONDS: Final = 2.0
"""After which a like under way is not waited for any more: it may be one that never ends."""

_LIKES: Final = re.compile(
    r"/api/v1/statuses/\d+/(un)?(favourite|bookmark|react/.*)"
    r"|/api/v1/pleroma/statuses/\d+/reactions/.*"
    r"|/web/posts/\d+/(un)?(like|bookmark|react)"
)
_PUBLISHES: Final = re.compile(r"/api/v1/statuses(/\d+)?|/web/posts(/\d+/(edit|redraft|delete))?")
_CHANGES: Final = frozenset({"POST", "PUT", "DELETE"})

Place = asyncio.Future[None]


class Precedence:
    """The likes of one process that are under way and those that wait."""

    def __init__(self, publishing: Publishing) -> None:
        self._publishing = publishing
        self._under_way: set[Place] = set()
        self._waiting: deque[Place] = deque()

    @asynccontextmanager
    async def turn(self, scope: MutableMapping[str, Any]) -> AsyncIterator[None]:
        """Hold the turn of a request; wait for it first where others go before."""
        changes, path = scope["method"] in _CHANGES, scope["path"]
        if changes and _LIKES.fullmatch(path):
            loop = asyncio.get_running_loop()
            place = loop.create_future()
            self._waiting.append(place)
            self._let_in()
            try:
                await place
                late = loop.call_later(LONGEST_SECONDS, self._leave, place)
                try:
                    yield
                finally:
                    late.cancel()
            finally:
                self._leave(place)
        elif changes and _PUBLISHES.fullmatch(path):
            try:
                with self._publishing.under_way():
                    yield
            finally:
                self._let_in()
        else:
            yield

    def _leave(self, place: Place) -> None:
        self._under_way.discard(place)
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and len(self._under_way) < (FEW if self._publishing else MOST):
            place = self._waiting.popleft()
            if not place.done():  # else whoever waited has gone
                self._under_way.add(place)
                place.set_result(None)
