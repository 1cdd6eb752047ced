"""How our documents go out over HTTP: media types, ETag, what caches may keep (DISC-10, DLV-9)."""

import hashlib
from collections.abc import Mapping
from typing import Final

import orjson
from quart import Response, request

from federation.documents import Document
from federation.vocabulary import AP_TYPE

ACTIVITY_CONTENT: Final = f"{AP_TYPE}; charset=utf-8"
PUBLIC_CACHE: Final = "public, max-age=180"
PRIVATE_CACHE: Final = "private, no-store"
VARY: Final = "Accept, Signature, Signature-Input"


def packed(document: Document) -> tuple[bytes, str]:
    """Return a document's bytes and their ETag."""
    body = orjson.dumps(document)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def activity_answer(
    packet: tuple[bytes, str],
    *,
    private: bool,
    status: int = 200,
    seconds: str = PUBLIC_CACHE,
    is_reread: bool = False,
) -> Response:
    """Answer with an ActivityPub document, or 304 to whoever has it. `private`: it depends on who asked.

    `is_reread`: servers come back for it again and again. It has an ETag though it is private: no cache keeps it, but
    the asker may say what it saw, which is compared with what this very asker is to be shown.
    """
    body, etag = packet
    headers: dict[str, str] = {"Vary": VARY, "Cache-Control": PRIVATE_CACHE if private else seconds}
    if status == 200 and (is_reread or not private):
        headers["ETag"] = etag
        if etag in request.headers.get("If-None-Match", ""):
            return Response(b"", status=304, headers=headers)
    return Response(body, status=status, headers=headers, content_type=ACTIVITY_CONTENT)


def json_answer(document: Document, *, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a plain JSON document."""
    return Response(orjson.dumps(document), headers=dict(headers or {}), content_type=content_type)


def away(location: str) -> Response:
    """Send a browser to the page of what it asked the data of."""
    return Response(b"", status=302, headers={"Location": location, "Vary": VARY}, content_type="text/html")
