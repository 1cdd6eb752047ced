"""Notifications as apps read them."""

import pytest

from tests.api.shapes import TIME, check_account, check_status, links
from tests.support.nodes import Node, Person, settle


@pytest.fixture
async def told(node: Node, ann: Person, bob: Person) -> Person:
    """Ann, after Bob followed, mentioned, liked and boosted."""
    post = await ann.post("hello")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    await bob.post("@ann hello back")
    await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    return ann


async def test_list(told: Person) -> None:
    found = await told.get("/api/v1/notifications")
    assert {entry["type"] for entry in found} == {"follow", "mention", "favourite", "reblog"}
    for entry in found:
        assert entry["id"].isdigit()
        assert TIME.fullmatch(entry["created_at"])
        check_account(entry["account"])
        if entry["type"] == "follow":
            assert "status" not in entry
        else:
            check_status(entry["status"], signed_in=True)
    assert await told.get(f"/api/v1/notifications/{found[0]['id']}") == found[0]
    assert await told.get("/api/v1/notifications/unread_count") == {"count": 4}


async def test_types(told: Person, bob: Person) -> None:
    """client-api behaviour 34."""

    async def kinds(query: str) -> list[str]:
        return sorted(entry["type"] for entry in await told.call("GET", f"/api/v1/notifications?{query}"))

    assert await kinds("types[]=mention&types[]=follow") == ["follow", "mention"]
    assert await kinds("exclude_types[]=mention&exclude_types[]=follow") == ["favourite", "reblog"]
    assert await kinds("types[]=poll") == []
    assert len(await kinds(f"account_id={bob.account_id}")) == 4
    assert await kinds(f"account_id={told.account_id}") == []


async def test_a_type_that_an_app_does_not_know_comes_with_words(told: Person) -> None:
    """client-api behaviour 34."""
    found = await told.get("/api/v1/notifications", **{"supported_types[]": ["mention", "follow"]})
    words = {entry["type"]: entry.get("fallback") for entry in found}
    assert words["mention"] is None
    assert words["follow"] is None
    assert words["favourite"] == {
        "title": "@bob liked your post",
        "summary": None,
        "details": "<p>Open it in a browser to see all of it.</p>",
    }
    one = next(entry for entry in found if entry["type"] == "reblog")
    alone = await told.get(f"/api/v1/notifications/{one['id']}", **{"supported_types[]": "mention"})
    assert alone == one
    assert "fallback" not in await told.get(f"/api/v1/notifications/{one['id']}")


async def test_pages(node: Node, told: Person) -> None:
    seen: list[str] = []
    url = "/api/v1/notifications?limit=2"
    while url:
        response = await node.http.get(url, headers={"Authorization": f"Bearer {told.token}"})
        seen += [entry["id"] for entry in response.json()]
        url = links(response.headers.get("Link", "")).get("next", "")
    assert len(seen) == len(set(seen)) == 4
    assert seen == sorted(seen, key=int, reverse=True)


async def test_dismiss_and_clear(told: Person, bob: Person) -> None:
    first, second, *rest = [entry["id"] for entry in await told.get("/api/v1/notifications")]
    await bob.call("POST", f"/api/v1/notifications/{first}/dismiss", expect=404)
    assert await told.act(f"/api/v1/notifications/{first}/dismiss") == {}
    assert await told.act("/api/v1/notifications/dismiss", id=second) == {}
    await told.call("POST", f"/api/v1/notifications/{first}/dismiss", expect=404)
    assert [entry["id"] for entry in await told.get("/api/v1/notifications")] == rest
    assert await told.act("/api/v1/notifications/clear") == {}
    assert await told.get("/api/v1/notifications") == []


async def test_the_blocked_are_not_heard(told: Person, bob: Person) -> None:
    await told.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert await told.get("/api/v1/notifications") == []
