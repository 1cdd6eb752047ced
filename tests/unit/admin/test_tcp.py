"""Connections without a request are gone with their callers, closed after a time, and in nobody's way; those with a
request that has to wait cost little."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from admin import tcp
from node.base.publishing import Publishing
from node.base.settings import load_settings
from node.http.edge import Edge, Receive, Scope, Send
from node.http.precedence import LIKES
from tests.support.serving import listen

Address = tuple[str, int]
Caller = tuple[asyncio.StreamReader, asyncio.StreamWriter]

LIKE = "POST /api/v1/statuses/1/favourite"


@asynccontextmanager
async def answering(app: Quart | None = None, *, keep_alive: float = 60.0) -> AsyncIterator[Address]:
    app = app or Quart("idle")
    app.add_url_rule("/", view_func=lambda: "well")
    listener, _ = listen()
    address = listener.getsockname()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.keep_alive_timeout = keep_alive
    config.graceful_timeout = 10
    tcp.install()
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    yield address
    stop.set()
    async with asyncio.timeout(5):
        await server


def request(line: str = "GET /") -> bytes:
    return f"{line} HTTP/1.1\r\nHost: here.test\r\n\r\n".encode()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(request())
    return await answer(reader)


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head
        return await reader.readexactly(4)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def closed(*callers: Caller) -> None:
    for reader, writer in callers:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


def open_ends(address: Address) -> int:
    """Return how many sockets of connections with `address` this process has open, callers' and the server's."""
    found = psutil.Process().net_connections("tcp")
    return sum(one.fd >= 0 and one.status != psutil.CONN_LISTEN and address in (one.laddr, one.raddr) for one in found)


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("rests", [True, False])
async def test_who_has_gone_keeps_nothing_open(asks: bool, rests: bool) -> None:
    """A thousand short calls a minute would use up the files a process may have open."""
    async with answering() as address:
        reader, writer = await asyncio.open_connection(*address)
        assert await ask(reader, writer) == b"well"
        before = open_ends(address)
        callers = [await asyncio.open_connection(*address) for _ in range(20)]
        for caller in callers:
            if asks:
                assert await ask(*caller) == b"well"
        await until(lambda: open_ends(address) == before + 40)
        if rests:
            await asyncio.sleep(2 * tcp.SOON_SECONDS)
        for _, gone in callers:
            gone.close()
        await until(lambda: open_ends(address) == before)
        writer.close()


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with answering(keep_alive=0.1) as address:
        silent = await asyncio.open_connection(*address)
        heard = await asyncio.open_connection(*address)
        assert await ask(*heard) == b"well"
        await closed(silent, heard)


async def test_a_connection_that_rested_is_used_again() -> None:
    async with answering() as address:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            assert await ask(reader, writer) == b"well"
            await asyncio.sleep(1.5 * tcp.SOON_SECONDS)
        writer.close()


async def test_idle_connections_hold_up_no_end() -> None:
    """`answering` waits 5 seconds for the server; the connections could rest for a minute."""
    async with answering() as address:
        rested = await asyncio.open_connection(*address)
        await asyncio.sleep(2 * tcp.SOON_SECONDS)
        fresh = await asyncio.open_connection(*address)
        assert await ask(*fresh) == b"well"
    await closed(rested, fresh)


class CountingEdge(Edge):
    """Counts the requests that have begun."""

    begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.begun += 1
        await super().__call__(scope, receive, send)


class Rush:
    """A node to which more likes come than it does at once; they are done when `may_end` is set."""

    def __init__(self) -> None:
        self.app = Quart("rush")
        self.edge = CountingEdge(self.app.asgi_app, load_settings({}), Publishing())  # type: ignore[arg-type]
        self.app.asgi_app = self.edge  # type: ignore[method-assign,assignment]
        self.app.add_url_rule("/api/v1/statuses/<id_>/favourite", view_func=self._like, methods=["POST"])
        self.may_end = asyncio.Event()
        self.callers: list[Caller] = []

    async def _like(self, id_: str) -> str:
        await self.may_end.wait()
        return "like"

    async def begin(self, address: Address, *, beyond: int) -> None:
        """Have as many likes come as are done at once, and some more."""
        for _ in range(LIKES.most + beyond):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(request(LIKE))
            self.callers.append((reader, writer))
        await until(lambda: self.edge.begun == LIKES.most)

    async def end(self) -> None:
        """Have all done and see that each was answered."""
        self.may_end.set()
        for reader, writer in self.callers:
            assert await answer(reader) == b"like"
            writer.close()


async def test_a_like_that_has_to_wait_has_not_begun_and_nobody_else_waits() -> None:
    rush = Rush()
    async with answering(rush.app) as address:
        await rush.begin(address, beyond=5)
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            assert await ask(reader, writer) == b"well"
        await asyncio.sleep(2 * tcp.SOON_SECONDS)  # a connection with a request is none that is idle
        assert rush.edge.begun == LIKES.most + 3
        await rush.end()
        for _ in range(2):  # of one caller
            writer.write(request(LIKE))
            assert await answer(reader) == b"like"
        writer.close()
        assert rush.edge.begun == LIKES.most + 5 + 5


async def test_no_like_comes_before_others_by_the_way_it_is_sent() -> None:
    rush = Rush()
    async with answering(rush.app) as address:
        await rush.begin(address, beyond=0)
        asked = []
        in_pieces, in_one = await asyncio.open_connection(*address), await asyncio.open_connection(*address)
        for piece in (request(LIKE)[:30], request(LIKE)[30:]):
            in_pieces[1].write(piece)
            await asyncio.sleep(0.05)
        in_one[1].write(request() + request(LIKE))
        assert await answer(in_one[0]) == b"well"
        for reader, _ in (in_pieces, in_one):
            asked.append(asyncio.create_task(reader.readuntil(b"like")))
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in asked)
        await rush.end()
        async with asyncio.timeout(5):
            await asyncio.gather(*asked)
        in_pieces[1].close()
        in_one[1].close()


async def test_who_hangs_up_while_waiting_leaves_nothing_open_and_no_gap() -> None:
    rush = Rush()
    async with answering(rush.app) as address:
        before = open_ends(address)
        await rush.begin(address, beyond=4)
        for _, writer in rush.callers[LIKES.most : LIKES.most + 3]:
            writer.close()
        del rush.callers[LIKES.most : LIKES.most + 3]
        await rush.end()
        await until(lambda: open_ends(address) == before)
