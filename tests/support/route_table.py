"""The route table of an application, with what each route asks for: what generated tests go through."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import httpx
from quart import Quart

from node.http.principals import Guard, guard_of
from tests.support.nodes import Node

NOBODYS_ID = 4711

_ARGUMENT = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<choices>[^)]*)\))?:)?(?P<name>\w+)>")


@dataclass(frozen=True)
class Route:
    """A method and path of the API, with its guard. `path` has `{id}` where an id goes, `{name}` where a word does."""

    method: str
    path: str
    guard: Guard

    def at(self, id_: object) -> str:
        """Return the path with an id in it."""
        query = "?stream=user" if self.path.endswith("/streaming/poll") else ""
        path = self.path.replace("{group_key}", "ungrouped-{id}")
        return path.replace("{id}", str(id_)).replace("{name}", "cats") + query

    @property
    def has_id(self) -> bool:
        """Whether an id goes into the path."""
        return "{id}" in self.path or "{group_key}" in self.path

    @property
    def is_stream(self) -> bool:
        """Whether a good request is answered for as long as somebody listens."""
        return self.path.startswith("/api/v1/streaming/") and not self.path.endswith(("/health", "/poll"))

    @property
    def key(self) -> tuple[str, str]:
        """Return method and path as the table of expected scopes names them."""
        path = re.sub(r"{\w+}", "{}", self.path.removeprefix("/api/"))
        return ("PUT" if self.method == "PATCH" else self.method), path


def routes(app: Quart) -> Iterator[Route]:
    """Return every route for apps. Fails for one without a guard."""
    for rule in app.url_map.iter_rules():
        if rule.websocket or not rule.rule.startswith(("/api/", "/oauth/userinfo")):
            continue
        guard = guard_of(app.view_functions[rule.endpoint])
        assert guard is not None, f"{rule.rule} stands behind no guard"
        for path in _paths(rule.rule):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield Route(method, path, guard)


def _paths(rule: str) -> Iterator[str]:
    """Return a rule's path, once for each word that may stand where it lists some."""
    found = list(_ARGUMENT.finditer(rule))
    spelled = []
    for argument in found:
        if argument["converter"] == "any":
            spelled.append([word.strip() for word in argument["choices"].split(",")])
        else:
            name = argument["name"] if argument["name"] == "group_key" else "name"
            spelled.append(["{id}" if argument["converter"] == "id" else f"{{{name}}}"])
    pieces = _ARGUMENT.sub("\0", rule).split("\0")
    for words in product(*spelled):
        yield "".join(piece + word for piece, word in zip(pieces, [*words, ""], strict=True))


async def call(
    node: Node, route: Route, *, id_: object = NOBODYS_ID, token: str = "", **request: Any
) -> httpx.Response:
    """Send a request to a route. Fails for a refusal that is not the JSON of one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= request.pop("headers", {})
    response = await node.http.request(route.method, route.at(id_), headers=headers, **request)
    if response.status_code >= 400:
        assert isinstance(response.json()["error"], str), route
    return response
