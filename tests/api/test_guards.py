"""Over the whole route table and all streams: who is refused, and that another's ids are nobody's (rows 89 and 90).

Generated from the application itself, so a new route is held to it without anybody thinking of it. What a route has to
ask for is in `test_scope_table.py`.
"""

from typing import Any

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.accounts.service import delete_account, suspend_account
from node.auth.models import OAuthToken, User
from node.auth.rules import SCOPES, scope_allows
from node.auth.service import create_token
from tests.api.test_accounts import picture
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle
from tests.support.route_table import NOBODYS_ID, Route, call

OPEN_WRITES = {"/api/v1/apps": (400, 413, 422)}
"""What strangers may send, and what they hear who send nothing or nonsense."""
NO_WRITES = ("/oauth/userinfo", "/api/v1/admin/canonical_email_blocks/test", "/api/v1/statuses/{id}/translate")
"""POST where nothing is written."""
HUGE = 9223372036854775807
EVERYTHING = " ".join(sorted(SCOPES))


async def status(node: Node, route: Route, **request: Any) -> int:
    return (await call(node, route, **request)).status_code


async def promote(node: Node, person: Person, role: str = "admin") -> None:
    async with node.runtime.write() as uow:
        await uow.write(update(User).where(User.account_id == person.account_id).values(role=role))


def test_only_reading_is_open_to_strangers(table: list[Route]) -> None:
    for route in table:
        if route.method != "GET" and route.path not in (*OPEN_WRITES, *NO_WRITES):
            assert route.guard.required, route
            assert route.guard.scopes, route
            assert all(scope.startswith(("write:", "admin:write", "push")) for scope in route.guard.scopes), route


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
    """The first one on every route, the others, which are read in one place, on some."""
    for route in table if header == "Bearer nonsense" else table[::20]:
        if route.guard.scopes or route.guard.required:
            assert await status(node, route, headers={"Authorization": header}) == 401, route


@pytest.mark.parametrize("fate", ["revoked", "suspended", "deleted"])
async def test_row_90_a_token_that_is_over_is_no_token(node: Node, table: list[Route], ann: Person, fate: str) -> None:
    """The first on every route, the others, which are read in the same place, on some."""
    token, now = await make_token(node.runtime, ann.account_id, EVERYTHING), node.runtime.now()
    async with node.runtime.write() as uow:
        if fate == "revoked":
            await uow.write(update(OAuthToken).values(revoked_at=now))
        elif fate == "suspended":
            await suspend_account(uow, ann.account_id, now=now)
        else:
            await delete_account(uow, ann.account_id, now=now)
    for route in table if fate == "revoked" else table[::10]:
        if route.guard.scopes or route.guard.required:
            assert await status(node, route, token=token) == 401, route


async def test_row_90_with_every_scope_but_the_right_one(node: Node, table: list[Route], ann: Person) -> None:
    """And with `profile` alone, which opens two doors."""
    await promote(node, ann)
    tokens: dict[tuple[str, ...], str] = {}
    profile = await make_token(node.runtime, ann.account_id, "profile")
    for route in table:
        wanted = route.guard.scopes
        if not wanted:
            continue
        if wanted not in tokens:
            others = {scope for scope in SCOPES if not any(scope_allows({scope}, each) for each in wanted)}
            tokens[wanted] = await make_token(node.runtime, ann.account_id, " ".join(others))
        assert await status(node, route, token=tokens[wanted]) == 403, route
        if "profile" not in wanted:
            assert await status(node, route, token=profile) == 403, route


async def test_row_90_the_right_scope_alone_is_enough(node: Node, table: list[Route], ann: Person) -> None:
    await promote(node, ann)
    tokens: dict[str, str] = {}
    for route in table:
        for scope in route.guard.scopes:
            if scope not in tokens:
                tokens[scope] = await make_token(node.runtime, ann.account_id, scope)
            if not route.is_stream:
                found = await call(node, route, token=tokens[scope])
                assert found.status_code not in (401, 500), (route, scope)
                assert "scope" not in found.json().get("error", "") if found.status_code == 403 else True, route


