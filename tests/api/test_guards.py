"""Over the whole route table: no token, wrong token, somebody else's ids, and nonsense (attack rows 89 and 90).

Generated from the application itself, so a new route is held to it without anybody thinking of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from quart import Quart
from sqlalchemy import update

from node.accounts.service import suspend_account
from node.auth.models import OAuthToken, User
from node.auth.service import create_token
from node.http.principals import Guard, guard_of
from tests.api.conftest import make_app
from tests.api.test_accounts import picture
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle

NOBODYS_ID = 4711
OPEN_WRITES = {"/api/v1/apps": (400, 413, 422)}
"""What strangers may send, and what they hear who send nothing or nonsense."""
NO_WRITES = ("/oauth/userinfo",)
"""POST where nothing is written."""
HUGE = 9223372036854775807


@dataclass(frozen=True)
class Route:
    """A method and path of the API, with its guard. `path` has `{id}` where an id goes."""

    method: str
    path: str
    guard: Guard

    def at(self, id_: object) -> str:
        """Return the path with an id in it."""
        return self.path.replace("{id}", str(id_)).replace("{name}", "cats")

    @property
    def has_id(self) -> bool:
        """Whether an id goes into the path."""
        return "{id}" in self.path


def routes(app: Quart) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/", "/oauth/userinfo")):
            continue
        guard = guard_of(app.view_functions[rule.endpoint])
        assert guard is not None, f"{rule.rule} stands behind no guard"
        path = rule.rule.replace("<name>", "{name}").replace("<group_key>", "ungrouped-{id}")
        path = path.replace("<date>", "2020-01-01")
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
        for argument in rule.arguments:
            path = path.replace(f"<id:{argument}>", "{id}")
        assert "<" not in path, path
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield Route(method, path, guard)


@pytest.fixture
def table(node: Node) -> list[Route]:
    found = sorted(routes(make_app(node.runtime)), key=lambda route: (route.path, route.method))
    assert len(found) > 60
    return found


async def status(node: Node, route: Route, *, id_: object = NOBODYS_ID, token: str = "", **request: Any) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    headers |= request.pop("headers", {})
    response = await node.http.request(route.method, route.at(id_), headers=headers, **request)
    if response.status_code >= 400:
        assert isinstance(response.json()["error"], str), route
    return response.status_code


def test_only_reading_is_open_to_strangers(table: list[Route]) -> None:
    for route in table:
        if route.method != "GET" and route.path not in (*OPEN_WRITES, *NO_WRITES):
            assert route.guard.required, route
            assert route.guard.scopes, route
            assert all(scope.startswith("write:") or scope == "push" for scope in route.guard.scopes), route


async def test_without_a_token(node: Node, table: list[Route]) -> None:
    for route in table:
        found = await status(node, route)
        if route.method == "POST" and route.path in OPEN_WRITES:
            assert found in OPEN_WRITES[route.path], route
        else:
            assert found == 401 if route.guard.required else found in (200, 400, 404, 422), route


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Bearer ", "Basic YTpi", "", "bearer \x00", "Bearer a b"]
)
async def test_with_a_bad_token(node: Node, table: list[Route], header: str) -> None:
    for route in table:
        if route.guard.scopes or route.guard.required:
            assert await status(node, route, headers={"Authorization": header}) == 401, route


async def test_a_revoked_token_is_no_token(node: Node, table: list[Route], ann: Person) -> None:
    async with node.runtime.write() as uow:
        await uow.write(update(OAuthToken).values(revoked_at=node.runtime.now()))
    for route in table:
        if route.guard.scopes:
            assert await status(node, route, token=ann.token) == 401, route


async def test_with_the_wrong_scope(node: Node, table: list[Route], ann: Person) -> None:
    push = await make_token(node.runtime, ann.account_id, "push")
    profile = await make_token(node.runtime, ann.account_id, "profile")
    readers = await make_token(node.runtime, ann.account_id, "read")
    for route in table:
        if not route.guard.scopes:
            continue
        if "push" not in route.guard.scopes:
            assert await status(node, route, token=push) == 403, route
        if "profile" not in route.guard.scopes:
            assert await status(node, route, token=profile) == 403, route
        if all(scope.startswith("write:") for scope in route.guard.scopes):
            assert await status(node, route, token=readers) == 403, route


async def test_one_fine_scope_opens_its_routes_only(node: Node, table: list[Route], ann: Person) -> None:
    token = await make_token(node.runtime, ann.account_id, "read:accounts")
    for route in table:
        if route.guard.scopes:
            found = await status(node, route, token=token)
            assert (found == 403) == ("read:accounts" not in route.guard.scopes), (route, found)


async def test_an_app_without_a_person(node: Node, table: list[Route]) -> None:
    async with node.runtime.write() as uow:
        token = await create_token(uow, None, "read write follow push", now=node.runtime.now())
    for route in table:
        found = await status(node, route, token=token)
        needs_person = route.guard.required and route.guard.person
        assert found == 403 if needs_person else found in (200, 400, 401, 404, 422), (route, found)


@pytest.mark.parametrize("column", ["confirmed_at", "approved_at"])
async def test_somebody_who_is_not_let_in_yet(node: Node, table: list[Route], ann: Person, column: str) -> None:
    async with node.runtime.write() as uow:
        await uow.write(update(User).values({column: None}))
    for route in table:
        if route.guard.scopes:
            assert await status(node, route, token=ann.token) == 403, route


async def test_somebody_suspended(node: Node, table: list[Route], ann: Person) -> None:
    async with node.runtime.write() as uow:
        await suspend_account(uow, ann.account_id, now=node.runtime.now())
    for route in table:
        if route.guard.scopes:
            assert await status(node, route, token=ann.token) == 401, route


async def test_unknown_ids_are_404(node: Node, table: list[Route], ann: Person) -> None:
    for route in table:
        if route.has_id:
            for id_ in (NOBODYS_ID, 0, HUGE, HUGE + 1, "9" * 30, "-1", "abc", "1%00", "%2e%2e", "１"):
                found = await status(node, route, id_=id_, token=ann.token)
                assert found in (404, 405, 422) or (found, id_) == (400, "1%00"), (route, id_, found)


async def test_what_is_bobs_stays_bobs(node: Node, table: list[Route], ann: Person, bob: Person, carol: Person) -> None:
    """Carol's token with Bob's ids: his closed post, his upload, his notification, a request to follow him."""
    closed = await bob.post("closed @ann", visibility="direct")
    upload = await bob.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    open_post = await bob.post("open")
    await ann.act(f"/api/v1/statuses/{open_post['id']}/favourite")
    await settle(node.runtime)
    (notice,) = await bob.get("/api/v1/notifications")
    for id_ in (closed["id"], upload["id"], notice["id"]):
        for route in table:
            if route.has_id:
                assert await status(node, route, id_=id_, token=carol.token) == 404, (route, id_)
    owners_only = [
        route
        for route in table
        if (route.path == "/api/v1/statuses/{id}" and route.method != "GET") or route.path.endswith("/source")
    ]
    assert len(owners_only) == 4
    for route in owners_only:
        assert await status(node, route, id_=open_post["id"], token=carol.token) == 404, route
    await carol.call("POST", f"/api/v1/follow_requests/{ann.account_id}/authorize", expect=404)
    await carol.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [upload["id"]]}, expect=422)
    assert (await bob.get("/api/v1/notifications"))[0]["id"] == notice["id"]
    assert (await bob.get(f"/api/v1/media/{upload['id']}"))["id"] == upload["id"]


NONSENSE: list[dict[str, Any]] = [
    {"params": {"limit": "x", "offset": "-1", "max_id": "'", "since_id": "1e99", "min_id": "\x00"}},
    {"params": {"limit": "9" * 99, "offset": "9" * 99, "max_id": "9" * 99, "q": "x" * 5000, "acct": "x" * 5000}},
    {"params": {"q": "%_\\'\x00\"", "acct": "%@%", "type": "\x00", "resolve": "0"}},
    {"params": {"q[]": "1", "acct[a]": "1", "id[a][b]": "1", "types[x]": "1", "status[a]": "1", "focus": "nan,inf"}},
    {"json": {"status": [1], "q": {"a": 1}, "id": {"a": []}, "source": 5, "fields_attributes": 7, "duration": "x"}},
    {"json": {"status": 5, "source": {"privacy": []}, "fields_attributes": [[1]], "media_attributes": "x"}},
    {"json": {"status": "x", "media_ids": {"a": 1}, "in_reply_to_id": -1, "visibility": 7, "language": "\u202e"}},
    {"json": {"status": None, "media_attributes": [{"id": "1", "focus": "x"}], "focus": "1,2,3", "description": 1}},
    {"json": {"status": "\u0000" * 50, "spoiler_text": "a" * 100_000, "avatar": "x", "header": {"a": 1}}},
    {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}},
    {"data": b"[" * 5000, "headers": {"Content-Type": "application/json"}},
    {"data": b"%ff=%00&a[", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"data": b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\x00../..\"\r\n\r\nMZ\r\n--x--",
     "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"data": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    {"data": b"{}", "headers": {"Content-Type": "\x7f/;;", "Idempotency-Key": "k\x00"}},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(NONSENSE)))
async def test_nonsense_never_breaks_anything(
    node: Node, table: list[Route], ann: Person, bob: Person, number: int
) -> None:
    """A malformed parameter is a 4xx (or ignored), and the answer is JSON."""
    post = await ann.post("hello")
    for route in table:
        for id_ in (bob.account_id, post["id"]) if route.has_id else (NOBODYS_ID,):
            if route.method == "DELETE":
                continue
            request = {key: dict(value) if key == "headers" else value for key, value in NONSENSE[number].items()}
            if isinstance(request.get("data"), bytes):
                request["content"] = request.pop("data")
            found = await status(node, route, id_=id_, token=ann.token, **request)
            assert found < 500, (route, found)
