"""Who is looking at a page: the session behind the cookie, and the guards every page and form stands behind.

A browser that is signed in holds one cookie with a secret; the row behind it (`node/auth`) knows whose it is and
carries the token that every form of that session must send back. A browser that is not signed in gets such a
token only where it meets a form (sign-in, sign-up, setup), in a cookie of its own.

* `@signed_in` passes a `Visitor` as first argument, or leads to the sign-in page; `@staff_only` asks for a role too;
  `@anybody` passes a `Visitor` or None.
* A request that changes something must come from a page of ours: the form's token is compared in constant time,
  and an `Origin` or `Sec-Fetch-Site` that names somebody else is refused before that (attacks rows 94 and 95).

The cookies are `SameSite=Lax`, `HttpOnly`, `Secure` under https. Their names carry the port where there is one,
because browsers share cookies between the ports of a host.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from hmac import compare_digest
from typing import Concatenate, ParamSpec, cast
from urllib.parse import quote, urlsplit

from quart import Response, g, redirect, request

from node.auth.service import find_session, touch_activity, touch_session
from node.auth.staffing import lacks_second_step
from node.base.errors import Forbidden, NotSignedIn
from node.http.context import client_address, runtime
from node.http.cookies import cookie_name
from node.http.limits import PAGES, Bucket, spend
from node.http.problems import wants_json
from node.http.proxies import network_of

P = ParamSpec("P")
Answer = Response | str

MAX_PATH = 4_000
"""As long as an app may make the address of the page on which it is let in."""

FOREIGN_FORM = "This form did not come from a page of this server, or that page is too old. Go back, reload, try again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who is signed in in this browser."""

    account_id: int
    session_id: int
    role: str
    csrf_token: str
    last_seen_at: datetime
    theme: str = "auto"
    last_active_at: datetime | None = None

    @property
    def is_staff(self) -> bool:
        """Whether the operator's pages are open to them."""
        return self.role in ("admin", "moderator")


def set_cookie(response: Response, purpose: str, value: str, *, seconds: int | None = None) -> None:
    """Put one of our cookies into `response`."""
    settings = runtime().settings
    response.set_cookie(
        cookie_name(settings, purpose),
        value,
        max_age=seconds,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def drop_cookie(response: Response, purpose: str) -> None:
    """Take one of our cookies back."""
    settings = runtime().settings
    response.delete_cookie(
        cookie_name(settings, purpose), path="/", secure=settings.secure, httponly=True, samesite="Lax"
    )


def read_cookie(purpose: str) -> str:
    """Return what one of our cookies says; "" without it."""
    return request.cookies.get(cookie_name(runtime().settings, purpose), "")[:200]


async def current_visitor() -> Visitor | None:
    """Return who is signed in in this browser, asked once a request."""
    if "visitor" not in g:
        g.visitor = await _find_visitor()
    return cast("Visitor | None", g.visitor)


async def _find_visitor() -> Visitor | None:
    secret = read_cookie("session")
    if not secret:
        return None
    node = runtime()
    async with node.read() as reader:
        facts = await find_session(reader, secret, node.now())
    if facts is None or not facts.is_usable:
        return None
    return Visitor(
        account_id=facts.account_id,
        session_id=facts.session_id,
        role=facts.role,
        csrf_token=facts.csrf_token,
        last_seen_at=facts.last_seen_at,
        theme=facts.theme,
        last_active_at=facts.last_active_at,
    )


def form_token(visitor: Visitor | None) -> str:
    """Return the token that forms on this page must send back; a stranger's is made here and kept in a cookie."""
    if visitor is not None:
        return visitor.csrf_token
    if "form_token" not in g:
        g.form_token = read_cookie("form") or secrets.token_urlsafe(24)
        g.form_token_is_new = not read_cookie("form")
    return cast(str, g.form_token)


async def check_form(visitor: Visitor | None) -> None:
    """Refuse a form that was not sent from our own page. Raises Forbidden."""
    origin = request.headers.get("Origin", "")
    if origin and origin != "null" and origin not in {runtime().settings.public_url, _own_origin()}:
        raise Forbidden(FOREIGN_FORM)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden(FOREIGN_FORM)
    sent = str((await request.form).get("csrf_token", ""))
    wanted = visitor.csrf_token if visitor is not None else read_cookie("form")
    if not wanted or not compare_digest(sent.encode(), wanted.encode()):
        raise Forbidden(FOREIGN_FORM)


def _own_origin() -> str:
    return f"{request.scheme}://{request.host}"


def safe_path(path: str | None, default: str = "/home") -> str:
    """Return `path` if it stays on this site, else `default` (attacks row 103: no open redirect)."""
    if not path or not path.startswith("/") or path.startswith("//") or len(path) > MAX_PATH:
        return default
    if "\\" in path or any(ord(letter) < 33 or ord(letter) == 127 for letter in path):
        return default
    parts = urlsplit(path)
    return path if not parts.scheme and not parts.netloc else default


async def back(default: str = "/home") -> Response:
    """Return the redirect after a form: to where it says it came from, if that is here."""
    sent = (await request.form).get("return_to")
    return cast(Response, redirect(safe_path(sent, default), 303))


def to_sign_in() -> Response:
    """Return the redirect to the sign-in page, which leads back here."""
    wanted = request.full_path.rstrip("?") if request.method in ("GET", "HEAD") else "/home"
    return cast(Response, redirect(f"/auth/sign_in?return_to={quote(wanted)}", 303))


def signed_in(handler: Callable[Concatenate[Visitor, P], Awaitable[Answer]]) -> Callable[P, Awaitable[Answer]]:
    """Guard a page or form for people who are signed in; the rest are led to sign in."""

    @wraps(handler)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        visitor = await current_visitor()
        if visitor is None:
            if wants_json():
                raise NotSignedIn("You are signed out. Sign in again to go on.")
            return to_sign_in()
        if request.method not in ("GET", "HEAD"):
            await check_form(visitor)
        await touch_activity(runtime(), visitor.account_id, last_active_at=visitor.last_active_at)
        await touch_session(runtime(), visitor.session_id, last_seen_at=visitor.last_seen_at)
        return await handler(visitor, *args, **kwargs)

    return guarded


def staff_only(
    *roles: str,
) -> Callable[[Callable[Concatenate[Visitor, P], Awaitable[Answer]]], Callable[P, Awaitable[Answer]]]:
    """Guard a page or form for people with one of `roles`."""

    def guard(handler: Callable[Concatenate[Visitor, P], Awaitable[Answer]]) -> Callable[P, Awaitable[Answer]]:
        @wraps(handler)
        async def checked(visitor: Visitor, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
            if visitor.role not in roles:
                raise Forbidden("This page is for the people who look after this server.")
            if await lacks_second_step(runtime(), visitor.account_id):
                raise Forbidden(
                    "This server asks the people who look after it for two-step sign-in. "
                    "Switch it on under Settings, Security."
                )
            return await handler(visitor, *args, **kwargs)

        return signed_in(checked)

    return guard


def anybody(
    handler: Callable[Concatenate[Visitor | None, P], Awaitable[Answer]],
) -> Callable[P, Awaitable[Answer]]:
    """Guard a page that strangers may see too; theirs are counted against the limit of pages."""

    @wraps(handler)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Answer:
        visitor = await current_visitor()
        if request.method not in ("GET", "HEAD"):
            await check_form(visitor)
        if visitor is None:
            await spend(runtime(), Bucket(PAGES, f"address:{network_of(client_address())}"))
        return await handler(visitor, *args, **kwargs)

    return guarded
