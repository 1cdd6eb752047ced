"""An application on a loopback port for the length of a test, and ports for processes.

The socket listens before the application is built, so its URL can go into the settings, nobody else can take the port
in between, and the first request waits in the socket's queue instead of being tried again.
"""

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypercorn.asyncio import serve as run_hypercorn
from hypercorn.config import Config
from quart import Quart

from admin import tcp

BELOW_EPHEMERAL = range(15_000, 32_000)
"""Ports the kernel gives to no outgoing connection."""


TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of loopback over plain HTTP: to read every public authority takes 20 ms a client."""


def listen(host: str = "127.0.0.1") -> tuple[socket.socket, str]:
    """Return a listening socket on a free port, and the URL of what will answer there."""
    listener = socket.socket()
    listener.bind((host, 0))
    listener.listen(128)
    return listener, f"http://{host}:{listener.getsockname()[1]}"


def free_port() -> int:
    """Return a loopback port for a process that binds it itself; parallel runs hardly ever draw the same one."""
    while True:
        port = random.choice(BELOW_EPHEMERAL)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@asynccontextmanager
async def serving(app: Quart, listener: socket.socket) -> AsyncIterator[None]:
    """Let the application answer on the socket until the block ends. Fails when it cannot start."""
    tcp.install()
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.2
    stop, started = asyncio.Event(), asyncio.Event()

    @app.before_serving
    async def note() -> None:
        started.set()

    server = asyncio.create_task(run_hypercorn(app, config, shutdown_trigger=stop.wait))
    up = asyncio.create_task(started.wait())
    await asyncio.wait({server, up}, return_when=asyncio.FIRST_COMPLETED)
    up.cancel()
    if server.done():
        server.result()
    yield
    stop.set()
    with contextlib.suppress(asyncio.CancelledError):
        await server
