"""Who is asking: bearer tokens, scopes, and the guards that every API route stands behind.

`identify` runs before every request of an app: it reads the token, pays the rate limit, and leaves the result in
`g`. A route then says what it needs: `@needs("read:statuses")` a person whose token has that scope, `@optional`
the same or nobody at all, `@needs_token` any good token, also an app's own, `@open_to_all` nothing. A guard passes the
viewer as first argument, so a handler cannot forget to ask. Scopes for staff (`admin:...`) ask for the role as well.

Each guarded function carries its `Guard`, and so does each stream, which has a path of its own (`node/stream`): the
route table is the one table of who may do what. What it must say is written down once more beside the tests
(tests/api/expected_scopes.py), and the generated tests over it (attack rows 89 and 90) fail for a route without one.

A token that is presented must be good: an unknown or revoked one answers 401 on open routes too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from quart import Quart, Request, Response, current_app, g, request

from node.auth.rules import SCOPES, Principal, scope_allows
from node.auth.service import find_token, touch_activity, touch_token
from node.auth.staffing import lacks_second_step
from node.base.errors import Forbidden, NotSignedIn
from node.base.runtime import Runtime
from node.http.context import client_address, runtime, this_request
from node.http.limits import Bucket, Limit, LimitReached, costs_of, spend
from node.http.proxies import network_of
from node.http.tiers import buckets_of

P = ParamSpec("P")
R = TypeVar("R")

IDENTIFIED = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/userinfo")
"""Paths that are for apps."""
OUT_OF_SCOPE = "This action is outside the authorized scopes"
NO_PERSON = "This method requires an authenticated user"
NOT_CONFIRMED = "Your login is missing a confirmed e-mail address"
NOT_APPROVED = "Your login is currently pending approval"
DISABLED = "Your login is currently disabled"
STAFF = ("moderator", "admin")
NO_SECOND_STEP = "This server asks the people who look after it for two-step sign-in"
NOT_STAFF = "This is for the people who look after this server"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person an API request is made for."""

    account_id: int
    token_id: int
    role: str
    app_id: int | None = None


@cache
def _is_for_staff(scopes: tuple[str, ...]) -> bool:
    return any(scope.startswith("admin:") for scope in scopes)


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route or stream asks for: one of `scopes`, and whether a token has to be there at all."""

    scopes: tuple[str, ...] = ()
    required: bool = True
    person: bool = True
    """Whether a person has to stand behind the token; else an app's own will do."""
    usable: bool = True
    """Whether that person's address has to be confirmed and the account approved."""

    @property
    def is_for_staff(self) -> bool:
        """Whether only moderators and admins are let in."""
        return _is_for_staff(self.scopes)

    def __post_init__(self) -> None:
        """Refuse, when the program starts, a scope that no app could be given."""
        unknown = set(self.scopes) - SCOPES
        if unknown:
            raise ValueError(f"no such scope: {', '.join(sorted(unknown))}")


def install(app: Quart) -> None:
    """Identify the caller before every request of an app and tell of limits after it."""
    app.before_request(identify)
    app.after_request(_tell_limits)


async def identify() -> None:
    """Find out whose token came with a request of an app, and pay its rate limits. Leaves both in `g`."""
    request = this_request()
    if not request.path.startswith(IDENTIFIED):
        return
    node, token = runtime(), bearer_token()
    principal = None
    if token is not None:
        async with node.read() as reader:
            principal = await find_token(reader, token, node.now())
    g.principal = principal
    g.token_refused = token is not None and principal is None
    if node.settings.rate_limits:
        await _pay(node, request, principal)


