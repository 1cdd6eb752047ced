"""Every route for apps with what it asks for, takes and answers: the one table of the API, read from the application.

The OpenAPI document (`node/api/openapi.py`), the page that lists the calls, and the generated tests go through it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quart import Quart

from node.http.principals import Guard, guard_of
from node.http.requests import Request, answered_by, taken_by

FOR_APPS = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/userinfo")
_ARGUMENT = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<choices>[^)]*)\))?:)?(?P<name>\w+)>")


@dataclass(frozen=True, slots=True)
class Argument:
    """What stands in a path: an id, one of `choices`, or a word."""

    name: str
    is_id: bool
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `path` has `{name}` where an argument stands."""

    method: str
    path: str
    arguments: tuple[Argument, ...]
    endpoint: str
    guard: Guard | None
    takes: type[Request] | None
    answers: Mapping[int, Any]
    words: str
    """What the handler's docstring says."""
    handler: Any


def routes_for_apps(app: Quart) -> list[Route]:
    """Return every route for apps, by path and method."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.websocket or not rule.rule.startswith(FOR_APPS):
            continue
        handler = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append(
                Route(
                    method=method,
                    path=_ARGUMENT.sub(r"{\g<name>}", rule.rule),
                    arguments=tuple(_argument(match) for match in _ARGUMENT.finditer(rule.rule)),
                    endpoint=rule.endpoint,
                    guard=guard_of(handler),
                    takes=taken_by(handler),
                    answers=answered_by(handler),
                    words=(handler.__doc__ or "").strip(),
                    handler=handler,
                )
            )
    return sorted(found, key=lambda route: (route.path, route.method))


def _argument(match: re.Match[str]) -> Argument:
    choices = tuple(word.strip() for word in (match["choices"] or "").split(",") if word.strip())
    return Argument(match["name"], match["kind"] == "id", choices)
