"""What passes between a node and Fedify, an independent implementation, over loopback with real signatures.

Fedify checks signatures, reads with its own classes and writes with them: what arrives here in either direction was
understood by somebody who never saw our code. What it cannot do over plain http is WebFinger, so people are found by
their ids (QRK-3).
"""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from federation.vocabulary import AS_CONTEXT, PUBLIC
from outbox.models import OutgoingActivity
from outbox.relay import relay
from tests.support.fake_peer import FakePeer
from tests.support.fedify import FedifyPeer, fedify_at, missing, run_fedify
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Stranger

REASON = missing()
pytestmark = [pytest.mark.skipif(REASON is not None, reason=REASON or ""), pytest.mark.xdist_group("fedify")]

VISIBILITIES = ("public", "unlisted", "private", "direct")


@pytest.fixture(scope="module")
def fedify() -> Iterator[str]:
    """The URL of a server on Fedify, one for all tests here; each test has a node of its own."""
    with run_fedify() as url:
        yield url


@pytest.fixture
async def bo(fedify: str) -> AsyncIterator[FedifyPeer]:
    async with fedify_at(fedify) as peer:
        yield peer


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


@pytest.fixture
async def friends(node: Node, ann: Person, bo: FedifyPeer) -> dict[str, Any]:
    """Ann and Bo follow each other; returned is Bo's account as Ann's node shows it."""
    account: dict[str, Any] = await ann.resolve(bo.bo)
    await ann.act(f"/api/v1/accounts/{account['id']}/follow")
    await settle(node.runtime)
    await bo.send(ann.uri, {"id": f"{bo.url}/follows/{ann.account_id}", "type": "Follow", "object": ann.uri})
    await settle(node.runtime)
    return account


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def audience(bo: FedifyPeer, ann: Person, visibility: str) -> dict[str, list[str]]:
    followers = f"{bo.bo}/followers"
    return {
        "public": {"to": [PUBLIC], "cc": [followers, ann.uri]},
        "unlisted": {"to": [followers], "cc": [PUBLIC, ann.uri]},
        "private": {"to": [followers], "cc": [ann.uri]},
        "direct": {"to": [ann.uri], "cc": []},
    }[visibility]


async def write(
    bo: FedifyPeer, ann: Person, name: str, content: str, *, visibility: str = "public", **fields: Any
) -> dict[str, Any]:
    """Let Bo publish a note and deliver it to Ann; return the note."""
    note = {
        "id": bo.object_uri(f"{name}-{ann.account_id}"),
        "type": "Note",
        "content": content,
        "published": now(),
        **audience(bo, ann, visibility),
        **fields,
    }
    await bo.publish(note)
    embedded = {"attributedTo": bo.bo, **note}
    await bo.send(
        ann.uri,
        {"id": f"{note['id']}#create", "type": "Create", "object": embedded, **audience(bo, ann, visibility)},
    )
    return note


async def shown(ann: Person, uri: str) -> dict[str, Any] | None:
    """Return a post as it stands in Ann's home, or None."""
    return next((post for post in await ann.home() if post["uri"] == uri), None)


async def got(bo: FedifyPeer, kind: str, actor: str) -> list[dict[str, Any]]:
    """Return what Fedify accepted of one of our people, of a type, oldest first."""
    return [activity for activity in await bo.received(kind) if activity["actor"] == actor]


