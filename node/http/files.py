"""Files as answers, whole or in part. Installed once by the application factory.

`send_part` answers a Range by itself: what Quart makes of `bytes=-500` is an error of its own. One range a request;
several, and what is no range, are answered with the whole file, as RFC 9110 (14.2) allows. Quart opens a file in
another thread; a reader who leaves at that very moment leaves it open, with nobody to close it. Here it is opened on
the spot, which takes microseconds, and read in pieces in another thread.
"""

import asyncio
import re
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from quart import Quart, Response, request
from quart.helpers import send_file
from quart.wrappers.response import FileBody

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


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


async def send_part(path: Path, media_type: str) -> Response:
    """Answer with a file: what is asked for of it, 304 when the asker has it, 416 when there is no such part."""
    response: Response = await send_file(path, mimetype=media_type, conditional=False)
    body = response.response
    assert isinstance(body, OpenedFile)
    response.headers["Accept-Ranges"] = "bytes"
    asked = request.headers.get("Range", "")
    if request.method != "GET" or not asked or not _is_same(response):
        return await response.make_conditional(request)
    part = part_of(asked, body.size)
    if part is None:
        return response
    start, end = part
    if start >= end:
        return Response(b"", 416, {"Content-Range": f"bytes */{body.size}"})
    body.begin, body.end = start, end
    response.status_code = 206
    response.content_length = end - start
    response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{body.size}"
    return response


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """Return where the part begins and ends that a Range asks for; nothing of a file is a part that ends where it
    begins. None when all of it is to be sent."""
    match = _RANGE.fullmatch(asked.strip()[:60])
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return max(0, size - int(match[2])), size
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    end = min(size, int(match[2]) + 1) if match[2] else size
    return min(start, end), end


def _is_same(response: Response) -> bool:
    """Whether the asker has a part of this very file, if it says of which."""
    known = request.headers.get("If-Range")
    return known is None or known in (response.headers.get("ETag"), response.headers.get("Last-Modified"))


def install(app: Quart) -> None:
    """Let the application answer with files in this way."""
    app.response_class = FileResponse
