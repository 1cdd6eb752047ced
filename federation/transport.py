"""The wire below `client`: connection pools that reach only addresses which the guard has checked.

An httpx transport over httpcore. The guard sits where a TCP connection is made (`_GuardedBackend`), not in
front of it: the address that was judged is the address that is connected to, and a kept-alive connection
costs no further look-up. TLS still proves the host's name, because httpcore takes it from the URL. There is
one pool for https and one for http, so that the backend knows which rules hold.

There is no `httpx.AsyncClient` on top: its cookie jar, environment proxies and own redirects are exactly what
must not happen here (rows 66 and 69), and they cost a third of a request's CPU time.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
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
_TIMEOUTS: Final = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": READ_SECONDS}


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends one request over a checked connection; raises only errors of this package.

    The request's `target` extension, when given, goes on the request line untouched (SIG-8).
    """

    def __init__(
        self, egress: EgressPolicy, *, max_connections: int = 200, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._egress = egress
        self._max_connections = max_connections
        self._ssl_context = ssl_context
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

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
        try:
            response = await self._pool(url.scheme).handle_async_request(wire_request)
        except Exception as error:
            raise translated(error) from error
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            request=request,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        pool = self._pools.get(scheme)
        if pool is None:
            if scheme == "https" and self._ssl_context is None:
                # Made once, and not before it is needed: loading the authorities takes milliseconds.
                self._ssl_context = ssl.create_default_context(cafile=certifi.where())
            pool = self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=self._max_connections,
                max_keepalive_connections=self._max_connections // 2,
                keepalive_expiry=30.0,
                network_backend=_GuardedBackend(self._egress, scheme),
            )
        return pool


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

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except Exception as error:
            raise translated(error) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


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
