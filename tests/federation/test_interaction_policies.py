"""Authors elsewhere who want to be asked, or left alone (OBJ-16), in the shapes of GoToSocial old and new."""

from typing import Any

import pytest

from federation.vocabulary import PUBLIC
from tests.federation.test_inbound import send, served_inboxes
from tests.support.fake_peer import Answer, FakePeer
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Document, Stranger


@pytest.fixture
def sloth(good: FakePeer) -> Stranger:
    """An author on a GoToSocial."""
    for path in ("/inbox", "/users/sloth/inbox", "/users/fan/inbox"):
        good.routes[path] = Answer(status=202)
    return Stranger(good, "sloth")


@pytest.fixture
async def bob(node: Node, evil: FakePeer) -> Person:
    """One of ours, with a follower elsewhere, who is to hear of nothing before its time."""
    bob = await node.person("bob")
    evil.routes["/inbox"] = evil.routes["/users/fan/inbox"] = Answer(status=202)
    fan = Stranger(evil, "fan")
    await send(node, fan, fan.activity("Follow", bob.uri))
    evil.requests.clear()
    return bob


def policy(**subs: Any) -> Document:
    return {"interactionPolicy": {f"can{name.title()}": sub for name, sub in subs.items()}}


ASK = {"automaticApproval": [], "manualApproval": [PUBLIC]}
OLD_ASK = {"always": [], "approvalRequired": [PUBLIC]}


async def test_obj_16_a_no_is_a_no(node: Node, bob: Person, sloth: Stranger) -> None:
    """403 in plain words for what the author shuts out; who is mentioned may answer all the same."""
    nobody = {"automaticApproval": [sloth.uri], "manualApproval": []}
    note = sloth.note("Leave me", **policy(like=nobody, reply=nobody, announce=nobody))
    found = await bob.resolve(note["id"])
    assert found["denied_interactions"] == ["favourite", "reply", "reblog"]
    for path in ("favourite", "reblog"):
        answer = await bob.call("POST", f"/api/v1/statuses/{found['id']}/{path}", expect=403)
        assert "author" in answer["error"]
    body = {"status": "But", "in_reply_to_id": found["id"]}
    await bob.call("POST", "/api/v1/statuses", json=body, expect=403)

    note = sloth.note("Bob, a word", mentions=[bob.uri], **policy(reply=nobody))
    found = await bob.resolve(note["id"])
    assert "denied_interactions" not in found
    assert (await bob.post("Yes?", in_reply_to_id=found["id"]))["visibility"] == "public"


@pytest.mark.parametrize("ask", [ASK, OLD_ASK], ids=["new", "old"])
async def test_obj_16_asked_first_and_told_later(
    node: Node, bob: Person, sloth: Stranger, evil: FakePeer, ask: Document
) -> None:
    """Like, reply and boost go to the author alone, and to everybody once they agree, with the proof."""
    found = await bob.resolve(sloth.note("Ask me", **policy(like=ask, reply=ask, announce=ask))["id"])
    await bob.act(f"/api/v1/statuses/{found['id']}/favourite")
    reply = await bob.post("May I?", in_reply_to_id=found["id"], visibility="public")
    boost = await bob.act(f"/api/v1/statuses/{found['id']}/reblog")
    await settle(node.runtime)
    asked = {sent["type"]: sent for sent in served_inboxes(sloth.peer)}
    assert set(asked) == {"Like", "Create", "Announce"}
    assert PUBLIC in asked["Create"]["object"]["to"]
    assert PUBLIC in asked["Announce"]["to"]
    assert served_inboxes(evil) == []
    status = await bob.get(f"/api/v1/statuses/{found['id']}")
    assert (status["favourites_count"], status["reblogs_count"], status["replies_count"]) == (0, 0, 0)
    assert status["favourited"]
    assert await bob.get(f"/api/v1/statuses/{found['id']}/favourited_by") == []
    assert (await node.http.get(f"/api/v1/statuses/{reply['id']}")).status_code == 404

    fan = Stranger(evil, "fan")
    await send(node, fan, fan.activity("Accept", asked["Like"]["id"], result=f"{fan.uri}/ok/0"))
    assert (await bob.get(f"/api/v1/statuses/{found['id']}"))["favourites_count"] == 0

    await send(node, sloth, sloth.activity("Accept", asked["Like"]["id"], result=f"{sloth.uri}/ok/1"))
    request = {
        "type": "ReplyRequest", "actor": bob.uri, "object": found["uri"], "instrument": asked["Create"]["object"]["id"],
    }  # fmt: skip
    await send(node, sloth, sloth.activity("Accept", request, result=f"{sloth.uri}/ok/2"))
    await send(node, sloth, sloth.activity("Accept", asked["Announce"]["id"], result=f"{sloth.uri}/ok/3"))
    status = await bob.get(f"/api/v1/statuses/{found['id']}")
    assert (status["favourites_count"], status["reblogs_count"], status["replies_count"]) == (1, 1, 1)
    told = {sent["type"]: sent for sent in served_inboxes(evil)}
    assert told["Create"]["object"]["replyAuthorization"] == f"{sloth.uri}/ok/2"
    assert told["Create"]["object"]["approvedBy"] == f"{sloth.uri}/ok/2"
    assert told["Announce"]["announceAuthorization"] == f"{sloth.uri}/ok/3"
    assert (told["Announce"]["id"], told["Create"]["object"]["id"]) == (asked["Announce"]["id"], reply["uri"])
    assert (await node.http.get(f"/api/v1/statuses/{reply['id']}")).json()["visibility"] == "public"
    assert (await bob.get(f"/api/v1/statuses/{boost['id']}"))["visibility"] == "public"


