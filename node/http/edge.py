"""The outermost layer: an ASGI wrapper round the whole application.

For each request, in this order: the caller's real address, a request id (bound to every log line of the
request), paths that have two readings refused, CORS preflight answered at once, its turn (`precedence`), the
application, headers finished, one access line. The line has the path but never the query, which may hold a token
(attack row 97) or what somebody searched for.
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from node.base.publishing import Publishing
from node.base.settings import Settings
from node.http.headers import RawHeaders, finished_headers, is_open, preflight_headers
from node.http.precedence import Precedence
from node.http.proxies import is_trusted, parse_address, real_client

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics", "/health"})
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")


class Edge:
    """Wraps `application`; has nothing of a request."""

    def __init__(self, application: Application, settings: Settings, publishing: Publishing) -> None:
        self._application = application
        self._settings = settings
        self.precedence = Precedence(publishing)
        self._log = structlog.get_logger("rookery.access").bind()  # once, not with every line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._application(scope, receive, send)
            return
        request_id = self._settle_caller(scope)
        clear_contextvars()
        bind_contextvars(request_id=request_id.decode())
        if scope["type"] == "websocket":
            await self._application(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_finished(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._finish(list(message.get("headers", [])), scope["path"], request_id)
            await send(message)

        try:
            if not _is_plain(scope["path"]):
                await _refuse(send_finished)
            elif scope["method"] == "OPTIONS" and is_open(scope["path"]):
                await self._answer_preflight(scope, send_finished)
            else:
                async with self.precedence.turn(scope):
                    await self._application(scope, receive, send_finished)
        finally:
            if scope["path"] not in QUIET_PATHS:
                self._log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                    address=(scope.get("client") or ("",))[0],
                )

    def _settle_caller(self, scope: Scope) -> bytes:
        """Put the real caller into the scope and return the request's id: a trusted proxy's, or a fresh one."""
        networks = self._settings.trusted_proxies
        peer, port = (scope.get("client") or ("", 0))[:2]
        request_id = secrets.token_hex(8).encode()
        if networks and is_trusted(parse_address(str(peer)), networks):
            headers = scope["headers"]
            given = next((value for name, value in headers if name == b"x-request-id"), b"")
            request_id = given if _REQUEST_ID.fullmatch(given) else request_id
            client, scheme = real_client(str(peer), headers, networks)
            scope["client"] = (client, port)
            if scheme is not None:
                secure = {"http": "https", "websocket": "wss"}[scope["type"]]
                plain = {"http": "http", "websocket": "ws"}[scope["type"]]
                scope["scheme"] = secure if scheme == "https" else plain
        return request_id

    def _finish(self, headers: RawHeaders, path: str, request_id: bytes) -> RawHeaders:
        return finished_headers(headers, path=path, secure=self._settings.secure, request_id=request_id)

    async def _answer_preflight(self, scope: Scope, send: Send) -> None:
        headers = preflight_headers(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_plain(path: str) -> bool:
    """Whether everybody reads this path alike: the router skips doubled slashes, what guards by path does not; a
    whole URL in the place of a path names a host of its own, and no database takes NUL (attack rows 29 and 111)."""
    return path.startswith("/") and not path.startswith("//") and "\x00" not in path


async def _refuse(send: Send) -> None:
    body = b'{"error":"The request could not be understood."}'
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