async def test_row_90_an_app_without_a_person(node: Node, table: list[Route]) -> None:
    async with node.runtime.write() as uow:
        token = await create_token(uow, None, EVERYTHING, now=node.runtime.now())
    for route in table:
        found = await status(node, route, token=token)
        if route.guard.required and route.guard.person:
            assert found == 403, route
        else:
            assert found in (200, 400, 401, 403, 404, 422), (route, found)


@pytest.mark.parametrize("column", ["confirmed_at", "approved_at", "disabled_at"])
async def test_row_90_somebody_who_is_not_let_in(node: Node, table: list[Route], ann: Person, column: str) -> None:
    """Not confirmed, not approved, locked out: nothing but what leads to being confirmed. The first on every route,
    the others, which are read in the same place, on some."""
    token = await make_token(node.runtime, ann.account_id, EVERYTHING)
    value = node.runtime.now() if column == "disabled_at" else None
    async with node.runtime.write() as uow:
        await uow.write(update(User).values({column: value, "role": "admin"}))
    for route in table if column == "confirmed_at" else table[::10]:
        if route.guard.usable and (route.guard.scopes or route.guard.required):
            assert await status(node, route, token=token) == 403, route


async def test_row_90_somebody_who_moved_away_is_still_who_they_are(
    node: Node, table: list[Route], ann: Person
) -> None:
    """They may read and tidy up; nothing breaks."""
    async with node.runtime.write() as uow:
        await uow.write(
            update(Account).where(Account.id == ann.account_id).values(moved_to_uri="https://good.test/users/ann")
        )
    for route in table:
        if route.method == "GET" and route.guard.scopes and not route.is_stream and not route.guard.is_for_staff:
            found = await status(node, route, token=ann.token)
            assert found in (200, 400, 403, 404, 422), (route, found)


async def test_row_91_the_rights_of_staff_are_not_for_others(node: Node, table: list[Route], ann: Person) -> None:
    """Whatever scopes a token has."""
    token = await make_token(node.runtime, ann.account_id, EVERYTHING)
    staffed = [route for route in table if route.guard.is_for_staff]
    assert len(staffed) > 30
    for route in staffed:
        assert await status(node, route, token=token) == 403, route


async def test_unknown_ids_are_404(node: Node, table: list[Route], ann: Person) -> None:
    """What is no id on some routes, since one converter reads them all."""
    await promote(node, ann)
    token = await make_token(node.runtime, ann.account_id, EVERYTHING)
    with_id = [route for route in table if route.has_id]
    for number, route in enumerate(with_id):
        found = await status(node, route, id_=NOBODYS_ID, token=token)
        assert found in (404, 422), (route, found)
        for id_ in (0, HUGE, HUGE + 1, "9" * 30, "-1", "abc", "1%00", "%2e%2e", "１") if number % 20 == 0 else ():
            found = await status(node, route, id_=id_, token=token)
            assert found in (404, 405, 422) or (found, id_) == (400, "1%00"), (route, id_, found)


