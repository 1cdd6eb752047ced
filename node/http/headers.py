"""Headers that every answer carries: what browsers may do with it, and who may read it from elsewhere (CORS).

Pure functions over path and headers; `edge` applies them. A handler that sets one of these itself keeps its own
(media answers have their own Content-Security-Policy, public pages their own Cache-Control).
"""

import re
from collections.abc import Mapping

RawHeaders = list[tuple[bytes, bytes]]

PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    b"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
FORMS_LEAD_AWAY = PAGE_POLICY.replace(b"form-action 'self'; ", b"")
"""For the page on which people let an app in: its form leads back to the app, whatever that is (behaviour 27)."""
DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'; form-action 'none'"

ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

OPEN_PREFIXES = ("/api/", "/.well-known/", "/nodeinfo", "/@", "/users/", "/media/", "/actor", "/health")
OPEN_PATHS = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/userinfo"})
EXPOSED = (
    b"Link, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id, Mastodon-Async-Refresh, "
    b"Retry-After, Date"
)
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_HEADER_LIST = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,1000}")


def is_open(path: str) -> bool:
    """Whether scripts of other origins may read this path, without cookies (behaviour 17)."""
    return path.startswith(OPEN_PREFIXES) or path.rstrip("/") in OPEN_PATHS


def is_private(path: str) -> bool:
    """Whether answers of this path are for the caller alone, so that no cache may keep them (attack row 49)."""
    return path.startswith(("/api/", "/oauth/"))


def preflight_headers(asked: Mapping[bytes, bytes]) -> RawHeaders:
    """Return the headers of the answer to a CORS preflight: any header may be sent."""
    wanted = asked.get(b"access-control-request-headers", b"")
    allowed = wanted if _HEADER_LIST.fullmatch(wanted) else b"Authorization, Content-Type, Idempotency-Key"
    return [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", allowed),
        (b"access-control-max-age", b"86400"),
        (b"vary", b"Access-Control-Request-Headers"),
        (b"content-length", b"0"),
    ]


def finished_headers(given: RawHeaders, *, path: str, secure: bool, request_id: bytes) -> RawHeaders:
    """Return `given`, a response's headers, with what every response has. What is given wins."""
    given = [(name.lower(), value) for name, value in given]
    names = {name for name, _ in given}
    content_type = next((value for name, value in given if name == b"content-type"), b"")
    added = [*ALWAYS, (b"x-request-id", request_id)]
    added.append((b"content-security-policy", PAGE_POLICY if content_type.startswith(b"text/html") else DATA_POLICY))
    if secure:
        added.append(STRICT_TRANSPORT)
    if is_open(path):
        added += [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", EXPOSED)]
    if is_private(path):
        added.append((b"cache-control", b"private, no-store"))
    return given + [(name, value) for name, value in added if name not in names]
