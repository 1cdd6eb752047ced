"""Posts for later: put down, moved, taken back, published once (client-api 8; attack rows 59, 87, 89)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

import node.scheduled.jobs as jobs
import node.scheduled.rules as rules
from node.accounts.standing import suspend_account
from node.media.service import prune_media
from node.posts.models import Post
from node.posts.views import time_word
from node.scheduled.jobs import publish_due, publish_scheduled
from node.scheduled.models import ScheduledPost
from tests.api.test_media import upload
from tests.support.nodes import Node, Person, settle

PATH = "/api/v1/scheduled_statuses"


def later(node: Node, **amount: float) -> str:
    return time_word(node.runtime.now() + timedelta(**(amount or {"hours": 1}))) or ""


async def schedule(node: Node, person: Person, text: str = "later", **fields: Any) -> Any:
    return await person.post(text, scheduled_at=later(node), **fields)


async def count(node: Node, table: Any = Post) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


async def test_put_down_read_move_and_take_back(node: Node, ann: Person) -> None:
    """What is answered is a ScheduledStatus; DELETE answers {}."""
    at = later(node, hours=2)
    sent = await ann.post(
        "See you @ann", scheduled_at=at, spoiler_text="cw", visibility="private", language="de",
        poll={"options": ["a", "b"], "expires_in": 3600},
    )  # fmt: skip
    assert sent["scheduled_at"] == at
    assert sent["params"]["text"] == "See you @ann"
    assert sent["params"]["visibility"] == "private"
    assert sent["params"]["poll"]["options"] == ["a", "b"]
    assert sent["media_attachments"] == []
    assert await count(node) == 0
    assert await ann.get(PATH) == [sent]
    assert await ann.get(f"{PATH}/{sent['id']}") == sent
    moved = await ann.call("PUT", f"{PATH}/{sent['id']}", json={"scheduled_at": "4000-01-01T12:00:00.000Z"})
    assert moved == sent | {"scheduled_at": "4000-01-01T12:00:00.000Z"}
    assert await ann.call("DELETE", f"{PATH}/{sent['id']}") == {}
    await ann.call("GET", f"{PATH}/{sent['id']}", expect=404)
    await ann.call("DELETE", f"{PATH}/{sent['id']}", expect=404)


async def test_pages(node: Node, ann: Person) -> None:
    """client-api 14."""
    ids = [(await schedule(node, ann, str(n)))["id"] for n in range(3)]
    answer = await node.http.get(PATH, params={"limit": 2}, headers={"Authorization": f"Bearer {ann.token}"})
    assert [entry["id"] for entry in answer.json()] == ids[:0:-1]
    assert f"max_id={ids[1]}" in answer.headers["Link"]
    assert f"min_id={ids[2]}" in answer.headers["Link"]
    assert [entry["id"] for entry in await ann.get(PATH, max_id=ids[1])] == ids[:1]


@pytest.mark.parametrize("minutes", [-10, 0, 4])
async def test_too_soon_is_refused(node: Node, ann: Person, minutes: int) -> None:
    at = later(node, minutes=minutes)
    answer = await ann.call("POST", "/api/v1/statuses", json={"status": "x", "scheduled_at": at}, expect=422)
    assert answer["error"].startswith("Validation failed: Scheduled at")
    sent = await schedule(node, ann)
    await ann.call("PUT", f"{PATH}/{sent['id']}", json={"scheduled_at": at}, expect=422)
    assert (await count(node), await count(node, ScheduledPost)) == (0, 1)


@pytest.mark.parametrize("at", ["tomorrow", "9999-99-99", ""])
async def test_what_is_no_time(ann: Person, at: str) -> None:
    expect = 200 if not at else 400  # nothing sent: a post for now
    await ann.call("POST", "/api/v1/statuses", json={"status": "x", "scheduled_at": at}, expect=expect)


async def test_what_is_wrong_is_said_at_once(node: Node, ann: Person, bob: Person) -> None:
    hidden = await bob.post("mine", visibility="private")
    for body, expect in (
        ({"status": ""}, 422),
        ({"status": "x" * 281}, 422),
        ({"status": "x", "media_ids": ["1"]}, 422),
        ({"status": "x", "in_reply_to_id": hidden["id"]}, 404),
        ({"status": "x", "quoted_status_id": hidden["id"]}, 404),
    ):
        await ann.call("POST", "/api/v1/statuses", json=body | {"scheduled_at": later(node)}, expect=expect)
    assert await count(node, ScheduledPost) == 0


async def test_row_59_caps(node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_A_DAY", 2)
    monkeypatch.setattr(rules, "MOST", 3)
    for _ in range(2):
        await ann.post("x", scheduled_at="2999-01-01T08:00:00Z")
    body = {"status": "x", "scheduled_at": "2999-01-01T23:00:00Z"}
    answer = await ann.call("POST", "/api/v1/statuses", json=body, expect=422)
    assert "limit of 2" in answer["error"]
    other = await ann.post("x", scheduled_at="2999-01-02T08:00:00Z")
    body["scheduled_at"] = "2999-01-03T08:00:00Z"
    answer = await ann.call("POST", "/api/v1/statuses", json=body, expect=422)
    assert "limit of 3" in answer["error"]
    await ann.call("PUT", f"{PATH}/{other['id']}", json={"scheduled_at": "2999-01-01T09:00:00Z"}, expect=422)
    await ann.call("PUT", f"{PATH}/{other['id']}", json={"scheduled_at": "2999-01-02T09:00:00Z"})


async def test_rows_87_and_89_nobody_else_touches_it(node: Node, ann: Person, bob: Person) -> None:
    picture = await upload(ann)
    sent = await schedule(node, ann, media_ids=[picture["id"]])
    for verb in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"scheduled_at": later(node, hours=9)}
        await bob.call(verb, f"{PATH}/{sent['id']}", params=body, expect=404)
    assert await bob.get(PATH) == []
    body = {"status": "x", "media_ids": [picture["id"]]}
    await bob.call("POST", "/api/v1/statuses", json=body, expect=422)
    await ann.call("POST", "/api/v1/statuses", json=body, expect=422)
    await ann.call("POST", "/api/v1/statuses", json=body | {"scheduled_at": later(node)}, expect=422)


async def test_media_stay_reserved_and_come_back(node: Node, ann: Person) -> None:
    picture, other = await upload(ann), await upload(ann)
    sent = await schedule(node, ann, media_ids=[picture["id"]])
    assert [item["id"] for item in sent["media_attachments"]] == [picture["id"]]
    body = {"status": "y", "media_ids": [other["id"]]}
    second = await ann.call("POST", "/api/v1/statuses", json=body | {"scheduled_at": later(node)})
    await ann.call("PUT", f"{PATH}/{sent['id']}", json={"scheduled_at": later(node, days=3)})
    await ann.call("PUT", f"{PATH}/{second['id']}", json={"scheduled_at": later(node, days=4)})
    node.clock.advance(hours=49)
    await prune_media(node.runtime)
    await ann.call("DELETE", f"{PATH}/{second['id']}")
    await prune_media(node.runtime)
    assert (await ann.post("now", media_ids=[other["id"]]))["media_attachments"][0]["id"] == other["id"]
    node.clock.advance(hours=24)
    await publish_due(node.runtime)
    newest = (await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses"))[0]
    assert [item["id"] for item in newest["media_attachments"]] == [picture["id"]]


async def test_it_is_published_when_its_time_has_come(node: Node, ann: Person, bob: Person) -> None:
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    sent = await schedule(node, ann, "Hello @bob #soon", language="en", sensitive=True)
    await publish_due(node.runtime)
    assert await count(node) == 0
    node.clock.advance(minutes=61)
    await settle(node.runtime)
    shown = (await bob.home())[0]
    assert (shown["language"], shown["sensitive"]) == ("en", True)
    assert [tag["name"] for tag in shown["tags"]] == ["soon"]
    assert (await ann.home())[0]["id"] == shown["id"]
    assert await ann.get(PATH) == []
    assert shown["id"] != sent["id"]
    assert [entry["type"] for entry in await bob.get("/api/v1/notifications")] == ["mention"]
    await settle(node.runtime)
    assert await count(node) == 1


async def test_two_workers_publish_it_once(node: Node, ann: Person) -> None:
    """Also when both hold the row: the one whose transaction takes it away publishes."""
    for n in range(5):
        await schedule(node, ann, f"number {n}")
    node.clock.advance(minutes=61)
    async with node.runtime.read() as reader:
        ids = list(await reader.scalars(select(ScheduledPost.id)))
    await asyncio.gather(*(publish_scheduled(node.runtime, id_) for id_ in [*ids, *ids, *ids]))
    assert (await count(node), await count(node, ScheduledPost)) == (5, 0)


@pytest.mark.parametrize("where", ["publish", "pass_key"])
async def test_a_worker_that_dies_loses_and_doubles_nothing(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Torn before the post is made, and between the post and the commit."""
    await schedule(node, ann)
    node.clock.advance(minutes=61)
    untorn = getattr(jobs, where)

    async def torn(*args: Any, **kwargs: Any) -> Any:
        await untorn(*args, **kwargs)
        raise asyncio.CancelledError

    monkeypatch.setattr(jobs, where, torn)
    with pytest.raises(asyncio.CancelledError):
        await publish_due(node.runtime)
    monkeypatch.undo()
    assert (await count(node), await count(node, ScheduledPost)) == (0, 1)
    await publish_due(node.runtime)
    assert await count(node) == 0  # the dead one's lease
    node.clock.advance(minutes=4)
    await publish_due(node.runtime)
    assert (await count(node), await count(node, ScheduledPost)) == (1, 0)


