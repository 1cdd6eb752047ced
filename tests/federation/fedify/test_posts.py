"""Posts and what people do with them, between a node and Fedify (QRK-3)."""

from typing import Any

import pytest

from federation.vocabulary import PUBLIC
from tests.support.fedify import NEEDS_FEDIFY, FedifyPeer, audience, got, moment, shown, write
from tests.support.nodes import Node, Person, settle

pytestmark = NEEDS_FEDIFY

VISIBILITIES = ("public", "unlisted", "private", "direct")


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_our_post_arrives_with_its_audience(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any], visibility: str
) -> None:
    """AUD-1, OBJ-1."""
    post = await ann.post(f"Hello @{friends['acct']}", visibility=visibility, spoiler_text="greeting")
    await settle(node.runtime)
    (create,) = await got(bo, "Create", ann.uri)
    note = create["object"]
    assert note["id"] == post["uri"]
    assert note["summary"] == "greeting"
    to, cc = (note.get(key) or [] for key in ("to", "cc"))
    everybody = {"as:Public", PUBLIC}
    assert bool(everybody & set([to] if isinstance(to, str) else to)) == (visibility == "public")
    assert bool(everybody & set([cc] if isinstance(cc, str) else cc)) == (visibility == "unlisted")


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_post_from_fedify_arrives_with_its_visibility(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any], visibility: str
) -> None:
    """AUD-2, ACV-3."""
    tag = {"type": "Mention", "href": ann.uri, "name": ann.handle}
    note = await write(bo, ann, "hello", "<p>Hello Ann</p>", visibility=visibility, tag=[tag])
    await settle(node.runtime)
    post = await shown(ann, note["id"])
    assert post is not None
    assert post["visibility"] == visibility
    assert post["content"] == "<p>Hello Ann</p>"
    notices = await ann.get("/api/v1/notifications", **{"types[]": "mention"})
    assert [notice["status"]["uri"] for notice in notices] == [note["id"]]


