"""Holds every answer of the API against what its route says it answers (client-api behaviours 9 to 12, 15).

`held_to_contract(app)` is a response hook for a test's HTTP client. An answer fails that lacks a required key, that
has a key nobody declared, or whose value is not of its type; ids and times have patterns. So the OpenAPI document,
which is made of the same types, says what is sent.
"""

from collections.abc import Awaitable, Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin

import httpx
import msgspec
from quart import Quart
from werkzeug.exceptions import HTTPException

from node.api.entities.errors import Error
from node.http.requests import answered_by

HELD = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/.well-known/oauth-authorization-server")


def held_to_contract(app: Quart) -> Callable[[httpx.Response], Awaitable[None]]:
    """Return a hook that fails for an answer of `app` which is not what its route declares."""
    adapter = app.url_map.bind("", url_scheme="http")

    async def hold(response: httpx.Response) -> None:
        request = response.request
        if not request.url.path.startswith(HELD) or request.method in ("HEAD", "OPTIONS"):
            return
        name = f"{request.method} {request.url.path}: {response.status_code}"
        if response.status_code >= 400:
            await response.aread()
            hold_to(Error, response.json(), name)
            return
        try:
            endpoint, _ = adapter.match(request.url.path, method=request.method)
        except HTTPException:
            return
        declared = answered_by(app.view_functions[endpoint])
        if not declared or not response.headers.get("content-type", "").startswith("application/json"):
            return
        assert response.status_code in declared, f"{name} is not declared"
        await response.aread()
        hold_to(declared[response.status_code], response.json(), name)

    return hold


def hold_to(type_: Any, value: Any, name: str) -> None:
    """Fail unless `value` is of `type_` to the last key."""
    problems = []
    for wanted in get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,):
        try:
            read = msgspec.convert(value, wanted, strict=True)
        except msgspec.ValidationError as error:
            problems.append(str(error))
            continue
        undeclared = _first_difference(read, value)
        if undeclared is None:
            return
        problems.append(f"undeclared: {undeclared}")
    raise AssertionError(f"{name}: {'; '.join(problems)}")


def _first_difference(read: Any, sent: Any, path: str = "$") -> str | None:
    """Return where a key was sent that the type does not have."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            if key not in read:
                return f"{path}.{key}"
            if found := _first_difference(read[key], value, f"{path}.{key}"):
                return found
    elif isinstance(sent, list):
        for index, value in enumerate(sent):
            if found := _first_difference(read[index], value, f"{path}[{index}]"):
                return found
    return None