async def test_a_key_makes_one_scheduled_post(node: Node, ann: Person) -> None:
    """client-api 8: at once, again, of another kind, and after it was published."""
    key, at = {"Idempotency-Key": "k"}, later(node, minutes=20)
    body = {"status": "x", "scheduled_at": at}
    both = await asyncio.gather(*(ann.call("POST", "/api/v1/statuses", json=body, headers=key) for _ in range(4)))
    assert len({entry["id"] for entry in both}) == 1
    assert await count(node, ScheduledPost) == 1
    again = await ann.call("POST", "/api/v1/statuses", json={"status": "x"}, headers=key)
    assert again["id"] == both[0]["id"]
    assert await count(node) == 0
    node.clock.advance(minutes=21)
    await publish_due(node.runtime)
    body["scheduled_at"] = later(node)
    after = await ann.call("POST", "/api/v1/statuses", json=body, headers=key)
    assert after["content"] == "<p>x</p>"
    assert (await count(node), await count(node, ScheduledPost)) == (1, 0)


async def test_a_key_is_free_again_when_the_post_was_taken_back(node: Node, ann: Person) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"status": "x", "scheduled_at": later(node)}
    first = await ann.call("POST", "/api/v1/statuses", json=body, headers=key)
    await ann.call("DELETE", f"{PATH}/{first['id']}")
    second = await ann.call("POST", "/api/v1/statuses", json=body, headers=key)
    assert second["id"] != first["id"]
    assert [entry["id"] for entry in await ann.get(PATH)] == [second["id"]]


