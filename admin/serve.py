"""The web process: every door of the node on one application, served by Hypercorn on uvloop.

`build_app` is the one place where the floors meet: `node.app.create_app` is handed the doors of inbox, outbox and
admin. `run_web` is what `rookery web` and the children of `rookery up` run. The listening socket is made by
`admin/listening.py`, in the supervisor where there is one, so that several web processes share it and a restart of one
refuses no connection.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable

import structlog
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart

import admin.health
import admin.pages
import inbox.routes
import node.api
import node.media.routes
import node.stream
import node.web
import outbox.routes
from admin import interpreter, tcp
from admin.listening import BACKLOG
from admin.lookups import keep_telling
from admin.presence import RENEW_SECONDS, announce, withdraw
from node.app import create_app
from node.base.runtime import Runtime, running
from node.base.settings import Settings
from node.stream.hub import hub_of
from node.stream.sockets import FRAME_BYTES, PING_SECONDS
from node.web.showing import prepare_pages

GRACE_SECONDS = 3.0
LAST_MOMENT = 4.5
"""Seconds after SIGTERM at which requests still under way are cut off."""
KEEP_ALIVE_SECONDS = 75

log = structlog.get_logger(__name__)


def build_app(runtime: Runtime) -> Quart:
    """Return the whole application of a node."""
    return create_app(
        runtime,
        [
            *node.api.blueprints(),
            *node.stream.blueprints(),
            *node.web.blueprints(),
            node.media.routes.blueprint,
            inbox.routes.blueprint,
            outbox.routes.blueprint,
            admin.pages.blueprint,
            admin.health.blueprint,
        ],
    )


def server_config(settings: Settings, descriptor: int) -> Config:
    """Return how Hypercorn serves on the socket `descriptor`."""
    config = Config()
    config.bind = [f"fd://{descriptor}"]
    config.backlog = BACKLOG
    config.accesslog = None  # node/http/edge.py writes one line a request
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = 100_000
    config.graceful_timeout = GRACE_SECONDS
    config.ssl_handshake_timeout = 10
    config.websocket_max_message_size = FRAME_BYTES
    config.websocket_ping_interval = PING_SECONDS
    if settings.tls_cert and settings.tls_key:
        config.certfile = str(settings.tls_cert)
        config.keyfile = str(settings.tls_key)
    return config


def run_web(settings: Settings, listener: socket.socket, *, title: str, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. `on_ready` is called once the application can answer."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, listener, title, on_ready))


async def _serve(settings: Settings, listener: socket.socket, title: str, on_ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGINT, stop.set)
    async with running(settings) as runtime:
        app = build_app(runtime)
        interpreter.settle()

        @app.before_serving
        async def ready() -> None:
            on_ready()
            app.add_background_task(prepare_pages, app)

        tcp.install()
        # Hypercorn closes the descriptor it is given; a copy keeps ours.
        config = server_config(settings, os.dup(listener.fileno()))
        server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
        presence = asyncio.create_task(_stay_announced(runtime, title))
        telling = asyncio.create_task(keep_telling(runtime))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({server, stopping}, return_when=asyncio.FIRST_COMPLETED)
        hub_of(app).end_all()
        done, _ = await asyncio.wait({server}, timeout=LAST_MOMENT)
        presence.cancel()
        telling.cancel()
        stopping.cancel()
        if not done:
            log.warning("requests_cut_off")
            server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await server
        await withdraw(runtime.queues)


async def _stay_announced(runtime: Runtime, title: str) -> None:
    started_at = time.time()
    while True:
        await announce(runtime.queues, title, started_at=started_at)
        await asyncio.sleep(RENEW_SECONDS)