async def test_follows_and_their_answers_in_both_directions(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """ACV-1: our Follow is accepted by Fedify, and Fedify reads our Accept as the answer to its own."""
    (relationship,) = await ann.get("/api/v1/accounts/relationships", **{"id[]": friends["id"]})
    assert relationship["following"]
    assert relationship["followed_by"]
    (accept,) = await got(bo, "Accept", ann.uri)
    answered = accept["object"] if isinstance(accept["object"], str) else accept["object"]["id"]
    assert answered == f"{bo.url}/follows/{ann.account_id}"
    await ann.act(f"/api/v1/accounts/{friends['id']}/unfollow")
    await settle(node.runtime)
    assert len(await got(bo, "Undo", ann.uri)) == 1


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
        "published": now(),
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


async def test_fedify_reads_our_poll_and_its_vote_counts(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]
) -> None:
    """OBJ-9, OBJ-10: a Question and its new counts as Fedify reads them; a vote as Fedify writes it."""
    post = await ann.post("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    await settle(node.runtime)
    (create,) = await got(bo, "Create", ann.uri)
    assert create["object"]["type"] == "Question"
    assert [option["name"] for option in create["object"]["oneOf"]] == ["Yes", "No"]
    found = await bo.command("look_up", uri=post["uri"], signed=False)
    assert (found["type"], found["document"]["endTime"]) == ("Question", create["object"]["endTime"])
    vote = {
        "id": f"{bo.bo}#votes/{ann.account_id}",
        "type": "Note",
        "name": "No",
        "attributedTo": bo.bo,
        "inReplyTo": post["uri"],
        "to": ann.uri,
    }
    await bo.send(ann.uri, {"id": f"{vote['id']}/activity", "type": "Create", "object": vote, "to": ann.uri})
    await settle(node.runtime)
    counted = await ann.get(f"/api/v1/polls/{post['poll']['id']}")
    assert ([option["votes_count"] for option in counted["options"]], counted["voters_count"]) == ([0, 1], 1)
    node.clock.advance(minutes=4)
    await settle(node.runtime)
    (update,) = await got(bo, "Update", ann.uri)
    assert update["object"]["oneOf"][1]["replies"]["totalItems"] == 1
    assert update["object"]["votersCount"] == 1


async def test_our_vote_on_a_poll_of_fedify(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """OBJ-9, OBJ-10: a Question as Fedify writes it, the vote as Fedify reads it, the end as Fedify tells it."""
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}}
        for name, votes in (("Yes", 2), ("No", 1), ("Both", 0))
    ]
    question = {
        "id": bo.object_uri(f"poll-{ann.account_id}", kind="question"),
        "type": "Question",
        "content": "<p>Tea?</p>",
        "anyOf": options,
        "published": now(),
        "endTime": (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "votersCount": 3,
        **audience(bo, ann, "public"),
    }
    await bo.publish(question)
    embedded = {"attributedTo": bo.bo, **question}
    await bo.send(ann.uri, {"id": f"{question['id']}#create", "type": "Create", "object": embedded})
    await settle(node.runtime)
    post = await shown(ann, question["id"])
    assert post is not None
    assert [(option["title"], option["votes_count"]) for option in post["poll"]["options"]] == [
        ("Yes", 2),
        ("No", 1),
        ("Both", 0),
    ]
    assert (post["poll"]["multiple"], post["poll"]["voters_count"]) == (True, 3)
    await ann.act(f"/api/v1/polls/{post['poll']['id']}/votes", choices=[0, 2])
    await settle(node.runtime)
    votes = await got(bo, "Create", ann.uri)
    assert sorted(vote["object"]["name"] for vote in votes) == ["Both", "Yes"]
    assert all(vote["object"]["inReplyTo"] == question["id"] for vote in votes)
    over = {**embedded, "closed": now(), "votersCount": 4}
    await bo.send(ann.uri, {"id": f"{question['id']}#update", "type": "Update", "object": over})
    await settle(node.runtime)
    changed = await shown(ann, question["id"])
    assert changed is not None
    assert (changed["poll"]["voters_count"], changed["poll"]["expired"]) == (4, True)
    assert len(await ann.get("/api/v1/notifications", **{"types[]": "poll"})) == 1


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


@pytest.mark.parametrize("first_knock", ["rfc9421", "draft-cavage-http-signatures-12"])
async def test_both_signature_schemes_are_understood(node: Node, first_knock: str) -> None:
    """SIG-13: whichever scheme Fedify tries first; ours follows what it proved, and it accepts that."""
    ann = await node.person("ann")
    with run_fedify(FIRST_KNOCK=first_knock) as url:
        async with fedify_at(url) as bo:
            await bo.send(ann.uri, {"id": f"{bo.url}/follows/1", "type": "Follow", "object": ann.uri})
            await settle(node.runtime)
            assert len(await got(bo, "Accept", ann.uri)) == 1
            await ann.post("Signed for you")
            await settle(node.runtime)
            assert len(await got(bo, "Create", ann.uri)) == 1


async def test_integrity_proofs_in_both_directions(
    node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any], peer: FakePeer
) -> None:
    """SIG-22: Fedify finds our proof good and not that of what was changed; a stranger may bring what Bo proved."""
    await ann.post("Proven \u2028 \U0001f600")
    await relay(node.runtime)
    async with node.runtime.read() as reader:
        (row,) = await reader.scalars(select(OutgoingActivity).where(OutgoingActivity.kind == "Create"))
    activity = json.loads(row.body)
    assert await bo.command("check", activity=activity) == "Create"
    assert await bo.command("check", activity=activity | {"published": "2026-01-02T03:04:05Z"}) is None
    like = {"@context": AS_CONTEXT, "id": f"{bo.url}/likes/{ann.account_id}", "type": "Like", "actor": bo.bo}
    proven = await bo.command("prove", activity=like | {"object": activity["object"]["id"]})
    assert proven["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    stranger = Stranger(peer, "mallory")
    for brought, status, likes in ((proven | {"object": f"{ann.uri}/statuses/1"}, 401, 0), (proven, 202, 1)):
        answer = await stranger.deliver(f"{node.url}/inbox", brought, now=node.runtime.now())
        assert answer.status_code == status, answer.text
        await settle(node.runtime)
        assert (await ann.get(f"/api/v1/accounts/{ann.account_id}/statuses"))[0]["favourites_count"] == likes