async def test_what_cannot_be_published_any_more_stays_with_its_reason(node: Node, ann: Person, bob: Person) -> None:
    """Row 107: looked at again when its time has come."""
    quoted, answered = await bob.post("quoted"), await bob.post("answered")
    await schedule(node, ann, quoted_status_id=quoted["id"])
    await schedule(node, ann, in_reply_to_id=answered["id"])
    await bob.call("DELETE", f"/api/v1/statuses/{quoted['id']}")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/block")
    node.clock.advance(minutes=61)
    await settle(node.runtime)
    failed = await ann.get(PATH)
    assert [bool(entry["failure"]) for entry in failed] == [True, True]
    assert "gone" in failed[0]["failure"]
    assert await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses") == []
    await bob.act(f"/api/v1/accounts/{ann.account_id}/unblock")
    moved = await ann.call("PUT", f"{PATH}/{failed[0]['id']}", json={"scheduled_at": later(node)})
    assert moved["failure"] is None
    node.clock.advance(minutes=61)
    await settle(node.runtime)
    shown = await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses")
    assert [post["in_reply_to_id"] for post in shown] == [answered["id"]]
    assert len(await ann.get(PATH)) == 1


async def test_a_suspended_author_publishes_nothing_and_loses_nothing(node: Node, ann: Person) -> None:
    await schedule(node, ann)
    async with node.runtime.write() as uow:
        await suspend_account(uow, ann.account_id, now=node.runtime.now())
    node.clock.advance(minutes=61)
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        row = await reader.scalar(select(ScheduledPost))
    assert row is not None
    assert "suspended" in row.failure
    assert await count(node) == 0


async def test_one_that_fails_by_accident_is_tried_again(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(node, ann)
    node.clock.advance(minutes=61)

    async def breaking(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(jobs, "publish", breaking)
    await publish_due(node.runtime)
    monkeypatch.undo()
    node.clock.advance(minutes=1)
    await publish_due(node.runtime)
    assert (await count(node), await count(node, ScheduledPost)) == (1, 0)
