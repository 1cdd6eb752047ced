"""A proxy on loopback that rewrites Host, as a badly configured one does: one request a connection."""

import asyncio
import contextlib
import re
from types import TracebackType
from typing import Self


class RewritingProxy:
    """Listens on a free port and passes every request to `backend` (a port) with another Host."""

    def __init__(self, *, host: str = "backend:8000") -> None:
        self.host = host
        self.backend = 0
        self.port = 0
        self.extra = b""
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where others reach it."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?im)^content-length: *(\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            if self.host:
                head = re.sub(rb"(?im)^host: *[^\r\n]*", b"Host: " + self.host.encode(), head)
            head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n" + self.extra + b"\r\n")
            back, forth = await asyncio.open_connection("127.0.0.1", self.backend)
            forth.write(head + body)
            await forth.drain()
            while chunk := await back.read(65_536):
                writer.write(chunk)
                await writer.drain()
            forth.close()
        writer.close()
