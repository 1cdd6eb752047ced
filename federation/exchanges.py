"""One line about what crossed the wire: who, what, how it ended and why; nothing in it opens a door.

An `Exchange` is made by `client` for what leaves and by `node.remote.arrivals` for what comes; the log of them is
`node.base.exchange_log`. Secrets are cut here, before a line is kept: of a query only parameters that are known
to be harmless keep their value, headers that carry credentials never come along, bodies are not looked at.

`reason` is one of the stable words that errors carry (`signature_mismatch`, `clock_skew`, `digest_mismatch`,
`blocked_domain`, `tls_failed`, `dns_failed`, `timeout`, `connect_failed` ...) or `http_404` and its like.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

Direction = Literal["in", "out"]
Verdict = Literal["accepted", "refused", "failed", "ignored"]
"""`refused`: one side said no. `failed`: no usable answer. `ignored`: well-formed and nothing came of it."""

HIDDEN: Final = "(hidden)"

_HARMLESS: Final = frozenset(
    {"resource", "page", "max_id", "min_id", "since_id", "cursor", "only_other_accounts", "author", "p", "limit"}
)
_SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "signature"})
_PARAMETER = re.compile(r"([?&])([^=&\s]{1,200})=([^&\s]*)")
_MAX_URL: Final = 400
_MAX_DETAIL: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request with its answer, or one stored activity with its end (`kind` "processing")."""

    at: datetime
    direction: Direction
    kind: str
    """delivery, document, webfinger, host-meta, nodeinfo, media, page, inspection; theirs also read, processing."""
    host: str
    """The other host; for what was refused before a signature held, the one it claimed."""
    method: str = ""
    url: str = ""
    status: int | None = None
    verdict: Verdict = "accepted"
    reason: str = ""
    detail: str = ""
    scheme: str = ""
    ms: int = 0
    proven: bool = True
    """False for what somebody claimed without a signature that held."""
    date: str = ""
    """Their Date header, for the difference of the clocks."""
    source: str = ""
    forwarded: bool = False
    """Inbound: forwarding headers name another caller than `source`, so a proxy that is not trusted lies between."""


def kind_of(method: str, url: str, accept: str) -> str:
    """Say what a request of ours was for."""
    if method == "POST":
        return "delivery"
    path = url.partition("?")[0]
    for name in ("webfinger", "host-meta", "nodeinfo"):
        if f"/{name}" in path:
            return name
    if accept.startswith("image/"):
        return "media"
    return "page" if "html" in accept and "activity" not in accept else "document"


def plain_url(url: str) -> str:
    """Return a URL without the values of parameters that could be secrets, and not too long."""
    return without_secrets(url)[:_MAX_URL] if "?" in url else url[:_MAX_URL]


def plain_detail(text: str) -> str:
    """Return a sentence with the same care."""
    return without_secrets(" ".join(text.split()))[:_MAX_DETAIL]


def without_secrets(text: str) -> str:
    """Hide the values of all query parameters in a text but those of harmless ones."""
    return _PARAMETER.sub(
        lambda found: found[0] if found[2].lower() in _HARMLESS else f"{found[1]}{found[2]}={HIDDEN}", text
    )


def plain_signing_string(text: str) -> str:
    """Return a signing string without credentials that a sender chose to cover, and without secret parameters."""
    lines = []
    for line in text.split("\n"):
        name, colon, _ = line.partition(":")
        secret = colon and name.strip('" ').lower() in _SECRET_HEADERS
        lines.append(f"{name}: {HIDDEN}" if secret else without_secrets(line)[:1_000])
    return "\n".join(lines[:40])


def clock_difference(date: str, at: datetime) -> int | None:
    """Return how many seconds a Date header is ahead of our clock; None for none or nonsense."""
    if not date:
        return None
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return round(((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - at).total_seconds())
