"""Notifications in groups as apps read them (version 2)."""

import pytest

from tests.api.shapes import TIME, check_account, check_status, links
from tests.support.nodes import Node, Person, settle


async def liked_by(node: Node, post: dict[str, object], count: int) -> list[Person]:
    """Let some people like a post, one after the other."""
    people = [await node.person(f"fan{number}") for number in range(count)]
    for person in people:
        await person.act(f"/api/v1/statuses/{post['id']}/favourite")
    await settle(node.runtime)
    return people


@pytest.fixture
async def told(node: Node, ann: Person, bob: Person) -> Person:
    """Ann, after Bob and three fans liked one post, Bob another, and Bob wrote to her."""
    post = await ann.post("hello")
    await liked_by(node, post, 3)
    await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    other = await ann.post("once more")
    await bob.act(f"/api/v1/statuses/{other['id']}/favourite")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    await bob.post("@ann hello back")
    await settle(node.runtime)
    return ann


async def test_likes_of_one_post_are_one_group(told: Person, bob: Person) -> None:
    found = await told.get("/api/v2/notifications")
    assert set(found) == {"accounts", "statuses", "notification_groups"}
    groups = found["notification_groups"]
    assert [(group["type"], group["notifications_count"]) for group in groups] == [
        ("mention", 1),
        ("follow", 1),
        ("favourite", 1),
        ("favourite", 4),
    ]
    for group in groups:
        assert int(group["page_min_id"]) <= int(group["page_max_id"]) == int(group["most_recent_notification_id"])
        assert TIME.fullmatch(group["latest_page_notification_at"])
    many = groups[-1]
    assert len(many["sample_account_ids"]) == 4
    assert many["sample_account_ids"][0] == str(bob.account_id)
    assert many["group_key"].startswith("favourite-")
    assert groups[0]["group_key"] == f"ungrouped-{groups[0]['most_recent_notification_id']}"
    ids = {account["id"] for account in found["accounts"]}
    assert ids == {id_ for group in groups for id_ in group["sample_account_ids"]}
    for account in found["accounts"]:
        check_account(account)
    assert {status["id"] for status in found["statuses"]} == {
        group["status_id"] for group in groups if "status_id" in group
    }
    for status in found["statuses"]:
        check_status(status, signed_in=True)
    single = await told.get("/api/v1/notifications")
    assert {entry["group_key"] for entry in single} == {group["group_key"] for group in groups}


async def test_faces_are_told_in_part_where_that_is_enough(told: Person) -> None:
    found = await told.get("/api/v2/notifications", expand_accounts="partial_avatars")
    many = found["notification_groups"][-1]
    whole = {account["id"] for account in found["accounts"]}
    partial = {account["id"]: account for account in found["partial_accounts"]}
    assert many["sample_account_ids"][0] in whole
    assert set(many["sample_account_ids"][1:]) <= partial.keys()
    assert all(
        set(account) == {"id", "acct", "url", "avatar", "avatar_static", "locked", "bot"}
        for account in partial.values()
    )
    await told.call("GET", "/api/v2/notifications?expand_accounts=none", expect=400)


async def test_types_and_what_is_grouped(told: Person, bob: Person) -> None:
    """client-api behaviour 34."""

    async def kinds(query: str) -> list[tuple[str, int]]:
        found = await told.call("GET", f"/api/v2/notifications?{query}")
        return sorted((group["type"], group["notifications_count"]) for group in found["notification_groups"])

    assert await kinds("types[]=favourite") == [("favourite", 1), ("favourite", 4)]
    assert await kinds("exclude_types[]=favourite&exclude_types[]=follow") == [("mention", 1)]
    assert await kinds("types[]=favourite&grouped_types[]=follow") == [("favourite", 1)] * 5
    assert await kinds("types[]=favourite&grouped_types[]=favourite") == [("favourite", 1), ("favourite", 4)]
    assert await kinds(f"account_id={bob.account_id}&types[]=favourite") == [("favourite", 1)] * 2
    words = await told.call("GET", "/api/v2/notifications?supported_types[]=mention")
    for group in words["notification_groups"]:
        assert ("fallback" in group) == (group["type"] != "mention")
    assert words["notification_groups"][-1]["fallback"]["title"] == "@bob and 3 others liked your post"


async def test_pages_follow_the_links_and_hold_each_group_once(node: Node, told: Person) -> None:
    """client-api behaviour 14."""
    seen: list[str] = []
    url = "/api/v2/notifications?limit=1"
    while url:
        response = await node.http.get(url, headers={"Authorization": f"Bearer {told.token}"})
        seen += [group["group_key"] for group in response.json()["notification_groups"]]
        url = links(response.headers.get("Link", "")).get("next", "")
    assert len(seen) == len(set(seen)) == 4
    first = await told.get("/api/v2/notifications", limit=1)
    newest = first["notification_groups"][0]["page_max_id"]
    assert (await told.get("/api/v2/notifications", min_id=newest))["notification_groups"] == []
    oldest = (await told.get("/api/v2/notifications"))["notification_groups"][-1]["page_max_id"]
    newer = await told.get("/api/v2/notifications", min_id=oldest, limit=2)
    assert [group["group_key"] for group in newer["notification_groups"]] == seen[1:3]


