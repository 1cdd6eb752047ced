"""A whole thread in one call: all of it or nothing, in order, once (client-api 8; attack row 107)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

import node.posts.thread_publishing as publishing
from node.posts.models import Post
from tests.api.test_media import upload
from tests.support.nodes import Node, Person, settle

PATH = "/api/v1/statuses/thread"


async def count(node: Node) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(Post)))


async def send(person: Person, *texts: str, expect: int = 200, headers: Any = None, **fields: Any) -> Any:
    body = {"statuses": [{"status": text} for text in texts], **fields}
    return await person.call("POST", PATH, json=body, expect=expect, headers=headers or {})


async def test_a_thread_stands_in_order(node: Node, ann: Person, bob: Person) -> None:
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    picture = await upload(ann)
    body = {
        "statuses": [
            {"status": "one @bob", "spoiler_text": "cw"},
            {"status": "two", "media_ids": [picture["id"]]},
            {"status": "three", "poll": {"options": ["a", "b"], "expires_in": 3600}},
        ],
        "visibility": "unlisted",
    }
    posts = await ann.call("POST", PATH, json=body)
    assert [post["in_reply_to_id"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    assert [post["visibility"] for post in posts] == ["unlisted"] * 3
    assert [post["spoiler_text"] for post in posts] == ["cw", "", ""]
    assert posts[1]["media_attachments"][0]["id"] == picture["id"]
    assert posts[2]["poll"]["options"][1]["title"] == "b"
    assert sorted(posts, key=lambda post: post["created_at"]) == posts
    await settle(node.runtime)
    for reader in (ann, bob):
        assert [post["id"] for post in await reader.home()][:3] == [post["id"] for post in reversed(posts)]
    context = await ann.get(f"/api/v1/statuses/{posts[0]['id']}/context")
    assert [post["id"] for post in context["descendants"]] == [posts[1]["id"], posts[2]["id"]]


async def test_one_bad_post_and_nothing_stands(node: Node, ann: Person) -> None:
    answer = await send(ann, "one", "x" * 281, "three", expect=422)
    assert "Post 2" in answer["error"]
    await send(ann, *[str(n) for n in range(26)], expect=422)
    await send(ann, expect=422)
    await ann.call("POST", PATH, json={}, expect=422)
    assert await count(node) == 0


async def test_one_key_makes_one_thread(node: Node, ann: Person) -> None:
    key = {"Idempotency-Key": "k"}
    several = await asyncio.gather(*(send(ann, "one", "two", headers=key) for _ in range(4)))
    assert len({tuple(post["id"] for post in posts) for posts in several}) == 1
    assert len(several[0]) == 2
    assert await count(node) == 2


async def test_torn_in_the_middle_nothing_stands(node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    key, seen = {"Idempotency-Key": "k"}, []
    whole = publishing.publish

    async def torn(*args: Any, **kwargs: Any) -> Any:
        seen.append(await whole(*args, **kwargs))
        if len(seen) == 2:
            raise RuntimeError("killed")
        return seen[-1]

    monkeypatch.setattr(publishing, "publish", torn)
    await send(ann, "one", "two", "three", headers=key, expect=500)
    monkeypatch.undo()
    assert await count(node) == 0
    assert len(await send(ann, "one", "two", "three", headers=key)) == 3


async def test_row_107_it_goes_no_further_than_what_it_answers(ann: Person, bob: Person) -> None:
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    hidden = await bob.post("for me", visibility="direct")
    await send(ann, "one", "two", in_reply_to_id=hidden["id"], expect=404)
    shown = await bob.post("for followers", visibility="private")
    posts = await send(ann, "one", "two", in_reply_to_id=shown["id"])
    assert [post["visibility"] for post in posts] == ["private", "private"]
