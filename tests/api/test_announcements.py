"""Announcements: what operators tell everybody, put away and reacted to by each for themselves."""

from datetime import timedelta
from typing import Any

import pytest

from admin.pruning import prune
from node.announcements.service import Notice, change_announcement, publish_announcement, remove_announcement
from node.base.db.stream_log import newest, read_after
from node.base.errors import Invalid
from tests.support.nodes import Node, Person, settle

PATH = "/api/v1/announcements"


async def announce(node: Node, text: str = "Hello *all*", **times: Any) -> int:
    async with node.runtime.write() as uow:
        return (await publish_announcement(uow, Notice(text=text, **times), now=node.runtime.now())).id


async def test_what_is_announced_is_rendered_by_the_one_renderer(node: Node, ann: Person, bob: Person) -> None:
    post = await bob.post("look here")
    text = f"# Hi\n\nAsk **@bob** or @nobody about #Cats, `#dogs` <script>x</script> {post['url']}"
    await announce(node, text)
    (shown,) = await ann.get(PATH)
    assert '<a href="http' in shown["content"]
    assert 'class="u-url mention">@<span>bob</span>' in shown["content"]
    assert "<script" not in shown["content"]
    assert [one["acct"] for one in shown["mentions"]] == ["bob"]
    assert {tag["name"] for tag in shown["tags"]} >= {"Cats"}
    assert [one["id"] for one in shown["statuses"]] == [post["id"]]
    assert (shown["read"], shown["reactions"], shown["all_day"], shown["ends_at"]) == (False, [], False, None)


async def test_it_is_shown_until_it_is_over(node: Node, ann: Person) -> None:
    now = node.runtime.now()
    await announce(node, "party", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2), all_day=True)
    (shown,) = await ann.get(PATH)
    assert shown["all_day"] is True
    node.clock.advance(hours=3)
    assert await ann.get(PATH) == []
    await ann.call("POST", f"{PATH}/{shown['id']}/dismiss", expect=404)
    with pytest.raises(Invalid):
        await announce(node, "x", starts_at=now, ends_at=now - timedelta(hours=1))


async def test_streams_are_told_once_that_it_is_over(node: Node, ann: Person) -> None:
    now = node.runtime.now()
    id_ = await announce(node, "party", starts_at=now, ends_at=now + timedelta(hours=1))
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        start = await newest(reader)
    for _ in range(2):
        node.clock.advance(minutes=45)
        await prune(node.runtime)
        await settle(node.runtime)
    await prune(node.runtime)
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        told = [(entry.event.kind, entry.event.subject) for entry in await read_after(reader, start)]
    assert told == [("announcement.delete", id_)]


async def test_each_puts_it_away_for_themselves(node: Node, ann: Person, bob: Person) -> None:
    id_ = await announce(node)
    assert await ann.act(f"{PATH}/{id_}/dismiss") == {}
    await ann.act(f"{PATH}/{id_}/dismiss")
    assert await ann.get(PATH) == []
    assert [one["read"] for one in await ann.get(PATH, with_dismissed="true")] == [True]
    assert len(await bob.get(PATH)) == 1
    async with node.runtime.write() as uow:
        await change_announcement(uow, id_, Notice(text="Bye"), now=node.runtime.now())
    assert "Bye" in (await bob.get(PATH))[0]["content"]
    assert await ann.get(PATH) == []


async def test_reactions_are_counted_and_each_persons_own(node: Node, ann: Person, bob: Person) -> None:
    id_ = await announce(node)
    for person in (ann, bob):
        await person.call("PUT", f"{PATH}/{id_}/reactions/🎉")
    await ann.call("PUT", f"{PATH}/{id_}/reactions/🎉")
    (shown,) = await ann.get(PATH)
    assert shown["reactions"] == [{"name": "🎉", "count": 2, "me": True}]
    await bob.call("DELETE", f"{PATH}/{id_}/reactions/🎉")
    await bob.call("DELETE", f"{PATH}/{id_}/reactions/🎉", expect=404)
    assert (await bob.get(PATH))[0]["reactions"] == [{"name": "🎉", "count": 1, "me": False}]
    await ann.call("PUT", f"{PATH}/{id_}/reactions/not_one_of_ours", expect=422)
    await ann.call("PUT", f"{PATH}/4711/reactions/🎉", expect=404)


async def test_attack_59_only_so_many_different_reactions(node: Node, ann: Person) -> None:
    id_ = await announce(node)
    for emoji in "🍎🍏🍐🍊🍋🍌🍉🍇":
        await ann.call("PUT", f"{PATH}/{id_}/reactions/{emoji}")
    await ann.call("PUT", f"{PATH}/{id_}/reactions/🍓", expect=422)


async def test_streams_are_told(node: Node, ann: Person) -> None:
    async with node.runtime.read() as reader:
        start = await newest(reader)
    id_ = await announce(node)
    await ann.call("PUT", f"{PATH}/{id_}/reactions/🎉")
    async with node.runtime.write() as uow:
        await remove_announcement(uow, id_, now=node.runtime.now())
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        told = [(entry.event.kind, entry.event.subject, entry.event.word) for entry in await read_after(reader, start)]
    assert told == [
        ("announcement", id_, ""),
        ("announcement.reaction", id_, "🎉"),
        ("announcement.delete", id_, ""),
    ]
    assert await ann.get(PATH) == []
