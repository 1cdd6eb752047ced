"""What came back from another server: the shapes of answers, and how they are read and judged.

A body is read up to a cap on its *decompressed* size; a document is believed only when its owner served it (INB-5).
Asking is `client`.
"""

import re
import zlib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import IO, Final, Self

import httpx

from federation.collection_parsing import COLLECTION_TYPES
from federation.documents import Document, load_document, type_of
from federation.errors import FetchFailed, FetchGone, FetchRefused, FetchUnchanged, OriginMismatch
from federation.exchanges import Verdict
from federation.origins import is_http_uri, same_origin, without_fragment
from federation.signatures import SignatureWish
from federation.vocabulary import is_activity_json

_RETRY_AFTER: Final = (1.0, 24 * 3600.0)
_ETAG: Final = re.compile(r'(?:W/)?"[!#-~]{0,290}"')
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT")
_NAMED_STATUSES: Final = frozenset(
    {400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 421, 422, 425, 429, 451, 500, 501, 502, 503, 504}
)
"""Those with a reason code of their own; others share one, so that nobody can invent codes for our metrics."""


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a peer knows a version of a document again (RFC 9110, section 8.8); "" where it told nothing usable."""

    etag: str = ""
    last_modified: str = ""

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Self:
        """Return what an answer says, if it may be sent back as it is."""
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        return cls(
            etag if _ETAG.fullmatch(etag) else "",
            modified if _HTTP_DATE.fullmatch(modified) else "",
        )

    def headers(self) -> dict[str, str]:
        """Return the headers that ask for a newer version only."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document that its owner served; `final_uri` is where, `size` how many bytes it was."""

    document: Document
    final_uri: str
    status: int
    size: int = 0
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class FetchedBytes:
    """A body within its cap; the content type is the peer's claim."""

    body: bytes
    content_type: str
    final_url: str
    validators: Validators = Validators()


@dataclass(frozen=True, slots=True)
class PostResult:
    """What an inbox answered, whatever the status. `retry_after` is clamped to 1 s .. 24 h (DLV-7)."""

    status: int
    retry_after: float | None
    body_excerpt: str
    wish: SignatureWish | None = None
    """How the peer wants to be signed to, if it said so and we can."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One request and its answer, looked at closely: nothing followed, nothing judged."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    sent_at: datetime
    signing_string: str
    """What we signed, as a verifier has to rebuild it; "" for an unsigned request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, before anybody judges it."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


def read_document(asked: str, fetched: FetchedBytes) -> tuple[FetchedDocument | None, str]:
    """Judge a fetched body by INB-5; return (the document if it is its owner's, its id).

    FetchFailed (`wrong_content_type`), MalformedDocument, OriginMismatch (`id_mismatch`) when it has no id and
    is no collection.
    """
    if not is_activity_json(fetched.content_type):
        raise FetchFailed(
            "wrong_content_type", f"{fetched.final_url[:200]} came as {fetched.content_type[:100]!r}", status=200
        )
    document = load_document(fetched.body)
    if "id" not in document and fetched.final_url == without_fragment(asked) and type_of(document, COLLECTION_TYPES):
        document["id"] = fetched.final_url  # a collection may go by where it lies: Takahē's outboxes do
    document_id = document.get("id")
    if not isinstance(document_id, str) or not is_http_uri(document_id):
        raise OriginMismatch("id_mismatch", f"{fetched.final_url[:200]} has no http(s) id")
    plain_id = without_fragment(document_id)
    named = plain_id in {without_fragment(asked), fetched.final_url}
    if named and same_origin(fetched.final_url, document_id):
        found = FetchedDocument(document, fetched.final_url, 200, len(fetched.body), fetched.validators)
        return found, document_id
    return None, document_id


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date, clamped to 1 s .. 24 h; nonsense is None (row 57)."""
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,30}", text):
        seconds = float(text)
    else:
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, _RETRY_AFTER[0]), _RETRY_AFTER[1])


async def read_body(response: httpx.Response, limit: int, *, cut: bool, into: IO[bytes] | None = None) -> bytes:
    """Read a body up to `limit` decompressed bytes; beyond it cut, or raise FetchFailed (`too_large`).

    With `into` it is written there piece by piece, and b"" is returned.

    Bodies of redirects and errors to a GET are not wanted: they are not read at all beyond a first piece.
    """
    if not cut and response.status_code != 200:
        return b""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise FetchFailed("bad_encoding", f"a body in {encoding[:50]!r}, which was not asked for")
    inflate = zlib.decompressobj(31) if "gzip" in encoding else None
    body, written = bytearray(), 0
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async with aclosing(response.stream.__aiter__()) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            if into is not None:
                into.write(body)
                written += len(body)
                body.clear()
            room = limit + 1 - len(body) - written
            try:
                body += inflate.decompress(chunk, room) if inflate else chunk[:room]
            except zlib.error as error:
                raise FetchFailed("bad_encoding", "a body that is not the gzip it claims to be") from error
            if len(body) + written > limit:
                if cut:
                    return bytes(body[:limit])
                raise FetchFailed("too_large", f"more than {limit} bytes", status=response.status_code)
    if into is not None:
        into.write(body)
        return b""
    return bytes(body)


def failure_of(answer: Answer, wish: float | None) -> FetchFailed:
    """Return the error that a failed GET raises; `wish` is the peer's Retry-After."""
    status = answer.status
    detail = f"{answer.url[:200]} answered {status}"
    if status == 304:
        return FetchUnchanged("unchanged", detail, status=status)
    if status in {404, 410}:
        return FetchGone("gone" if status == 410 else "not_found", detail, status=status)
    if status in {401, 403}:
        return FetchRefused("unauthorised" if status == 401 else "forbidden", detail, status=status)
    return FetchFailed("http_status", detail, status=status, retry_after=wish)


def verdict_of(status: int) -> tuple[Verdict, str]:
    """Say how a status ends an exchange, with its reason code."""
    if status < 400:
        return "accepted", ""
    family = 5 if status >= 500 else 4
    code = f"http_{status}" if status in _NAMED_STATUSES else f"http_{family}xx"
    return "failed" if family == 5 else "refused", code
