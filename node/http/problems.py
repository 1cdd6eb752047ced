"""The one place where an error becomes a response: JSON for machines, a page for people.

Handlers raise (`node.base.errors`, or nothing of their own); nobody builds an error response by hand. Every path
of the API, of OAuth's machine endpoints and of federation answers `{"error": "..."}` (client-api behaviour 15),
unknown paths under them too. For the rest `node/web` registers a renderer with `register_html`. What we did not
expect is logged with its trace and shown as a plain 500 without a word of it.
"""

from collections.abc import Awaitable, Callable

import orjson
import structlog
from quart import Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException

from node.base.errors import GrantRefused, Invalid, RookeryError, TooManyRequests, Unavailable
from node.base.full_disk import NO_ROOM, is_full
from node.http.json_provider import MEDIA_TYPE

HtmlRenderer = Callable[[int, str], Awaitable[str | Response]]

MACHINE_PREFIXES = (
    "/api/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
    "/.well-known/",
    "/nodeinfo",
    "/inbox",
    "/actor",
    "/contexts/",
    "/follows/",
    "/likes/",
    "/blocks/",
    "/health",
    "/livez",
    "/readyz",
    "/metrics",
)
RETRY_SECONDS = 5
_KEY = "rookery.html_problem"
_MESSAGES = {
    400: "The request could not be understood.",
    404: "Record not found",
    405: "This method is not allowed here.",
    408: "The request took too long to arrive.",
    413: "That is too large.",
    415: "This kind of content is not understood here.",
    500: RookeryError.default_message,
}

log = structlog.get_logger(__name__)


def install(app: Quart) -> None:
    """Let `app` answer errors. Called once, by the application factory."""
    app.register_error_handler(RookeryError, _on_own_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_surprise)


def register_html(app: Quart, renderer: HtmlRenderer) -> None:
    """Say how people see an error: `renderer(status, message)` returns the page."""
    app.extensions[_KEY] = renderer


def error_body(message: str, word: str = "", details: object = None) -> Response:
    """Return the JSON form of an error; one of OAuth has a `word` that says which it is, one of a sign-up `details`
    (behaviour 15)."""
    body: dict[str, object] = {"error": word, "error_description": message} if word else {"error": message}
    if details is not None:
        body["details"] = details
    return Response(orjson.dumps(body), content_type=MEDIA_TYPE)


async def problem(
    status: int, message: str, headers: dict[str, str] | None = None, *, word: str = "", details: object = None
) -> Response:
    """Return the response for an error, in the form its reader wants."""
    renderer: HtmlRenderer | None = current_app.extensions.get(_KEY)
    response: Response | None = None
    if renderer is not None and not wants_json():
        try:
            page = await renderer(status, message)
            response = page if isinstance(page, Response) else Response(page, content_type="text/html; charset=utf-8")
        except Exception:
            log.error("error_page_failed", status=status, exc_info=True)
    if response is None:
        response = error_body(message, word, details)
    response.status_code = status
    response.headers.update(headers or {})
    if status == 413 and request.http_version in ("1.0", "1.1"):
        response.headers["Connection"] = "close"  # what is left of the body is not read, so nothing can follow it
    return response


def wants_json() -> bool:
    """Whether this request comes from a program: by its path, else by what it accepts."""
    path = request.path
    if path.startswith(MACHINE_PREFIXES) or (path.startswith("/users/") and request.method != "GET"):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


async def _on_own_error(error: RookeryError) -> Response:
    headers: dict[str, str] = {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = str(RETRY_SECONDS)
        log.warning("unavailable", path=request.path, cause=repr(error.__cause__))
    if error.status >= 500 and not isinstance(error, Unavailable):
        log.error("request_failed", path=request.path, exc_info=error)
    message = error.message
    if isinstance(error, Invalid) and not message:
        message = Invalid.default_message
    if isinstance(error, GrantRefused):
        if error.status == 401 and "Authorization" in request.headers:
            headers["WWW-Authenticate"] = 'Basic realm="OAuth"'
        return await problem(error.status, message, headers, word=error.word)
    details = error.details if isinstance(error, Invalid) else None
    return await problem(error.status, message, headers, details=details)


async def _on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:  # a redirect the router wants
        return error.get_response()  # type: ignore[return-value]
    headers = {}
    allowed = getattr(error, "valid_methods", None)
    if status == 405 and allowed:
        headers["Allow"] = ", ".join(sorted(allowed))
    return await problem(status, _MESSAGES.get(status, error.name), headers)


async def _on_surprise(error: Exception) -> Response:
    if is_full(error):
        refused = Unavailable(NO_ROOM)
        refused.__cause__ = error
        return await _on_own_error(refused)
    log.error("request_failed", path=request.path, method=request.method, exc_info=error)
    return await problem(500, RookeryError.default_message)
