"""Connections without a request: gone with their callers, closed after a time, and in nobody's way."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

from admin import idle
from tests.support.serving import listen

Address = tuple[str, int]


@asynccontextmanager
async def answering(*, keep_alive: float = 60.0) -> AsyncIterator[Address]:
    app = Quart("idle")
    app.add_url_rule("/", view_func=lambda: "well")
    listener, _ = listen()
    address = listener.getsockname()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.keep_alive_timeout = keep_alive
    config.graceful_timeout = 10
    idle.install()
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    yield address
    stop.set()
    async with asyncio.timeout(5):
        await server


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: here.test\r\n\r\n")
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head
        return await reader.readexactly(4)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def closed(*callers: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    for reader, writer in callers:
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize("rests", [True, False])
async def test_who_has_gone_keeps_nothing_open(asks: bool, rests: bool) -> None:
    """A thousand short calls a minute would use up the files a process may have open."""
    async with answering() as address:
        reader, writer = await asyncio.open_connection(*address)
        assert await ask(reader, writer) == b"well"
        before = open_files()
        callers = [await asyncio.open_connection(*address) for _ in range(20)]
        for caller in callers:
            if asks:
                assert await ask(*caller) == b"well"
        await until(lambda: open_files() == before + 40)
        if rests:
            await asyncio.sleep(2 * idle.SOON_SECONDS)
        for _, gone in callers:
            gone.close()
        await until(lambda: open_files() == before)
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
            await asyncio.sleep(1.5 * idle.SOON_SECONDS)
        writer.close()


async def test_idle_connections_hold_up_no_end() -> None:
    """`answering` waits 5 seconds for the server; the connections could rest for a minute."""
    async with answering() as address:
        rested = await asyncio.open_connection(*address)
        await asyncio.sleep(2 * idle.SOON_SECONDS)
        fresh = await asyncio.open_connection(*address)
        assert await ask(*fresh) == b"well"
    await closed(rested, fresh)
