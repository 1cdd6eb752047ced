"""Files as answers. Installed once by the application factory.

Quart opens a file in another thread; a reader who leaves at that very moment leaves it open, with nobody to close it.
Here it is opened on the spot, which takes microseconds, and read in pieces in another thread.
"""

import asyncio
from types import TracebackType
from typing import BinaryIO

from quart import Quart, Response
from quart.wrappers.response import FileBody


class OpenedFile(FileBody):
    """A file that is closed however its reader leaves."""

    buffer_size = 64 * 1024

    async def __aenter__(self) -> "OpenedFile":
        self._opened: BinaryIO = self.file_path.open("rb")
        self._opened.seek(self.begin)
        self._left = self.end - self.begin
        return self

    async def __aexit__(self, exc_type: type, exc_value: BaseException, tb: TracebackType) -> None:
        self._opened.close()

    async def __anext__(self) -> bytes:
        piece = await asyncio.to_thread(self._opened.read, min(self.buffer_size, self._left)) if self._left else b""
        if not piece:
            raise StopAsyncIteration
        self._left -= len(piece)
        return piece


class FileResponse(Response):
    """A response whose files are `OpenedFile`s."""

    file_body_class = OpenedFile


def install(app: Quart) -> None:
    """Let the application answer with files in this way."""
    app.response_class = FileResponse