async def test_what_we_do_with_a_post_of_theirs(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """ACV-2, ACV-5, OBJ-4: reply, like, boost, and both of them undone."""
    note = await write(bo, ann, "liked", "<p>Like me</p>")
    await settle(node.runtime)
    post = await shown(ann, note["id"])
    assert post is not None
    await ann.post("An answer", in_reply_to_id=post["id"])
    await ann.act(f"/api/v1/statuses/{post['id']}/favourite")
    await ann.act(f"/api/v1/statuses/{post['id']}/reblog")
    await settle(node.runtime)
    (create,) = await got(bo, "Create", ann.uri)
    assert create["object"]["inReplyTo"] == note["id"]
    for kind in ("Like", "Announce"):
        (activity,) = await got(bo, kind, ann.uri)
        assert activity["object"] == note["id"]
    await ann.act(f"/api/v1/statuses/{post['id']}/unfavourite")
    await ann.act(f"/api/v1/statuses/{post['id']}/unreblog")
    await settle(node.runtime)
    undone = [activity["object"]["type"] for activity in await got(bo, "Undo", ann.uri)]
    assert sorted(undone) == ["Announce", "Like"]


async def test_what_they_do_with_a_post_of_ours(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """The same the other way round."""
    post = await ann.post("Like me")
    await settle(node.runtime)
    tag = {"type": "Mention", "href": ann.uri, "name": ann.handle}
    await write(bo, ann, "answer", "<p>An answer</p>", inReplyTo=post["uri"], tag=[tag])
    like = {"id": f"{bo.url}/likes/{ann.account_id}", "type": "Like", "object": post["uri"], "to": [ann.uri]}
    boost = {
        "id": f"{bo.url}/boosts/{ann.account_id}",
        "type": "Announce",
        "object": post["uri"],
        "published": moment(),
        **audience(bo, ann, "public"),
    }
    await bo.send(ann.uri, like)
    await bo.send(ann.uri, boost)
    await settle(node.runtime)
    found = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (found["replies_count"], found["favourites_count"], found["reblogs_count"]) == (1, 1, 1)
    for activity in (like, boost):
        undo = {"id": f"{activity['id']}/undo", "type": "Undo", "object": {"actor": bo.bo, **activity}, "to": [ann.uri]}
        await bo.send(ann.uri, undo)
    await settle(node.runtime)
    found = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (found["favourites_count"], found["reblogs_count"]) == (0, 0)


async def test_edits_and_deletions_in_both_directions(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """OBJ-11, ACV-4."""
    post = await ann.post("First words")
    await settle(node.runtime)
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Second words"})
    await settle(node.runtime)
    (update,) = await got(bo, "Update", ann.uri)
    assert "Second words" in str(update["object"]["content"])
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await settle(node.runtime)
    (delete,) = await got(bo, "Delete", ann.uri)
    assert delete["object"]["id"] == post["uri"]
    assert await bo.command("look_up", uri=post["uri"], signed=True) is None

    note = await write(bo, ann, "edited", "<p>First words</p>")
    await settle(node.runtime)
    newer = note | {"attributedTo": bo.bo, "content": "<p>Second words</p>", "updated": "2100-01-01T00:00:00Z"}
    await bo.send(
        ann.uri,
        {"id": f"{note['id']}#update", "type": "Update", "object": newer, **audience(bo, ann, "public")},
    )
    await settle(node.runtime)
    changed = await shown(ann, note["id"])
    assert changed is not None
    assert changed["content"] == "<p>Second words</p>"
    assert changed["edited_at"]
    tombstone = {"id": note["id"], "type": "Tombstone"}
    await bo.command("withdraw", id=note["id"])
    await bo.send(ann.uri, {"id": f"{note['id']}#delete", "type": "Delete", "object": tombstone, "to": [PUBLIC]})
    await settle(node.runtime)
    assert await shown(ann, note["id"]) is None


async def test_fedify_reads_our_documents_and_collections(node: Node, ann: Person, bo: FedifyPeer) -> None:
    """ACT-1, COL-1, COL-2: the actor and its collections, page by page, by a strict JSON-LD reader."""
    for number in range(25):
        await ann.post(f"Number {number}")
    found = await bo.command("look_up", uri=ann.uri, signed=False)
    assert found["type"] == "Person"
    assert found["document"]["preferredUsername"] == "ann"
    outbox = await bo.command("walk", uri=f"{ann.uri}/outbox")
    assert outbox["total"] == 25
    assert len({item["id"] for item in outbox["items"]}) == 25
    assert (await bo.command("walk", uri=f"{ann.uri}/followers"))["items"] == []


async def test_reactions_in_both_directions(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """ACV-6: an EmojiReact as Fedify writes it is counted; ours reaches it as something it reads."""
    post = await ann.post("React to me")
    await settle(node.runtime)
    react = {"id": f"{bo.url}/reactions/{ann.account_id}", "type": "EmojiReact", "object": post["uri"]}
    await bo.send(ann.uri, react | {"content": "🔥", "to": [ann.uri]})
    await settle(node.runtime)
    found = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert [(one["name"], one["count"]) for one in found["pleroma"]["emoji_reactions"]] == [("🔥", 1)]
    undo = {"id": f"{react['id']}/undo", "type": "Undo", "object": {"actor": bo.bo, **react, "content": "🔥"}}
    await bo.send(ann.uri, undo | {"to": [ann.uri]})
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["pleroma"]["emoji_reactions"] == []

    note = await write(bo, ann, "reacted", "<p>React to me</p>")
    await settle(node.runtime)
    theirs = await shown(ann, note["id"])
    assert theirs is not None
    await ann.call("PUT", f"/api/v1/pleroma/statuses/{theirs['id']}/reactions/🔥")
    await settle(node.runtime)
    (given,) = [*await got(bo, "EmojiReact", ann.uri), *await got(bo, "Like", ann.uri)]
    assert (given["object"], given["content"]) == (note["id"], "🔥")


async def test_pins_in_both_directions(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """ACV-8: Add and Remove of what is featured."""
    post = await ann.post("Pin me")
    await ann.act(f"/api/v1/statuses/{post['id']}/pin")
    await ann.act(f"/api/v1/statuses/{post['id']}/unpin")
    await settle(node.runtime)
    for kind in ("Add", "Remove"):
        (activity,) = await got(bo, kind, ann.uri)
        assert (activity["object"], activity["target"]) == (post["uri"], f"{ann.uri}/featured")
    featured = await bo.command("walk", uri=f"{ann.uri}/featured")
    assert featured["items"] == []
