"""Conversations across servers: whatever comes first, each of ours has one row that ends with the newest post."""

from typing import Any

import pytest

from tests.federation.test_inbound import send
from tests.support.fake_peer import FakePeer
from tests.support.nodes import Node, World
from tests.support.stranger import Document, Stranger


async def conversations(person: Any) -> list[Any]:
    found: list[Any] = await person.get("/api/v1/conversations")
    return found


def direct(alice: Stranger, text: str, uri: str, *, now: Any, to: Document | None = None) -> Document:
    more = {"inReplyTo": to["id"]} if to is not None else {}
    return alice.note(text, to=[uri], cc=[], mentions=[uri], published=now, **more)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
async def test_posts_of_a_thread_end_in_one_row_in_whatever_order_they_come(node: Node, order: tuple[int, ...]) -> None:
    async with FakePeer() as peer:
        alice = Stranger(peer, "alice")
        bob = await node.person("bob")
        now = node.runtime.now()
        first = direct(alice, "one", bob.uri, now=now)
        second = direct(alice, "two", bob.uri, now=now, to=first)
        third = direct(alice, "three", bob.uri, now=now, to=second)
        notes = (first, second, third)
        for place in order:
            await send(node, alice, alice.create(notes[place]), to=f"/users/{bob.account_id}/inbox")
        (row,) = await conversations(bob)
        assert row["unread"] is True
        assert [one["username"] for one in row["accounts"]] == ["alice"]
        await send(node, alice, alice.activity("Delete", third["id"]))
        await send(node, alice, alice.activity("Delete", second["id"]))
        (row,) = await conversations(bob)
        assert row["last_status"]["uri"] == first["id"]


async def test_two_people_on_two_servers_have_a_row_each(world: World) -> None:
    ann, bob = await world["a"].person("ann"), await world["b"].person("bob")
    await ann.resolve(bob.handle)
    post = await ann.post(f"{bob.handle} psst", visibility="direct")
    await world.settle()
    (his,) = await conversations(bob)
    assert (his["unread"], his["last_status"]["uri"]) == (True, post["uri"])
    await bob.post(f"{ann.handle} yes?", visibility="direct", in_reply_to_id=his["last_status"]["id"])
    await world.settle()
    (hers,) = await conversations(ann)
    assert hers["unread"] is True
    assert "yes?" in hers["last_status"]["content"]
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": f"{bob.handle} psst!"})
    await world.settle()
    assert len(await conversations(bob)) == len(await conversations(ann)) == 1