async def test_a_group_its_people_and_its_end(told: Person, bob: Person, node: Node) -> None:
    """Row 89: somebody else's group is none."""
    many = (await told.get("/api/v2/notifications"))["notification_groups"][-1]
    path = f"/api/v2/notifications/{many['group_key']}"
    alone = await told.get(path)
    assert alone["notification_groups"][0]["notifications_count"] == 4
    assert "page_max_id" not in alone["notification_groups"][0]
    people = await told.get(f"{path}/accounts")
    assert [account["id"] for account in people] == many["sample_account_ids"]
    response = await node.http.get(f"{path}/accounts?limit=3", headers={"Authorization": f"Bearer {told.token}"})
    assert len(response.json()) == 3
    rest = await node.http.get(
        links(response.headers["Link"])["next"], headers={"Authorization": f"Bearer {told.token}"}
    )
    assert [account["id"] for account in rest.json()] == many["sample_account_ids"][3:]
    for verb, where in (("GET", path), ("GET", f"{path}/accounts"), ("POST", f"{path}/dismiss")):
        await bob.call(verb, where, expect=404)
    assert await told.act(f"{path}/dismiss") == {}
    await told.call("GET", path, expect=404)
    await told.call("POST", f"{path}/dismiss", expect=404)
    assert len(await told.get("/api/v1/notifications")) == 3
    mention = (await told.get("/api/v2/notifications"))["notification_groups"][0]
    path = f"/api/v2/notifications/{mention['group_key']}"
    for verb, where in (("GET", path), ("GET", f"{path}/accounts"), ("POST", f"{path}/dismiss")):
        await bob.call(verb, where, expect=404)
    assert [account["id"] for account in await told.get(f"{path}/accounts")] == [str(bob.account_id)]
    assert await told.act(f"{path}/dismiss") == {}
    assert len(await told.get("/api/v1/notifications")) == 2


async def test_unread_groups_are_counted_as_one(told: Person) -> None:
    assert await told.get("/api/v2/notifications/unread_count") == {"count": 4}
    assert await told.get("/api/v1/notifications/unread_count") == {"count": 7}
    assert await told.get("/api/v2/notifications/unread_count", limit=2) == {"count": 2}
    assert await told.get("/api/v1/notifications/unread_count", limit=5) == {"count": 5}
    assert await told.get("/api/v2/notifications/unread_count", **{"types[]": "favourite"}) == {"count": 2}
    third = (await told.get("/api/v1/notifications"))[2]["id"]
    await told.act("/api/v1/markers", notifications={"last_read_id": third})
    assert await told.get("/api/v1/notifications/unread_count") == {"count": 2}
    assert await told.get("/api/v2/notifications/unread_count") == {"count": 2}


async def test_who_is_blocked_muted_or_gone_leaves_groups_and_counts(told: Person, bob: Person, node: Node) -> None:
    async def counts() -> list[int]:
        found = await told.get("/api/v2/notifications", **{"types[]": "favourite"})
        return [group["notifications_count"] for group in found["notification_groups"]]

    assert await counts() == [1, 4]
    fan = node.people["fan0"]
    await told.act(f"/api/v1/accounts/{fan.account_id}/mute")
    assert await counts() == [1, 3]
    await told.act(f"/api/v1/accounts/{bob.account_id}/block")
    await settle(node.runtime)
    assert await counts() == [2]
    await told.act(f"/api/v1/accounts/{fan.account_id}/unmute")
    assert await counts() == [3]
    post = (await told.get("/api/v2/notifications", **{"types[]": "favourite"}))["statuses"][0]
    await node.people["fan1"].act(f"/api/v1/statuses/{post['id']}/unfavourite")
    await settle(node.runtime)
    assert await counts() == [2]
    await told.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await settle(node.runtime)
    assert await counts() == []


@pytest.mark.parametrize("path", ["", "/unread_count", "/policy", "/favourite-1-1", "/favourite-1-1/accounts"])
async def test_row_90_reading_needs_its_scope(node: Node, ann: Person, path: str) -> None:
    from tests.support.make import make_token

    for scopes in ("read:statuses", "write:notifications", "profile"):
        token = await make_token(node.runtime, ann.account_id, scopes)
        response = await node.http.get(f"/api/v2/notifications{path}", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 403, scopes
    assert (await node.http.get(f"/api/v2/notifications{path}")).status_code == 401
