"""A thousand hosts on loopback, every second one dead in one of six ways: what the living ones notice of that.

The dead are refused, black holes (a full backlog: no handshake ever ends), mute (they take the request and say
nothing), answer 500, answer one byte a second, or break TLS. `rows.dead_hosts` posts to all of them.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

KINDS = ("refused", "black hole", "mute", "error 500", "drips", "bad TLS")
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
_MARK = b"post no. "


@dataclass
class Hosts:
    """The thousand: their base URLs, and when which post arrived at the living ones."""

    bases: list[str] = field(default_factory=list)
    living: int = 0
    arrivals: dict[int, dict[str, float]] = field(default_factory=dict)
    """By the number of the post: each living host's time of first arrival."""

    def note(self, host: str, body: bytes) -> None:
        """A living host got a post; its text says which."""
        start = body.find(_MARK)
        if start < 0:
            return
        number = int(body[start + len(_MARK) :].split(b" ", 1)[0])
        self.arrivals.setdefault(number, {}).setdefault(host, time.perf_counter())


class _Peer(asyncio.Protocol):
    """Reads requests of known length and answers each as its kind does."""

    def __init__(self, hosts: Hosts, name: str, kind: str) -> None:
        self._hosts, self._name, self._kind = hosts, name, kind
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._kind == "bad TLS":
            self._transport.write(b"this is no TLS\r\n")
            self._transport.close()
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.index(b"content-length:") + len(b"content-length:")
            length = int(head[at:].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        assert self._transport is not None
        if self._kind == "living":
            self._hosts.note(self._name, body)
            self._transport.write(_ACCEPTED)
        elif self._kind == "error 500":
            self._transport.write(_BROKEN)
        elif self._kind == "drips":
            self._drip(0)

    def _drip(self, place: int) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(_ACCEPTED[place : place + 1])
            asyncio.get_running_loop().call_later(1.0, self._drip, (place + 1) % len(_ACCEPTED))


@asynccontextmanager
async def thousand_hosts(count: int = 1_000) -> AsyncIterator[Hosts]:
    """Open `count` hosts, half of them dead, for the length of the block."""
    hosts = Hosts()
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        with socket.socket() as probe:
            probe.bind(("127.0.20.1", 0))
            port: int = probe.getsockname()[1]
        for number in range(count):
            address = f"127.0.{20 + number // 250}.{number % 250 + 1}"
            kind = "living" if number % 2 else KINDS[number // 2 % len(KINDS)]
            hosts.living += kind == "living"
            scheme = "https" if kind == "bad TLS" else "http"
            hosts.bases.append(f"{scheme}://{address}:{port}")
            if kind == "black hole":
                stack.enter_context(_black_hole(address, port))
            elif kind != "refused":
                server = await loop.create_server(
                    lambda name=address, kind=kind: _Peer(hosts, name, kind), address, port
                )
                stack.callback(server.close)
        yield hosts


@contextlib.contextmanager
def _black_hole(address: str, port: int) -> Iterator[None]:
    """Listen with no room left, so that the handshake of whoever comes next never ends."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield
