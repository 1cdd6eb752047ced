"""One HTTP request between the server and the application: its body as it is read, its end when the caller hangs up.

Quart keeps two tasks for each request: one that works on it, one that receives. Most requests have no body, or a small
one that came with the head, and are answered within milliseconds; for these everything happens in the task that the
server made, and nobody looks out for a caller who hangs up before `PATIENCE_SECONDS` have passed. A third task that
watches how long an answer takes to send is left out where there is little to send.
"""

import asyncio
from functools import lru_cache
from typing import Any, Final

from quart import Quart, Request, Response, request
from quart.asgi import ASGIHTTPConnection
from quart.wrappers.request import Body
from quart.wrappers.response import DataBody
from werkzeug.datastructures import Headers

from federation.vocabulary import MAX_BODY

PATIENCE_SECONDS: Final = 0.05
"""How long a request that is here as a whole is worked on before somebody looks whether its caller still is."""
BUFFERED_BYTES: Final = 2 * MAX_BODY
"""What is held of a body that comes faster than it is read."""
SMALL_BYTES: Final = 32_768
"""An answer that the system takes at once in HTTP/1. Who has many sent and reads none is dropped by the system too
(`UNREAD_MS` of `admin/listening.py`)."""


class PacedBody(Body):
    """A body that says when there is room for more of it."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(expected_content_length, max_content_length)
        self._room = asyncio.Event()
        self._room.set()

    def append(self, data: bytes) -> None:
        """Take what came."""
        super().append(data)
        if len(self._data) > BUFFERED_BYTES:
            self._room.clear()

    async def __anext__(self) -> bytes:
        data = await super().__anext__()
        self._room.set()
        return data

    async def has_room(self) -> None:
        """Wait until more may be taken."""
        await self._room.wait()


class Connection(ASGIHTTPConnection):
    """Takes no more of a body than is read, and gives up when the caller hangs up."""

    async def __call__(self, receive: Any, send: Any) -> None:
        """Answer the request."""
        loop, working = asyncio.get_running_loop(), asyncio.current_task()
        assert working is not None
        request = self._request()
        receiving: asyncio.Task[None] | None = None
        hung_up = False

        async def receive_all() -> None:
            nonlocal hung_up
            await self.handle_messages(request, receive)
            hung_up = True
            working.cancel()

        def begin_receiving() -> None:
            nonlocal receiving
            receiving = loop.create_task(receive_all())

        message = _at_hand(receive) if _has_body(request) else await receive()
        while message is not None and not _is_end(message) and _take(message, request.body):
            message = _at_hand(receive)
        if message is None:
            later = loop.call_soon(begin_receiving)
        elif _is_end(message):
            return
        else:
            request.body_timeout = None  # all of it is here: it is read without a task that watches the time
            later = loop.call_later(PATIENCE_SECONDS, begin_receiving)
        try:
            await self.handle_request(request, send)
        except asyncio.CancelledError:
            if not hung_up or working.uncancel():
                raise
        finally:
            later.cancel()
            if receiving is not None:
                receiving.cancel()

    async def handle_messages(self, request: Request, receive: Any) -> None:
        """Hand what comes to the request, until the caller hangs up."""
        while not _is_end(message := await receive()):
            _take(message, request.body)
            if isinstance(request.body, PacedBody):
                await request.body.has_room()

    def _request(self) -> Request:
        scope = self.scope
        headers = Headers()
        headers.add("Remote-Addr", (scope.get("client") or ("<local>",))[0])
        for name, value in scope["headers"]:
            headers.add(_spelled(name), value.decode("latin1"))
        if scope["http_version"] == "1.0":
            headers.setdefault("Host", "")
        return self.app.request_class(
            scope["method"],
            scope["scheme"],
            scope["path"],
            scope["query_string"],
            headers,
            scope.get("root_path", ""),
            scope["http_version"],
            scope,
            max_content_length=self.app.config["MAX_CONTENT_LENGTH"],
            body_timeout=self.app.config["BODY_TIMEOUT"],
            send_push_promise=_push_nothing,
        )


def install(app: Quart) -> None:
    """Have `app` answer its requests so."""
    app.asgi_http_class = Connection
    app.after_request(_without_watch)


async def _without_watch(response: Response) -> Response:
    body = response.response
    if request.http_version in ("1.0", "1.1") and isinstance(body, DataBody) and len(body.data) <= SMALL_BYTES:
        response.timeout = None
    return response


@lru_cache(maxsize=512)
def _spelled(name: bytes) -> str:
    return name.decode("latin1").title()


def _has_body(request: Request) -> bool:
    """Whether a body may follow the head: in HTTP/1 one is announced, in HTTP/2 it need not be."""
    is_announced = "Transfer-Encoding" in request.headers or bool(request.content_length)
    return is_announced or request.http_version not in ("1.0", "1.1")


def _is_end(message: Any) -> bool:
    """Whether the caller has hung up."""
    return bool(message["type"] == "http.disconnect")


def _at_hand(receive: Any) -> Any:
    """Return the next message if it has come, else None; nobody waits."""
    waiting = receive()
    try:
        waiting.send(None)
    except StopIteration as come:
        return come.value
    waiting.close()
    return None


def _take(message: Any, body: Body) -> bool:
    """Put into the body what came of it; return whether more is to come."""
    body.append(message.get("body", b""))
    more = bool(message.get("more_body", False))
    if not more:
        body.set_complete()
    return more


async def _push_nothing(path: str, headers: Headers) -> None:
    """Leave it to clients what they ask for."""
