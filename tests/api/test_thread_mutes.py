"""Muted threads: nothing in them notifies, whatever the order in which things come."""

from typing import Any

from tests.support.nodes import Node, Person, settle


async def told(person: Person) -> list[Any]:
    found: list[Any] = await person.get("/api/v1/notifications")
    return found


async def test_nothing_of_a_muted_thread_notifies(node: Node, ann: Person, bob: Person) -> None:
    post = await ann.post("a long story")
    assert post["muted"] is False
    assert (await ann.act(f"/api/v1/statuses/{post['id']}/mute"))["muted"] is True
    reply = await bob.post("@ann well", in_reply_to_id=post["id"])
    await bob.act(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    assert await told(ann) == []
    assert (await ann.get(f"/api/v1/statuses/{reply['id']}"))["muted"] is True
    assert (await bob.get(f"/api/v1/statuses/{post['id']}"))["muted"] is False
    assert (await ann.act(f"/api/v1/statuses/{reply['id']}/unmute"))["muted"] is False
    await bob.post("@ann once more", in_reply_to_id=reply["id"])
    await settle(node.runtime)
    assert [one["type"] for one in await told(ann)] == ["mention"]


async def test_a_mute_holds_though_the_event_was_already_waiting(node: Node, ann: Person, bob: Person) -> None:
    post = await ann.post("a long story")
    await bob.post("@ann well", in_reply_to_id=post["id"])
    await ann.act(f"/api/v1/statuses/{post['id']}/mute")
    await settle(node.runtime)
    assert await told(ann) == []


async def test_a_boost_mutes_the_thread_of_what_it_boosts(node: Node, ann: Person, bob: Person) -> None:
    post = await ann.post("a story")
    boost = await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    assert (await ann.act(f"/api/v1/statuses/{boost['id']}/mute"))["reblog"]["muted"] is True
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["muted"] is True
    assert (await ann.get(f"/api/v1/statuses/{(await ann.post('other'))['id']}"))["muted"] is False


async def test_attack_42_a_thread_one_cannot_see_cannot_be_muted(ann: Person, bob: Person) -> None:
    post = await ann.post("for my followers", visibility="private")
    await bob.call("POST", f"/api/v1/statuses/{post['id']}/mute", expect=404)


async def test_attack_59_muted_threads_are_bounded(ann: Person, bob: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr("node.posts.thread_mutes.MAX_THREAD_MUTES", 1)
    one, two = await bob.post("one"), await bob.post("two")
    await ann.act(f"/api/v1/statuses/{one['id']}/mute")
    await ann.act(f"/api/v1/statuses/{one['id']}/mute")
    await ann.call("POST", f"/api/v1/statuses/{two['id']}/mute", expect=422)
