"""Markers: how far a person has read, the same in all their apps."""

from tests.support.nodes import Node, Person, settle


async def test_markers_as_json_and_as_a_form(ann: Person) -> None:
    assert await ann.get("/api/v1/markers", **{"timeline[]": "home"}) == {}
    moved = await ann.call("POST", "/api/v1/markers", json={"home": {"last_read_id": "103"}})
    assert moved["home"] | {"updated_at": ""} == {"last_read_id": "103", "version": 1, "updated_at": ""}
    assert moved["home"]["updated_at"].endswith("Z")
    moved = await ann.call(
        "POST", "/api/v1/markers", data={"home[last_read_id]": "104", "notifications[last_read_id]": "9"}
    )
    assert moved["home"]["version"] == 2
    found = await ann.get("/api/v1/markers", **{"timeline[]": ["home", "notifications", "list"]})
    assert {name: marker["last_read_id"] for name, marker in found.items()} == {"home": "104", "notifications": "9"}
    assert list(await ann.get("/api/v1/markers", timeline="notifications")) == ["notifications"]
    assert await ann.call("POST", "/api/v1/markers", json={}) == {}


async def test_a_stale_version_is_refused(ann: Person) -> None:
    await ann.call("POST", "/api/v1/markers", json={"home": {"last_read_id": "1"}})
    await ann.call("POST", "/api/v1/markers", json={"home": {"last_read_id": "5", "version": 1}})
    refused = await ann.call("POST", "/api/v1/markers", json={"home": {"last_read_id": "3", "version": 1}}, expect=409)
    assert refused["error"] == "Conflict during update, please try again"
    assert (await ann.get("/api/v1/markers", timeline="home"))["home"]["last_read_id"] == "5"


async def test_what_is_before_the_marker_counts_as_read(node: Node, ann: Person, bob: Person) -> None:
    for text in ("one", "two"):
        await bob.post(f"@ann {text}")
    await settle(node.runtime)
    newest, oldest = await ann.get("/api/v1/notifications")
    await ann.call("POST", "/api/v1/markers", json={"notifications": {"last_read_id": oldest["id"]}})
    assert (await ann.get("/api/v1/notifications/unread_count"))["count"] == 1
    await ann.call("POST", "/api/v1/markers", json={"notifications": {"last_read_id": newest["id"]}})
    assert (await ann.get("/api/v1/notifications/unread_count"))["count"] == 0


async def test_attack_89_markers_are_each_persons_own(ann: Person, bob: Person) -> None:
    await ann.call("POST", "/api/v1/markers", json={"home": {"last_read_id": "103"}})
    assert await bob.get("/api/v1/markers", timeline="home") == {}
