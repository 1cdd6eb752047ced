"""A scriptable foreign server on loopback: answers what a test tells it to, and writes down what it was asked.

    async with FakePeer() as peer:
        peer.routes["/users/bo"] = document({"id": f"{peer.url}/users/bo", ...})
        peer.routes["/slow"] = Answer(body=b"x", delay=5)
        peer.routes["/counted"] = lambda request: Answer(status=401 if "?" in request.target else 200)
        ...
        assert [request.target for request in peer.requests] == ["/users/bo"]

A route is looked up by the exact target, then by its path; anything else is 404. It knows nothing of
ActivityPub beyond the content type of `document`; signing strangers are built on top of it.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import h11

AP = "application/activity+json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class PeerRequest:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    """Counts connections, so that a test can see keep-alive."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the peer sends back. `drip` sends the body in single bytes, that many seconds apart."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0
    drip: float = 0.0
    hang_up: bool = False
    """Close the connection instead of answering."""


Route = Answer | Callable[[PeerRequest], "Answer | Awaitable[Answer]"]


def document(value: Any, *, status: int = 200, content_type: str = AP, **more: Any) -> Answer:
    """Make an answer of a JSON document."""
    return Answer(status=status, body=json.dumps(value).encode(), content_type=content_type, **more)


def redirect(location: str, *, status: int = 302) -> Answer:
    """Make a redirect."""
    return Answer(status=status, headers=(("Location", location),))


@dataclass(slots=True)
class FakePeer:
    """An HTTP/1.1 server on a free port of `host`; use as an async context manager."""

    host: str = "127.0.0.1"
    routes: dict[str, Route] = field(default_factory=dict)
    requests: list[PeerRequest] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None
    connections: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def domain(self) -> str:
        """`127.0.0.1:port`, as it stands in handles; the port of plain http goes without saying."""
        return self.host if self.port == 80 else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.domain}"

    def asked(self, path: str) -> list[PeerRequest]:
        """Return the requests for a path."""
        return [request for request in self.requests if request.path == path]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._serve(reader, writer, self.connections)
        except (ConnectionError, asyncio.CancelledError, h11.RemoteProtocolError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            request = await self._receive(connection, reader, number)
            if request is None:
                return
            self.requests.append(request)
            route = self.routes.get(request.target, self.routes.get(request.path, Answer(status=404)))
            answer = route(request) if callable(route) else route
            if not isinstance(answer, Answer):
                answer = await answer
            if answer.delay:
                await asyncio.sleep(answer.delay)
            if answer.hang_up:
                return
            await self._send(connection, writer, answer)
            if connection.our_state is h11.MUST_CLOSE:
                return
            connection.start_next_cycle()

    async def _receive(
        self, connection: h11.Connection, reader: asyncio.StreamReader, number: int
    ) -> PeerRequest | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(65_536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
                return PeerRequest(head.method.decode(), head.target.decode("latin-1"), headers, bytes(body), number)
            else:
                return None

    async def _send(self, connection: h11.Connection, writer: asyncio.StreamWriter, answer: Answer) -> None:
        headers = [("Content-Length", str(len(answer.body))), *answer.headers]
        if answer.body:
            headers.append(("Content-Type", answer.content_type))
        head = connection.send(h11.Response(status_code=answer.status, headers=headers))
        writer.write(head or b"")
        pieces = [answer.body[i : i + 1] for i in range(len(answer.body))] if answer.drip else [answer.body]
        for piece in pieces:
            writer.write(connection.send(h11.Data(data=piece)) or b"")
            await writer.drain()
            if answer.drip:
                await asyncio.sleep(answer.drip)
        writer.write(connection.send(h11.EndOfMessage()) or b"")
        await writer.drain()
