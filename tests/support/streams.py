"""Clients of streams: a WebSocket over wsproto (which the server stands on too), and server-sent events over httpx."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.support.nodes import Node, Person, settle
from tests.support.serving import TRUSTS_NOBODY

PATIENCE = 20


class Refused(Exception):
    """The server did not take the handshake."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Socket:
    """One WebSocket. `closed` is (code, reason) once the server has closed it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connection = WSConnection(ConnectionType.CLIENT)
        self._texts: list[str] = []
        self._partial = ""
        self.subprotocol: str | None = None
        self.closed: tuple[int, str] | None = None

    async def send(self, message: Any) -> None:
        """Send a message as JSON, or a string as it is."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._writer.write(self._connection.send(TextMessage(text)))
        await self._writer.drain()

    async def subscribe(self, stream: str, **more: str) -> None:
        """Ask for a channel."""
        await self.send({"type": "subscribe", "stream": stream, **more})

    async def receive(self) -> dict[str, Any]:
        """Return the next message. Fails when the server closes instead."""
        async with asyncio.timeout(PATIENCE):
            while not self._texts:
                assert self.closed is None, self.closed
                await self._read()
        found: dict[str, Any] = json.loads(self._texts.pop(0))
        return found

    async def until_closed(self) -> tuple[int, str]:
        """Return how the server closes; messages on the way are dropped."""
        async with asyncio.timeout(PATIENCE):
            while self.closed is None:
                await self._read()
        return self.closed

    async def handshake(self, request: Request) -> None:
        self._writer.write(self._connection.send(request))
        async with asyncio.timeout(PATIENCE):
            while self.subprotocol is None:
                await self._read()

    async def _read(self) -> None:
        data = await self._reader.read(65536)
        if not data and self.subprotocol is None:
            raise ConnectionResetError("The connection ended during the handshake.")
        self._connection.receive_data(data or None)
        for event in self._connection.events():
            if isinstance(event, AcceptConnection):
                self.subprotocol = event.subprotocol or ""
            elif isinstance(event, RejectConnection):
                raise Refused(event.status_code)
            elif isinstance(event, TextMessage):
                self._partial += event.data
                if event.message_finished:
                    self._texts.append(self._partial)
                    self._partial = ""
            elif isinstance(event, Ping):
                self._writer.write(self._connection.send(event.response()))
            elif isinstance(event, CloseConnection):
                self.closed = (event.code, event.reason or "")
            elif not isinstance(event, RejectData):
                raise AssertionError(event)

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def socket(
    url: str,
    *,
    query: str = "",
    token: str = "",
    subprotocols: list[str] | None = None,
    tls: ssl.SSLContext | None = None,
    **headers: str,
) -> AsyncIterator[Socket]:
    """Open a WebSocket on the node at `url`. Raises Refused, or ConnectionError where the server goes away."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)
    opened = Socket(reader, writer)
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    target = "/api/v1/streaming" + (f"?{query}" if query else "")
    try:
        await opened.handshake(
            Request(
                host=parts.netloc,
                target=target,
                subprotocols=subprotocols or [],
                extra_headers=[(name.encode(), value.encode()) for name, value in sent.items()],
            )
        )
        yield opened
    finally:
        await opened.close()


class Events:
    """Server-sent events of one response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> dict[str, str] | None:
        """Return the next event's fields, or None at the end. Comments are skipped."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith(":"):
                    continue
                if not line:
                    if fields:
                        return fields
                    continue
                name, _, value = line.partition(": ")
                fields[name] = value
        return None


@asynccontextmanager
async def events(
    url: str, path: str, *, token: str = "", tls: ssl.SSLContext | None = None, **headers: str
) -> AsyncIterator[Events]:
    """Open a stream of server-sent events, which has begun when the block does."""
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE, verify=tls or TRUSTS_NOBODY) as http,
        http.stream("GET", f"/api/v1/streaming/{path}", headers=sent) as response,
    ):
        yield Events(response)


async def befriend(node: Node, follower: Person, followee: Person) -> None:
    """Let somebody follow somebody."""
    await follower.act(f"/api/v1/accounts/{followee.account_id}/follow")
    await settle(node.runtime)


async def say(node: Node, author: Person, text: str, **fields: Any) -> str:
    """Publish a post, let it arrive, and return its id."""
    status = await author.post(text, **fields)
    await settle(node.runtime)
    return str(status["id"])


def payload(message: dict[str, Any]) -> Any:
    """Return what a message carries."""
    return json.loads(message["payload"])


async def heard(opened: Socket) -> tuple[str, str, str]:
    """Return channel, event, and the id of what the next message is about."""
    message = await opened.receive()
    about = payload(message)
    return " ".join(message["stream"]), message["event"], str(about["id"] if isinstance(about, dict) else about)
