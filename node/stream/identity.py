"""Who opens a stream: a token, wherever apps put it, or the session of a browser on a page of ours.

The token comes by Authorization, as `access_token` in the query (which no log shows), or as the WebSocket's
subprotocol. A cookie counts only where the request says that it comes from our own origin: a page elsewhere
must not open a stream in the name of whoever looks at it (attack row 97).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from werkzeug.datastructures import Headers

from node.auth.service import find_session, find_token
from node.base.errors import Forbidden, NotSignedIn
from node.base.runtime import Runtime
from node.http.cookies import cookie_name
from node.http.principals import Guard, check_guard

SESSION_SCOPES = frozenset({"read"})
SOMEBODY = Guard()
"""What every stream asks for; what each asks for beside is in `channels.GUARDS`."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A person at the other end, what they may hear, and how to find out whether that still holds."""

    account_id: int
    scopes: frozenset[str]
    last_active_at: datetime | None
    still_holds: Callable[[], Awaitable[bool]]


async def identify(
    runtime: Runtime,
    *,
    headers: Headers,
    cookies: Mapping[str, str],
    query_token: str = "",
    subprotocols: Sequence[str] = (),
    must_name_origin: bool = False,
) -> Listener:
    """Return who asks. Raises NotSignedIn, Forbidden."""
    token = _token(headers, query_token, subprotocols)
    if token is not None:
        return await _by_token(runtime, token)
    secret = cookies.get(cookie_name(runtime.settings), "")[:200]
    if not secret:
        raise NotSignedIn("Missing access token")
    _check_origin(runtime, headers, must_name_origin)
    return await _by_session(runtime, secret)


def _token(headers: Headers, query_token: str, subprotocols: Sequence[str]) -> str | None:
    given = headers.get("Authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""
    if query_token:
        return query_token
    return subprotocols[0] if subprotocols else None


def _check_origin(runtime: Runtime, headers: Headers, must_name_origin: bool) -> None:
    origin = headers.get("Origin", "")
    if (origin or must_name_origin) and origin != runtime.settings.public_url:
        raise Forbidden("This page may not open a stream here")
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden("This page may not open a stream here")


async def _by_token(runtime: Runtime, token: str) -> Listener:
    async with runtime.read() as reader:
        principal = await find_token(reader, token, runtime.now())
    if principal is None:
        raise NotSignedIn
    check_guard(principal, SOMEBODY)
    assert principal.account_id is not None, "the guard asks for a person"
    scopes = principal.scopes

    async def still_holds() -> bool:
        async with runtime.read() as reader:
            found = await find_token(reader, token, runtime.now())
        return found is not None and found.is_usable and found.scopes == scopes

    return Listener(principal.account_id, scopes, principal.last_active_at, still_holds)


async def _by_session(runtime: Runtime, secret: str) -> Listener:
    async with runtime.read() as reader:
        facts = await find_session(reader, secret, runtime.now())
    if facts is None or not facts.is_usable:
        raise NotSignedIn

    async def still_holds() -> bool:
        async with runtime.read() as reader:
            found = await find_session(reader, secret, runtime.now())
        return found is not None and found.is_usable

    return Listener(facts.account_id, SESSION_SCOPES, facts.last_active_at, still_holds)
