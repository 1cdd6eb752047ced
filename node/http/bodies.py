"""How large a body may be, decided before it is read (attack rows 31 and 111), and how it is read.

Everything is capped at 1 MB, but for multipart bodies where files are sent: the upload routes and, on the pages, any
form. A larger body answers 413 at the cap, whatever its Content-Length claimed or left out. Uploads go to disk as
they come, into files without a name that are gone when they are closed; a sender who is faster than the disk is made to
wait, so that memory stays flat under the largest upload.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from quart import Quart
from quart.formparser import FormDataParser
from werkzeug.exceptions import RequestEntityTooLarge

from federation.vocabulary import MAX_BODY
from node.http import connections
from node.http.application import NodeRequest
from node.http.connections import PacedBody

PLAIN_BYTES = 1_000_000
UPLOADS = {
    "/api/v1/media": (1, 1),
    "/api/v2/media": (1, 1),
    "/api/v1/accounts/update_credentials": (2, 0),
    "/web/posts": (4, 1),
}
"""Pictures and films in one request, by path (below it too)."""
PAGE_PICTURES = 4
STRANGERS = ("/auth/", "/setup")
"""Pages whose forms are read before anybody is signed in: nothing is attached there."""
MAX_FORM_PARTS = 300
UPLOAD_SECONDS: Final = 900
"""How long a body with files may take to come: some people have slow lines."""
IN_MEMORY_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class UploadSizes:
    """How many bytes a picture and a film may have."""

    picture: int
    film: int


def largest_body(path: str, content_type: str, sizes: UploadSizes) -> int:
    """Return the cap in bytes for a body sent to `path`; an inbox takes the full 1 MiB of GEN-6."""
    if path.endswith("/inbox"):
        return MAX_BODY
    if not content_type.strip().lower().startswith("multipart/form-data"):
        return PLAIN_BYTES
    for prefix, (pictures, films) in UPLOADS.items():
        if path.startswith(prefix):
            return PLAIN_BYTES + pictures * sizes.picture + films * sizes.film
    if path.startswith(("/api/", "/oauth/", *STRANGERS)):
        return PLAIN_BYTES
    return PLAIN_BYTES + PAGE_PICTURES * sizes.picture


class CappedBody(PacedBody):
    """A body that counts all that comes."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        super().__init__(expected_content_length, max_content_length)
        self._received = 0

    def append(self, data: bytes) -> None:
        """Take what came."""
        self._received += len(data)
        if self._max_content_length is not None and self._received > self._max_content_length:
            self._must_raise = RequestEntityTooLarge()
            self.set_complete()
        super().append(data)

    async def __anext__(self) -> bytes:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self._must_raise is not None:  # it became too large while it was waited for
                raise self._must_raise from None
            raise


class SentFile(tempfile.SpooledTemporaryFile[bytes]):
    """A file that was sent; closed by whoever used it, else when the request is forgotten."""

    def __del__(self) -> None:
        self.close()


def install(app: Quart, *, sizes: UploadSizes, spool: Callable[[], Path]) -> None:
    """Cap the bodies of every request of `app`; `spool` gives the folder for files that are being sent."""

    def new_file(*_: Any) -> SentFile:
        return SentFile(max_size=IN_MEMORY_BYTES, dir=str(spool()))

    class CappedRequest(NodeRequest):
        body_class = CappedBody

        def __init__(self, *args: Any, max_content_length: int | None = None, **kwargs: Any) -> None:
            path, headers = args[2], args[4]
            cap = largest_body(path, headers.get("Content-Type", ""), sizes)
            if cap > MAX_BODY:
                kwargs["body_timeout"] = UPLOAD_SECONDS
            super().__init__(*args, max_content_length=cap, **kwargs)
            self.max_content_length = cap

        def make_form_data_parser(self) -> FormDataParser:
            parser = super().make_form_data_parser()
            parser.stream_factory = new_file
            return parser

    app.request_class = CappedRequest
    connections.install(app)
    app.config["MAX_CONTENT_LENGTH"] = PLAIN_BYTES + PAGE_PICTURES * sizes.picture + sizes.film
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = PLAIN_BYTES