async def bobs_things(node: Node, ann: Person, bob: Person) -> dict[str, tuple[str, str]]:
    """Make Bob one of everything that has an id; return what it is, its id and the path on which Bob finds it."""
    soon = (node.runtime.now().replace(microsecond=0)).isoformat().replace("+00:00", "Z")
    later = soon.replace(soon[:4], str(int(soon[:4]) + 1))
    closed = await bob.post("closed @ann", visibility="direct")
    upload = await bob.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    open_post = await bob.post("open")
    await ann.act(f"/api/v1/statuses/{open_post['id']}/favourite")
    await settle(node.runtime)
    notice = (await bob.get("/api/v1/notifications"))[0]
    followed = await bob.act("/api/v1/lists", title="Bob's")
    filter_ = await bob.act("/api/v2/filters", title="x", context=["home"], keywords_attributes=[{"keyword": "cats"}])
    kept = await bob.act(f"/api/v2/filters/{filter_['id']}/statuses", status_id=open_post["id"])
    scheduled = await bob.act("/api/v1/statuses", status="later", scheduled_at=later)
    draft = await bob.act("/api/v1/drafts", status="draft")
    tag = await bob.act("/api/v1/featured_tags", name="cats")
    conversation = (await bob.get("/api/v1/conversations"))[0]
    keyword = filter_["keywords"][0]["id"]
    return {
        "post": (closed["id"], "/api/v1/statuses/"),
        "upload": (upload["id"], "/api/v1/media/"),
        "notification": (notice["id"], "/api/v1/notifications/"),
        "list": (followed["id"], "/api/v1/lists/"),
        "filter": (filter_["id"], "/api/v2/filters/"),
        "keyword": (keyword, "/api/v2/filters/keywords/"),
        "filtered post": (kept["id"], "/api/v2/filters/statuses/"),
        "scheduled post": (scheduled["id"], "/api/v1/scheduled_statuses/"),
        "draft": (draft["id"], "/api/v1/drafts/"),
        "featured hashtag": (tag["id"], ""),
        "conversation": (conversation["id"], ""),
    }


async def test_row_89_what_is_bobs_stays_bobs(
    node: Node, table: list[Route], ann: Person, bob: Person, carol: Person
) -> None:
    """Carol's token with every id of Bob's on every route: the same bytes as for an id of nobody's; nothing changes."""
    things = await bobs_things(node, ann, bob)
    own = await carol.post("mine")
    token = await make_token(node.runtime, carol.account_id, "read write follow push profile")
    later = "2099-01-01T00:00:00.000Z"
    body = {
        "status": "x", "title": "x", "keyword": "x", "phrase": "x", "name": "x", "comment": "x", "context": ["home"],
        "scheduled_at": later, "choices": [0], "status_id": own["id"], "account_ids": [ann.account_id],
        "quote_approval_policy": "nobody",
    }  # fmt: skip
    for route in table:
        if not route.has_id or route.guard.is_for_staff:
            continue
        sent = {"json": body} if route.method not in ("GET", "DELETE") else {}
        nobodys = await call(node, route, id_=NOBODYS_ID, token=token, **sent)
        assert nobodys.status_code == 404, (route, nobodys.text)
        for what, (id_, _) in things.items():
            found = await call(node, route, id_=id_, token=token, **sent)
            assert (found.status_code, found.content) == (404, nobodys.content), (route, what, found.text)
    for what, (id_, place) in things.items():
        if place:
            assert (await bob.get(f"{place}{id_}"))["id"] == id_, what
    assert [each["id"] for each in await bob.get("/api/v1/featured_tags")] == [things["featured hashtag"][0]]
    assert [each["id"] for each in await bob.get("/api/v1/conversations")] == [things["conversation"][0]]


async def test_row_89_what_others_may_see_is_not_theirs_to_change(
    node: Node, table: list[Route], ann: Person, bob: Person, carol: Person
) -> None:
    """An open post of Bob's; a request to follow him; his upload in a post of Carol's."""
    upload = await bob.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    open_post = await bob.post("open")
    owners_only = [
        route
        for route in table
        if (route.path == "/api/v1/statuses/{id}" and route.method != "GET")
        or (route.path.startswith("/api/v1/statuses/{id}/") and route.path.endswith(("/source", "/interaction_policy")))
    ]
    assert len(owners_only) == 6
    for route in owners_only:
        sent = {"json": {"status": "x"}} if route.method in ("PUT", "PATCH") else {}
        assert await status(node, route, id_=open_post["id"], token=carol.token, **sent) == 404, route
    await carol.call("POST", f"/api/v1/follow_requests/{ann.account_id}/authorize", expect=404)
    await carol.call("POST", "/api/v1/statuses", json={"status": "x", "media_ids": [upload["id"]]}, expect=422)
    assert (await bob.get(f"/api/v1/media/{upload['id']}"))["id"] == upload["id"]
