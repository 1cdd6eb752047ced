"""The wire below `client`: connection pools that reach only addresses which the guard has checked.

An httpx transport over httpcore. The guard sits where a TCP connection is made (`_GuardedBackend`), not in
front of it: the address that was judged is the address that is connected to, and a kept-alive connection
costs no further look-up. TLS still proves the host's name, because httpcore takes it from the URL.

There is one small pool for each origin, and the least used ones are closed: httpcore looks at every connection
of a pool for each request, and at every pair of idle ones, so that one pool for all peers costs more CPU time
with a hundred of them than signing does.

There is no `httpx.AsyncClient` on top: its cookie jar, environment proxies and own redirects are exactly what
must not happen here (rows 66 and 69), and they cost a third of a request's CPU time.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import certifi
import httpcore
import httpx
from httpcore import AnyIOBackend

from federation.egress import EgressPolicy
from federation.errors import EgressRefused, FederationError, FetchFailed
from federation.origins import literal_address

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
_MAX_ADDRESSES: Final = 4
_CONNECTIONS_PER_ORIGIN: Final = 40
_KEPT_PER_ORIGIN: Final = 8
_TIMEOUTS: Final = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": READ_SECONDS}


@dataclass(slots=True)
class _OriginPool:
    """The connections to one origin and how many requests use them."""

    pool: httpcore.AsyncConnectionPool
    users: int = 0


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends one request over a checked connection; raises only errors of this package.

    The request's `target` extension, when given, goes on the request line untouched (SIG-8). At most
    `max_connections` requests are under way at once, and half as many origins keep idle connections.
    """

    def __init__(
        self, egress: EgressPolicy, *, max_connections: int = 200, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._egress = egress
        self._kept_origins = max(max_connections // 2, 1)
        self._room = asyncio.Semaphore(max_connections)
        self._ssl_context = ssl_context
        self._pools: OrderedDict[tuple[str, str, int | None], _OriginPool] = OrderedDict()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send and return the response with its body still on the wire; the caller closes it."""
        url = request.url
        wire_request = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme,
                host=url.raw_host,
                port=url.port,
                target=request.extensions.get("target", url.raw_path),
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": _TIMEOUTS},
        )
        await self._room.acquire()
        origin = self._origin_pool(url)
        origin.users += 1
        try:
            response = await origin.pool.handle_async_request(wire_request)
        except BaseException as error:
            self._leave(origin)
            if not isinstance(error, Exception):
                raise
            await self._close_least_used()  # where thousands of hosts are dead nobody else would
            raise translated(error) from error
        try:
            await self._close_least_used()
        except BaseException:
            self._leave(origin)
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream, lambda: self._leave(origin)),
            request=request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        pools = list(self._pools.values())
        self._pools.clear()
        for origin in pools:
            await origin.pool.aclose()

    def tls_context(self) -> ssl.SSLContext:
        """Return how certificates are judged. Made once, and not before it is needed: loading the authorities takes
        milliseconds."""
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context(cafile=certifi.where())
        return self._ssl_context

    def _leave(self, origin: _OriginPool) -> None:
        origin.users -= 1
        self._room.release()

    def _origin_pool(self, url: httpx.URL) -> _OriginPool:
        key = (url.scheme, url.host, url.port)
        found = self._pools.get(key)
        if found is None:
            found = self._pools[key] = _OriginPool(
                httpcore.AsyncConnectionPool(
                    ssl_context=self.tls_context() if url.scheme == "https" else None,
                    max_connections=_CONNECTIONS_PER_ORIGIN,
                    max_keepalive_connections=_KEPT_PER_ORIGIN,
                    keepalive_expiry=30.0,
                    network_backend=_GuardedBackend(self._egress, url.scheme),
                )
            )
        self._pools.move_to_end(key)
        return found

    async def _close_least_used(self) -> None:
        """Close the connections of origins that were not asked for lately, beyond the number that is kept."""
        if len(self._pools) <= self._kept_origins:
            return
        idle = [key for key, origin in self._pools.items() if not origin.users]
        # All are taken out before the first is closed: meanwhile others ask for pools, and close them too.
        spare = [self._pools.pop(key) for key in idle[: len(self._pools) - self._kept_origins]]
        for origin in spare:
            await origin.pool.aclose()


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks and connects to what was checked (rows 61-63)."""

    def __init__(self, egress: EgressPolicy, scheme: str) -> None:
        self._egress = egress
        self._scheme = scheme
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | None = None
        async with asyncio.timeout(timeout):
            addresses = await self._egress.resolve_and_check(_bracketed(host), port, scheme=self._scheme)
            for address in addresses[:_MAX_ADDRESSES]:
                try:
                    return await self._inner.connect_tcp(
                        str(address), port, local_address=local_address, socket_options=socket_options
                    )
                except httpcore.ConnectError as error:
                    failure = error
        raise failure or httpcore.ConnectError("no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise EgressRefused("bad_uri", "a unix socket is no federated server")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Body(httpx.AsyncByteStream):
    """A response body as it comes, with the errors of this package."""

    def __init__(self, stream: Any, on_close: Callable[[], None]) -> None:
        self._stream = stream
        self._on_close: Callable[[], None] | None = on_close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except Exception as error:
            raise translated(error) from error

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            on_close, self._on_close = self._on_close, None
            if on_close is not None:
                on_close()


def translated(error: Exception) -> Exception:
    """Return the error of this package for one of the HTTP library; anything else comes back as it is."""
    if isinstance(error, FederationError):
        return error
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return FetchFailed("timeout", f"no answer in time ({type(error).__name__})")
    if isinstance(error, httpcore.LocalProtocolError):
        return FetchFailed("bad_request", f"the request cannot be written: {error}")
    if isinstance(error, httpcore.ConnectError):
        if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
            return FetchFailed("tls_failed", f"the peer's certificate or TLS is no good: {error}")
        return FetchFailed("connect_failed", f"nobody answers there: {error}")
    if isinstance(error, httpcore.NetworkError | httpcore.ProtocolError):
        return FetchFailed("connection_broken", f"the connection broke: {error}")
    if isinstance(error, ssl.SSLError):
        return FetchFailed("tls_failed", f"the peer's certificate or TLS is no good: {error}")
    return error


def _bracketed(host: str) -> str:
    address = literal_address(host)
    return f"[{address}]" if address is not None and address.version == 6 else host
