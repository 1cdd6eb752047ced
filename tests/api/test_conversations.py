"""Conversations: made from direct posts as they come, change and go; each person's rows are their own."""

from typing import Any

from sqlalchemy import delete

from node.conversations import rules
from node.conversations.models import Conversation, ConversationFill, ConversationPost
from tests.support.nodes import Node, Person, settle


async def conversations(person: Person, **params: Any) -> list[Any]:
    found: list[Any] = await person.get("/api/v1/conversations", **params)
    return found


async def write(node: Node, person: Person, text: str, **fields: Any) -> Any:
    post = await person.post(text, visibility=fields.pop("visibility", "direct"), **fields)
    await settle(node.runtime)
    return post


async def test_a_direct_post_makes_a_row_for_each_of_the_people(node: Node, ann: Person, bob: Person) -> None:
    post = await write(node, ann, "@bob Psst")
    (hers,) = await conversations(ann)
    (his,) = await conversations(bob)
    assert (hers["unread"], his["unread"]) == (False, True)
    assert [one["acct"] for one in hers["accounts"]] == ["bob"]
    assert [one["acct"] for one in his["accounts"]] == ["ann"]
    assert his["last_status"]["id"] == post["id"]
    assert hers["id"] != his["id"]


async def test_public_posts_and_boosts_make_none(node: Node, ann: Person, bob: Person) -> None:
    post = await write(node, ann, "@bob in public", visibility="public")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    assert await conversations(ann) == await conversations(bob) == []


async def test_a_reply_with_the_same_people_stays_in_the_row_and_another_circle_gets_its_own(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    post = await write(node, ann, "@bob one")
    reply = await write(node, bob, "@ann two", in_reply_to_id=post["id"])
    (hers,) = await conversations(ann)
    assert hers["last_status"]["id"] == reply["id"]
    assert hers["unread"] is True
    await write(node, ann, "@bob @carol three", in_reply_to_id=post["id"])
    assert [{one["acct"] for one in row["accounts"]} for row in await conversations(ann)] == [{"bob", "carol"}, {"bob"}]
    (carols,) = await conversations(carol)
    assert {one["acct"] for one in carols["accounts"]} == {"ann", "bob"}
    await write(node, ann, "@bob another thread")
    assert len(await conversations(bob)) == 3


async def test_a_note_to_oneself_names_oneself(node: Node, ann: Person) -> None:
    await write(node, ann, "Remember the milk")
    (row,) = await conversations(ann)
    assert [one["acct"] for one in row["accounts"]] == ["ann"]
    assert row["unread"] is False


async def test_read_and_unread(node: Node, ann: Person, bob: Person) -> None:
    await write(node, ann, "@bob Psst")
    (row,) = await conversations(bob)
    assert (await bob.act(f"/api/v1/conversations/{row['id']}/read"))["unread"] is False
    assert (await bob.act(f"/api/v1/conversations/{row['id']}/unread"))["unread"] is True
    await bob.act(f"/api/v1/conversations/{row['id']}/read")
    await write(node, ann, "@bob again", in_reply_to_id=row["last_status"]["id"])
    (row,) = await conversations(bob)
    assert row["unread"] is True


async def test_put_away_it_comes_back_with_the_next_post_alone(node: Node, ann: Person, bob: Person) -> None:
    post = await write(node, ann, "@bob Psst")
    (row,) = await conversations(bob)
    assert await bob.call("DELETE", f"/api/v1/conversations/{row['id']}") == {}
    assert await conversations(bob) == []
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "@bob Psst!"})
    await settle(node.runtime)
    assert await conversations(bob) == []
    await bob.call("DELETE", f"/api/v1/conversations/{row['id']}", expect=404)
    assert len(await conversations(ann)) == 1
    await write(node, ann, "@bob there?", in_reply_to_id=post["id"])
    (row,) = await conversations(bob)
    assert row["unread"] is True


async def test_a_deleted_post_gives_way_to_the_one_before(node: Node, ann: Person, bob: Person) -> None:
    first = await write(node, ann, "@bob one")
    second = await write(node, bob, "@ann two", in_reply_to_id=first["id"])
    await bob.call("DELETE", f"/api/v1/statuses/{second['id']}")
    await settle(node.runtime)
    assert [row["last_status"]["id"] for row in await conversations(ann)] == [first["id"]]
    await ann.call("DELETE", f"/api/v1/statuses/{first['id']}")
    await settle(node.runtime)
    assert await conversations(ann) == await conversations(bob) == []


async def test_an_edit_that_names_somebody_else_moves_the_post(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    post = await write(node, ann, "@bob one")
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "@bob @carol one"})
    await settle(node.runtime)
    (hers,) = await conversations(ann)
    assert {one["acct"] for one in hers["accounts"]} == {"bob", "carol"}
    (carols,) = await conversations(carol)
    assert carols["unread"] is True


async def test_client_api_14_pages_lead_on_by_the_newest_posts(node: Node, ann: Person, bob: Person) -> None:
    posts = [await write(node, ann, f"@bob {number}") for number in range(5)]
    seen, path = [], "/api/v1/conversations?limit=2"
    while path:
        response = await node.http.get(path, headers={"Authorization": f"Bearer {bob.token}"})
        seen += [row["last_status"]["id"] for row in response.json()]
        path = response.links["next"]["url"] if "next" in response.links else ""
    assert seen == [post["id"] for post in reversed(posts)]


async def test_attack_49_what_somebody_blocked_or_muted_wrote_is_not_listed(
    node: Node, ann: Person, bob: Person
) -> None:
    await write(node, ann, "@bob Psst")
    await bob.act(f"/api/v1/accounts/{ann.account_id}/mute", duration=600)
    assert await conversations(bob) == []
    node.clock.advance(seconds=601)
    assert len(await conversations(bob)) == 1
    await bob.act(f"/api/v1/accounts/{ann.account_id}/block")
    assert await conversations(bob) == []


async def test_attack_89_another_persons_row_is_not_found(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    await write(node, ann, "@bob Psst")
    (row,) = await conversations(bob)
    for method, path in (("POST", "/read"), ("POST", "/unread"), ("DELETE", "")):
        for other in (ann, carol):
            await other.call(method, f"/api/v1/conversations/{row['id']}{path}", expect=404)
    assert (await conversations(bob))[0]["unread"] is True
    assert await conversations(carol) == []


async def test_posts_from_before_there_were_rows_are_filed_when_first_asked(
    node: Node, ann: Person, bob: Person
) -> None:
    first = await write(node, ann, "@bob one")
    second = await write(node, bob, "@ann two", in_reply_to_id=first["id"])
    await write(node, ann, "@bob another")
    async with node.runtime.write() as uow:
        for table in (ConversationPost, Conversation, ConversationFill):
            await uow.write(delete(table))
    rows = await conversations(bob)
    assert [row["unread"] for row in rows] == [False, False]
    assert rows[1]["last_status"]["id"] == second["id"]
    assert len(await conversations(bob)) == 2


async def test_attack_59_the_longest_resting_gives_way(node: Node, ann: Person, bob: Person, monkeypatch: Any) -> None:
    monkeypatch.setattr("node.conversations.filing.MAX_CONVERSATIONS", 3)
    assert rules.MAX_CONVERSATIONS == 5_000
    for number in range(5):
        await write(node, ann, f"@bob {number}")
    assert [row["last_status"]["content"][-5] for row in await conversations(bob)] == ["4", "3", "2"]
