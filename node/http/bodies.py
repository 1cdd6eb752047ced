"""How large a body may be, decided before it is read (attack rows 31 and 111).

Everything is capped at 1 MB, but for multipart bodies where pictures are sent: the upload routes and, on the
pages, any form. A larger body answers 413 at the cap, whatever its Content-Length claimed.
"""

from typing import Any

from quart import Quart, Request

from federation.vocabulary import MAX_BODY

PLAIN_BYTES = 1_000_000
UPLOADS = {
    "/api/v1/media": 1,
    "/api/v2/media": 1,
    "/api/v1/accounts/update_credentials": 2,
}
"""Pictures in one request, by path (below it too)."""
PAGE_PICTURES = 4
STRANGERS = ("/auth/", "/setup")
"""Pages whose forms are read before anybody is signed in: nothing is attached there."""
MAX_FORM_PARTS = 300


def largest_body(path: str, content_type: str, upload_bytes: int) -> int:
    """Return the cap in bytes for a body sent to `path`; an inbox takes the full 1 MiB of GEN-6."""
    if path.endswith("/inbox"):
        return MAX_BODY
    if not content_type.strip().lower().startswith("multipart/form-data"):
        return PLAIN_BYTES
    for prefix, pictures in UPLOADS.items():
        if path.startswith(prefix):
            return PLAIN_BYTES + pictures * upload_bytes
    if path.startswith(("/api/", "/oauth/", *STRANGERS)):
        return PLAIN_BYTES
    return PLAIN_BYTES + PAGE_PICTURES * upload_bytes


def install(app: Quart, *, upload_bytes: int) -> None:
    """Cap the bodies of every request of `app`."""

    class CappedRequest(Request):
        def __init__(self, *args: Any, max_content_length: int | None = None, **kwargs: Any) -> None:
            path, headers = args[2], args[4]
            cap = largest_body(path, headers.get("Content-Type", ""), upload_bytes)
            super().__init__(*args, max_content_length=cap, **kwargs)
            self.max_content_length = cap

    app.request_class = CappedRequest
    app.config["MAX_CONTENT_LENGTH"] = PLAIN_BYTES + PAGE_PICTURES * upload_bytes
    app.config["MAX_FORM_PARTS"] = MAX_FORM_PARTS
    app.config["MAX_FORM_MEMORY_SIZE"] = PLAIN_BYTES