async def test_obj_16_refused_is_taken_back(node: Node, bob: Person, sloth: Stranger, evil: FakePeer) -> None:
    """Reject removes like, reply and boost, and nobody else ever heard of them."""
    found = await bob.resolve(sloth.note("Ask me", **policy(like=ASK, reply=ASK, announce=ASK))["id"])
    await bob.act(f"/api/v1/statuses/{found['id']}/favourite")
    reply = await bob.post("May I?", in_reply_to_id=found["id"])
    await bob.act(f"/api/v1/statuses/{found['id']}/reblog")
    await settle(node.runtime)
    for sent in served_inboxes(sloth.peer):
        inner = sent["object"]["id"] if sent["type"] == "Create" else sent["id"]
        await send(node, sloth, sloth.activity("Reject", inner))
    status = await bob.get(f"/api/v1/statuses/{found['id']}")
    assert (status["favourited"], status["reblogged"]) == (False, False)
    assert (status["favourites_count"], status["reblogs_count"], status["replies_count"]) == (0, 0, 0)
    await bob.call("GET", f"/api/v1/statuses/{reply['id']}", expect=404)
    assert served_inboxes(evil) == []


async def test_obj_16_taken_back_while_it_waits(node: Node, bob: Person, sloth: Stranger) -> None:
    """What was never counted is not counted off."""
    found = await bob.resolve(sloth.note("Ask me", **policy(like=ASK, announce=ASK))["id"])
    ann = await node.person("ann")
    await send(node, sloth, sloth.activity("Announce", found["uri"], to=[PUBLIC]))
    await bob.act(f"/api/v1/statuses/{found['id']}/favourite")
    await bob.act(f"/api/v1/statuses/{found['id']}/reblog")
    await bob.act(f"/api/v1/statuses/{found['id']}/unfavourite")
    await bob.act(f"/api/v1/statuses/{found['id']}/unreblog")
    status = await ann.get(f"/api/v1/statuses/{found['id']}")
    assert (status["favourites_count"], status["reblogs_count"]) == (0, 0)


async def test_obj_16_followers_have_to_be_proven(node: Node, bob: Person, sloth: Stranger, evil: FakePeer) -> None:
    """A follower is welcome, and yet asked for: nobody but the author's server can tell that they are one."""
    account = await bob.resolve(sloth.handle)
    await bob.act(f"/api/v1/accounts/{account['id']}/follow")
    await settle(node.runtime)
    friends = {"automaticApproval": [sloth.followers], "manualApproval": []}
    note = sloth.note("Friends", **policy(reply=friends))
    found = await bob.resolve(note["id"])
    body = {"status": "Hi", "in_reply_to_id": found["id"]}
    await bob.call("POST", "/api/v1/statuses", json=body, expect=403)
    await send(node, sloth, sloth.activity("Accept", served_inboxes(sloth.peer)[-1]))
    evil.requests.clear()
    reply = await bob.post("Hi", in_reply_to_id=found["id"], visibility="public")
    await settle(node.runtime)
    assert served_inboxes(evil) == []
    assert reply["visibility"] == "direct"


async def test_obj_16_the_requests_of_a_newer_gotosocial(node: Node, bob: Person, sloth: Stranger) -> None:
    """LikeRequest, ReplyRequest, AnnounceRequest: answered with an authorization that stands at its id."""
    mine = await bob.post("Mine")
    for kind in ("Like", "Reply", "Announce"):
        instrument = f"{sloth.uri}/{kind.lower()}s/1"
        request = sloth.activity(f"{kind}Request", mine["uri"], instrument=instrument, to=[bob.uri])
        await send(node, sloth, request)
        accept = served_inboxes(sloth.peer)[-1]
        assert (accept["type"], accept["object"]["id"]) == ("Accept", request["id"])
        answer = await node.http.get(accept["result"], headers={"Accept": "application/activity+json"})
        stamp = answer.json()
        assert (stamp["type"], stamp["interactingObject"]) == (f"{kind}Authorization", instrument)
        assert (stamp["attributedTo"], stamp["interactionTarget"]) == (bob.uri, mine["uri"])
