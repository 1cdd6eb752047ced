"""Votes and consent between a node and Fedify (QRK-3)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from federation.vocabulary import PUBLIC
from tests.support.fedify import NEEDS_FEDIFY, FedifyPeer, audience, got, moment, shown, write
from tests.support.nodes import Node, Person, settle

pytestmark = NEEDS_FEDIFY

POLICY = {"canQuote": {"manualApproval": [PUBLIC]}}


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
        "published": moment(),
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
    over = {**embedded, "closed": moment(), "votersCount": 4}
    await bo.send(ann.uri, {"id": f"{question['id']}#update", "type": "Update", "object": over})
    await settle(node.runtime)
    changed = await shown(ann, question["id"])
    assert changed is not None
    assert (changed["poll"]["voters_count"], changed["poll"]["expired"]) == (4, True)
    assert len(await ann.get("/api/v1/notifications", **{"types[]": "poll"})) == 1


async def test_our_quote_with_their_consent(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """OBJ-13: Fedify reads our QuoteRequest; its Accept with a stamp makes the quote stand, and is sent on."""
    note = await write(bo, ann, "quoted", "<p>Quote me</p>", interactionPolicy=POLICY)
    await settle(node.runtime)
    theirs = await shown(ann, note["id"])
    assert theirs is not None
    mine = await ann.post("See this", quoted_status_id=theirs["id"])
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/statuses/{mine['id']}"))["quote"]["state"] == "pending"
    (request,) = await got(bo, "QuoteRequest", ann.uri)
    assert request["object"] == note["id"]
    assert request["instrument"]["id"] == mine["uri"]
    stamp = {
        "id": bo.object_uri(f"stamp-{ann.account_id}", kind="quoteauthorization"),
        "type": "QuoteAuthorization",
        "interactingObject": mine["uri"],
        "interactionTarget": note["id"],
    }
    await bo.publish(stamp)
    answer = {"id": f"{bo.bo}#accepts/quotes/{ann.account_id}", "type": "Accept", "object": request["id"]}
    await bo.send(ann.uri, answer | {"result": stamp["id"], "to": ann.uri})
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/statuses/{mine['id']}"))["quote"]["state"] == "accepted"
    latest = (await got(bo, "Update", ann.uri))[-1]
    assert latest["object"]["quoteAuthorization"] == stamp["id"]


async def test_their_quote_with_our_consent(node: Node, ann: Person, bo: FedifyPeer, friends: dict[str, Any]) -> None:
    """OBJ-14, OBJ-15: our stamp as Fedify reads it; with it their quote stands here, until it is taken back."""
    mine = await ann.post("Quote me", quote_approval_policy="public")
    await settle(node.runtime)
    uri = bo.object_uri(f"quoting-{ann.account_id}")
    instrument = {"id": uri, "type": "Note", "attributedTo": bo.bo, "content": "<p>See</p>", "quote": mine["uri"]}
    asked = {"id": f"{bo.bo}#quotes/{ann.account_id}", "type": "QuoteRequest", "object": mine["uri"]}
    await bo.send(ann.uri, asked | {"instrument": instrument | audience(bo, ann, "public")})
    await settle(node.runtime)
    (accept,) = [one for one in await got(bo, "Accept", ann.uri) if "result" in one]
    found = await bo.command("look_up", uri=accept["result"], signed=True)
    assert found["type"] == "QuoteAuthorization"
    await write(
        bo,
        ann,
        "quoting",
        "<p>See</p>",
        quote=mine["uri"],
        quoteAuthorization=accept["result"],
    )
    await settle(node.runtime)
    post = await shown(ann, uri)
    assert post is not None
    assert (post["quote"]["state"], post["quote"]["quoted_status"]["uri"]) == ("accepted", mine["uri"])
    await ann.act(f"/api/v1/statuses/{mine['id']}/quotes/{post['id']}/revoke")
    await settle(node.runtime)
    assert str((await got(bo, "Delete", ann.uri))[-1]["object"]).find("quote_authorizations") > 0
    assert await bo.command("look_up", uri=accept["result"], signed=True) is None
