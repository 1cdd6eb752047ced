"""Posts: publish, read, edit, delete, source, history, threads (client-api behaviours 8, 9 to 11, 29, 30)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from node.posts.models import Post
from tests.api.shapes import TIME, check_status
from tests.support.nodes import Node, Person


async def count_posts(node: Node) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Post)))


async def test_publish(node: Node, ann: Person, bob: Person) -> None:
    sent = await ann.post("Hello @bob, see #Birds", spoiler_text="birds", language="en", visibility="unlisted")
    check_status(sent, signed_in=True)
    assert sent["visibility"] == "unlisted"
    assert sent["spoiler_text"] == "birds"
    assert sent["sensitive"] is True
    assert sent["language"] == "en"
    assert [mention["acct"] for mention in sent["mentions"]] == ["bob"]
    assert [tag["name"] for tag in sent["tags"]] == ["Birds"]
    assert sent["url"] == f"{node.url}/@ann/{sent['id']}"
    assert sent["uri"] == f"{node.url}/users/{ann.account_id}/statuses/{sent['id']}"
    assert sent["pinned"] is False
    assert 'class="u-url mention"' in sent["content"]


async def test_read_your_writes(ann: Person) -> None:
    """client-api behaviour 29."""
    sent = await ann.post("now")
    assert (await ann.home())[0]["id"] == sent["id"]
    assert (await ann.get("/api/v1/accounts/verify_credentials"))["statuses_count"] == 1


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_json_form_and_query(ann: Person, how: str) -> None:
    sent = await ann.call("POST", "/api/v1/statuses", **{how: {"status": "hello", "sensitive": "true"}})
    assert sent["sensitive"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": ""},
        {"status": "   \n"},
        {"status": "x" * 281},
        {"status": "x", "visibility": "everybody"},
        {"status": "x", "media_ids": ["123"]},
        {"status": "x", "media_ids": ["abc"]},
        {"status": "x", "language": "klingon!"},
        {"status": "x", "poll": {"options": ["a"], "expires_in": 300}},
        {"status": "x", "scheduled_at": "2001-01-01T00:00:00Z"},
    ],
)
async def test_bad_posts_are_refused_and_leave_nothing(node: Node, ann: Person, body: dict[str, Any]) -> None:
    answer = await ann.call("POST", "/api/v1/statuses", json=body, expect=422)
    assert answer["error"].startswith("Validation failed")
    assert await count_posts(node) == 0


@pytest.mark.parametrize("body", [{"status": {"a": 1}}, {"status": "x", "in_reply_to_id": "abc"}, {"status": [1]}])
async def test_malformed_posts_are_refused(ann: Person, body: dict[str, Any]) -> None:
    await ann.call("POST", "/api/v1/statuses", json=body, expect=400)


async def test_a_reply_to_nothing_is_a_404(ann: Person) -> None:
    await ann.call("POST", "/api/v1/statuses", json={"status": "x", "in_reply_to_id": "4711"}, expect=404)


async def test_the_same_key_makes_one_post(node: Node, ann: Person, bob: Person) -> None:
    """client-api behaviour 8."""
    key = {"Idempotency-Key": "abc"}

    async def send(person: Person, text: str) -> Any:
        return await person.call("POST", "/api/v1/statuses", json={"status": text}, headers=key)

    both = await asyncio.gather(*(send(ann, "once") for _ in range(4)))
    assert len({status["id"] for status in both}) == 1
    assert await count_posts(node) == 1
    assert (await send(bob, "mine"))["account"]["username"] == "bob"
    node.clock.advance(hours=2)
    assert (await send(ann, "again"))["id"] != both[0]["id"]
    long = {"Idempotency-Key": "x" * 400}
    await ann.call("POST", "/api/v1/statuses", json={"status": "x"}, headers=long, expect=400)


async def test_a_refused_post_does_not_use_up_its_key(node: Node, ann: Person) -> None:
    key = {"Idempotency-Key": "abc"}
    await ann.call("POST", "/api/v1/statuses", json={"status": ""}, headers=key, expect=422)
    sent = await ann.call("POST", "/api/v1/statuses", json={"status": "better"}, headers=key)
    assert "better" in sent["content"]


async def test_several_at_once(node: Node, ann: Person, bob: Person) -> None:
    first, second = await ann.post("1"), await ann.post("2")
    secret = await ann.post("3", visibility="direct")
    query = f"id[]={second['id']}&id[]=7&id[]={secret['id']}&id[]={first['id']}"
    found = (await node.http.get(f"/api/v1/statuses?{query}")).json()
    assert [status["id"] for status in found] == [second["id"], first["id"]]
    assert len(await ann.call("GET", f"/api/v1/statuses?{query}")) == 3


@pytest.mark.parametrize(
    ("visibility", "seen"), [("public", True), ("unlisted", True), ("private", False), ("direct", False)]
)
async def test_who_may_read(node: Node, ann: Person, bob: Person, visibility: str, seen: bool) -> None:
    """Not allowed and not existing give the same bytes (attack rows 42 and 89)."""
    post = await ann.post("hello", visibility=visibility)
    missing = (await node.http.get("/api/v1/statuses/4711")).content
    for suffix in ("", "/context", "/history", "/favourited_by", "/reblogged_by"):
        path = f"/api/v1/statuses/{post['id']}{suffix}"
        response = await node.http.get(path)
        assert response.status_code == (200 if seen else 404), path
        assert seen or response.content == missing
        await bob.call("GET", path, expect=200 if seen else 404)
        await ann.call("GET", path)
    for verb in ("favourite", "reblog", "bookmark"):
        await bob.call("POST", f"/api/v1/statuses/{post['id']}/{verb}", expect=200 if seen else 404)


async def test_edit_source_history(ann: Person, bob: Person) -> None:
    post = await ann.post("First", spoiler_text="cw")
    path = f"/api/v1/statuses/{post['id']}"
    assert await ann.get(f"{path}/source") == {"id": post["id"], "text": "First", "spoiler_text": "cw"}
    changed = await ann.call("PUT", path, json={"status": "Second"})
    check_status(changed, signed_in=True)
    assert "Second" in changed["content"]
    assert changed["spoiler_text"] == "cw"
    assert TIME.fullmatch(changed["edited_at"])
    assert changed["created_at"] == post["created_at"]
    versions = await bob.get(f"{path}/history")
    assert ["First" in version["content"] for version in versions] == [True, False]
    for version in versions:
        assert TIME.fullmatch(version["created_at"])
        assert {"content", "spoiler_text", "sensitive", "account", "media_attachments", "emojis"} <= version.keys()
    assert versions[0]["created_at"] == post["created_at"]
    await ann.call("PUT", path, json={"status": "", "spoiler_text": ""}, expect=422)
    await ann.call("PUT", path, json={"status": "x", "poll": {"options": ["a", "b"]}}, expect=422)


async def test_only_the_author_changes_a_post(ann: Person, bob: Person) -> None:
    """Attack row 89."""
    post = await ann.post("mine")
    path = f"/api/v1/statuses/{post['id']}"
    await bob.call("PUT", path, json={"status": "yours"}, expect=404)
    await bob.call("DELETE", path, expect=404)
    await bob.call("GET", f"{path}/source", expect=404)
    assert "mine" in (await ann.get(path))["content"]


async def test_delete_gives_back_what_was_written(node: Node, ann: Person, bob: Person) -> None:
    post = await ann.post("gone @bob")
    path = f"/api/v1/statuses/{post['id']}"
    gone = await ann.call("DELETE", path)
    assert gone["text"] == "gone @bob"
    assert gone["media_attachments"] == []
    assert gone["poll"] is None
    await ann.call("GET", path, expect=404)
    await ann.call("DELETE", path, expect=404)
    assert await ann.home() == []
    assert (await ann.get("/api/v1/accounts/verify_credentials"))["statuses_count"] == 0


async def test_a_thread_is_a_tree_walk(node: Node, ann: Person, bob: Person) -> None:
    """client-api behaviour 30."""
    root = await ann.post("root")
    one = await bob.post("one", in_reply_to_id=root["id"])
    two = await ann.post("two", in_reply_to_id=root["id"])
    one_a = await ann.post("one a", in_reply_to_id=one["id"])
    hidden = await bob.post("secret", in_reply_to_id=one["id"], visibility="direct")
    assert one["in_reply_to_id"] == root["id"]
    assert one["in_reply_to_account_id"] == str(ann.account_id)
    found = (await node.http.get(f"/api/v1/statuses/{root['id']}/context")).json()
    assert found["ancestors"] == []
    order = [status["id"] for status in found["descendants"]]
    assert sorted(order) == sorted([one["id"], two["id"], one_a["id"]])
    assert order.index(one_a["id"]) == order.index(one["id"]) + 1
    assert hidden["id"] not in order
    found = await bob.get(f"/api/v1/statuses/{one_a['id']}/context")
    assert [status["id"] for status in found["ancestors"]] == [root["id"], one["id"]]
    for status in found["ancestors"]:
        check_status(status, signed_in=True)
    assert (await ann.get(f"/api/v1/statuses/{root['id']}"))["replies_count"] == 2


async def test_a_direct_post_reaches_whom_it_names(ann: Person, bob: Person, carol: Person) -> None:
    post = await ann.post("psst @bob", visibility="direct")
    await bob.get(f"/api/v1/statuses/{post['id']}")
    await carol.call("GET", f"/api/v1/statuses/{post['id']}", expect=404)


async def test_a_request_torn_before_its_commit_leaves_neither_post_nor_key(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """client-api behaviour 8: a process that dies after the insert has made nothing; the next try makes one post."""
    import node.api.statuses as door

    key, body, whole = {"Idempotency-Key": "torn"}, {"status": "once"}, door.publish

    async def torn(*args: Any, **kwargs: Any) -> Any:
        await whole(*args, **kwargs)
        raise RuntimeError("killed")

    monkeypatch.setattr(door, "publish", torn)
    await ann.call("POST", "/api/v1/statuses", json=body, headers=key, expect=500)
    monkeypatch.undo()
    assert await count_posts(node) == 0
    both = await asyncio.gather(*(ann.call("POST", "/api/v1/statuses", json=body, headers=key) for _ in range(3)))
    assert len({post["id"] for post in both}) == 1
    assert await count_posts(node) == 1
