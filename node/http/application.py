"""Quart's application and request, without what Quart works out for every request though it never changes.

Made by `node/app.py`; `bodies` builds its own requests on this one.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from quart import Quart, Request
from quart.sessions import SessionInterface, SessionMixin
from quart.wrappers import BaseRequestWebsocket, Response
from werkzeug.wrappers import Response as WerkzeugResponse


class NoSessions(SessionInterface):
    """Keeps nothing: who is asking is told by tokens and by `node/auth/sessions.py`."""

    _nobodys = SessionInterface.null_session_class()

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> SessionMixin:
        """Return the same empty session for everybody; it refuses what would be put into it."""
        return self._nobodys

    async def save_session(
        self, app: Quart, session: SessionMixin, response: Response | WerkzeugResponse | None
    ) -> None:
        """Keep nothing."""


class NodeRequest(Request):
    """A request that knows the blueprints of each endpoint."""

    @property
    def blueprints(self) -> list[str]:
        """The blueprints of its route, from the inside out. The list is shared."""
        return _blueprints(self.endpoint)


class Application(Quart):
    """An application that looks once whether a function is asynchronous."""

    session_interface = NoSessions()  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asynchronous: dict[Callable[..., Any], Callable[..., Any]] = {}

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return `func`, or what runs it in a thread. For functions that live as long as the application."""
        found = self._asynchronous.get(func)
        if found is None:
            found = self._asynchronous[func] = super().ensure_async(func)
        return found


@lru_cache(maxsize=4096)
def _blueprints(endpoint: str | None) -> list[str]:
    parents = (endpoint or "").split(".")[:-1]
    return [".".join(parents[:length]) for length in range(len(parents), 0, -1)]
