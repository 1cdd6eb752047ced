"""The node of the request under way. Called by every door."""

from typing import cast

from quart import Quart, Request, current_app, request

from node.base.runtime import Runtime

_KEY = "rookery.runtime"


def bind_runtime(app: Quart, runtime: Runtime) -> None:
    """Say which node `app` is. Called once, by the application factory."""
    app.extensions[_KEY] = runtime


def runtime_of(app: Quart) -> Runtime:
    """Return the node that `app` is."""
    return cast(Runtime, app.extensions[_KEY])


def runtime() -> Runtime:
    """Return the node this request came to."""
    return runtime_of(current_app)


def this_request() -> Request:
    """Return the request itself, for whoever looks at it more than once: each look through `quart.request` costs as
    much as ten attributes."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]


def client_address() -> str:
    """Return the caller's address as text ("" for a unix socket), after trusted proxies have been believed."""
    client = request.scope.get("client")
    return str(client[0]) if client else ""