def bearer_token() -> str | None:
    """Return the token of the Authorization header, None without one. Other schemes count as a bad token."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def pay(viewer: Viewer, limit: Limit) -> None:
    """Pay one use of a narrower limit, such as uploads. Raises LimitReached."""
    await _spend(runtime(), Bucket(limit, f"account:{viewer.account_id}"))


async def _pay(node: Runtime, request: Request, principal: Principal | None) -> None:
    cost, narrower = costs_of(current_app.view_functions.get(request.endpoint or ""))
    network = network_of(client_address()) if principal is None else ""
    buckets = buckets_of(principal, network=network, settings=node.settings, now=node.now(), cost=cost)
    if principal is not None and principal.account_id is not None:
        buckets += [Bucket(limit, f"account:{principal.account_id}") for limit in narrower]
    await _spend(node, *buckets)


async def _spend(node: Runtime, *buckets: Bucket) -> None:
    try:
        allowance = await spend(node, *buckets)
    except LimitReached as reached:
        g.allowance = reached.allowance
        raise
    if allowance is not None:
        g.allowance = allowance


async def _tell_limits(response: Response) -> Response:
    allowance = g.get("allowance")
    if allowance is not None:
        response.headers.update(allowance.headers())
    return response


def _principal() -> Principal | None:
    """Return the principal of a good token, None without a token. Raises NotSignedIn for a bad one."""
    if g.token_refused:
        raise NotSignedIn
    return cast("Principal | None", g.principal)


def check_guard(principal: Principal, guard: Guard) -> None:
    """Refuse a token that is not what `guard` asks for. Raises Forbidden."""
    if guard.scopes and not any(scope_allows(principal.scopes, scope) for scope in guard.scopes):
        raise Forbidden(OUT_OF_SCOPE)
    if guard.person and principal.account_id is None:
        raise Forbidden(NO_PERSON)
    if principal.is_disabled and (guard.person or guard.usable):
        raise Forbidden(DISABLED)
    if guard.usable and not principal.is_usable:
        raise Forbidden(NOT_APPROVED if principal.is_confirmed else NOT_CONFIRMED)
    if guard.is_for_staff and principal.role not in STAFF:
        raise Forbidden(NOT_STAFF)


async def _admit(guard: Guard) -> Principal | None:
    """Return whose token came, None for a stranger where one is welcome. Raises NotSignedIn, Forbidden."""
    principal = _principal()
    if principal is not None:
        check_guard(principal, guard)
        if guard.is_for_staff and await lacks_second_step(runtime(), principal.account_id or 0):
            raise Forbidden(NO_SECOND_STEP)
    elif guard.required:
        raise NotSignedIn
    return principal


def _viewer(principal: Principal) -> Viewer | None:
    if principal.account_id is None:
        return None
    return Viewer(principal.account_id, principal.token_id, principal.role, principal.app_id)


def needs(
    *scopes: str, usable: bool = True
) -> Callable[[Callable[Concatenate[Viewer, P], Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Guard a route: a person, and a token with one of `scopes`. Answers 401 or 403 otherwise.

    `usable=False` lets people in who have still to confirm their address or to be approved.
    """
    asked = Guard(scopes, usable=usable)

    def guard(handler: Callable[Concatenate[Viewer, P], Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(handler)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            principal = cast(Principal, await _admit(asked))
            viewer = cast(Viewer, _viewer(principal))
            node = runtime()
            await touch_activity(node, viewer.account_id, last_active_at=principal.last_active_at)
            await touch_token(node, principal.token_id, last_used_at=principal.last_used_at)
            return await handler(viewer, *args, **kwargs)

        return with_guard(guarded, asked)

    return guard


def optional(
    *scopes: str,
) -> Callable[[Callable[Concatenate[Viewer | None, P], Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Guard a route that strangers may use: without a token, or with a good one that has one of `scopes`."""
    asked = Guard(scopes, required=False, person=False)

    def guard(handler: Callable[Concatenate[Viewer | None, P], Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(handler)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            principal = await _admit(asked)
            return await handler(_viewer(principal) if principal is not None else None, *args, **kwargs)

        return with_guard(guarded, asked)

    return guard


def needs_app(
    *scopes: str,
) -> Callable[[Callable[Concatenate[Principal, P], Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Guard a route for apps, whether or not somebody is signed in with them: any good token with one of `scopes`."""
    asked = Guard(scopes, person=False, usable=False)

    def guard(handler: Callable[Concatenate[Principal, P], Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @wraps(handler)
        async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            return await handler(cast(Principal, await _admit(asked)), *args, **kwargs)

        return with_guard(guarded, asked)

    return guard


def needs_token(
    handler: Callable[Concatenate[Principal, P], Awaitable[R]],
) -> Callable[P, Awaitable[R]]:
    """Guard a route for whoever holds a good token, of whatever scope, an app's own too. Answers 401 otherwise."""
    guard: Callable[[Callable[Concatenate[Principal, P], Awaitable[R]]], Callable[P, Awaitable[R]]] = needs_app()
    return guard(handler)


def open_to_all(handler: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Mark a route that says the same to everybody."""
    return with_guard(handler, Guard(required=False, person=False))


def guard_of(handler: Any) -> Guard | None:
    """Return what a route's handler asks for; None when it stands behind no guard."""
    return getattr(handler, "guard", None)


def with_guard(handler: Callable[P, Awaitable[R]], guard: Guard) -> Callable[P, Awaitable[R]]:
    """Say what a handler asks for that sees to it by itself, as the streams do."""
    handler.guard = guard  # type: ignore[attr-defined]
    return handler
