"""Whom a person wants to hear: policy and requests over the API (rows 89, 90, 110)."""

from typing import Any

import pytest
from sqlalchemy import select

from node.base.db.stream_log import StreamEntry
from tests.api.shapes import TIME, check_account, check_status
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle

PRIVATE = {"visibility": "direct"}


async def listed(person: Person, **params: Any) -> list[str]:
    return [entry["type"] for entry in await person.get("/api/v1/notifications", **params)]


@pytest.fixture
async def held(node: Node, ann: Person, bob: Person) -> Person:
    """Ann, to whom Bob, whom she does not know, wrote privately twice."""
    for words in ("hello", "are you there?"):
        await bob.post(f"@ann {words}", **PRIVATE)
    await settle(node.runtime)
    return ann


async def test_a_private_word_of_somebody_unknown_is_a_request(held: Person, bob: Person) -> None:
    """Row 110."""
    assert await listed(held) == []
    assert await listed(held, include_filtered="true") == ["mention"] * 2
    assert all(entry["filtered"] for entry in await held.get("/api/v1/notifications", include_filtered="true"))
    assert await held.get("/api/v1/notifications/unread_count") == {"count": 0}
    (request,) = await held.get("/api/v1/notifications/requests")
    assert request["notifications_count"] == "2"
    assert TIME.fullmatch(request["created_at"])
    assert TIME.fullmatch(request["updated_at"])
    check_account(request["account"])
    check_status(request["last_status"], signed_in=True)
    assert "are you there?" in request["last_status"]["content"]
    assert await held.get(f"/api/v1/notifications/requests/{request['id']}") == request
    summary = (await held.get("/api/v2/notifications/policy"))["summary"]
    assert summary == {"pending_requests_count": 1, "pending_notifications_count": 2}


async def test_to_accept_lets_in_what_waited_and_what_comes(node: Node, held: Person, bob: Person) -> None:
    (request,) = await held.get("/api/v1/notifications/requests")
    path = f"/api/v1/notifications/requests/{request['id']}"
    for verb, where in (("GET", path), ("POST", f"{path}/accept"), ("POST", f"{path}/dismiss")):
        await bob.call(verb, where, expect=404)
    assert await held.act(f"{path}/accept") == {}
    assert await held.get("/api/v1/notifications/requests") == []
    assert await held.get("/api/v1/notifications/requests/merged") == {"merged": True}
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        merged = select(StreamEntry.account_id).where(StreamEntry.kind == "notifications_merged")
        assert list(await reader.scalars(merged)) == [held.account_id]
    assert await listed(held) == ["mention"] * 2
    await bob.post("@ann thanks", **PRIVATE)
    await settle(node.runtime)
    assert await listed(held) == ["mention"] * 3
    await held.call("POST", f"{path}/accept", expect=404)


async def test_to_dismiss_throws_away_and_lets_ask_again(node: Node, held: Person, bob: Person) -> None:
    (request,) = await held.get("/api/v1/notifications/requests")
    assert await held.act(f"/api/v1/notifications/requests/{request['id']}/dismiss") == {}
    assert await held.get("/api/v1/notifications/requests") == []
    assert await listed(held, include_filtered="true") == []
    await bob.post("@ann once more", **PRIVATE)
    await settle(node.runtime)
    (request,) = await held.get("/api/v1/notifications/requests")
    assert request["notifications_count"] == "1"


async def test_several_at_once_and_only_ones_own(node: Node, held: Person, bob: Person) -> None:
    """Row 89."""
    cy = await node.person("cy")
    await cy.post("@ann me too", **PRIVATE)
    await settle(node.runtime)
    ids = [entry["id"] for entry in await held.get("/api/v1/notifications/requests")]
    for verb in ("accept", "dismiss"):
        assert await bob.call("POST", f"/api/v1/notifications/requests/{verb}", data={"id[]": ids}) == {}
    assert [entry["id"] for entry in await held.get("/api/v1/notifications/requests")] == ids
    await held.call("POST", "/api/v1/notifications/requests/accept", json={"id": ids[:1]})
    await held.call("POST", "/api/v1/notifications/requests/dismiss", json={"id": ids[1:]})
    assert await held.get("/api/v1/notifications/requests") == []
    assert await listed(held) == ["mention"]


async def test_the_policy(node: Node, ann: Person, bob: Person) -> None:
    """client-api behaviour 4: PUT as PATCH."""
    found = await ann.get("/api/v2/notifications/policy")
    assert found == {
        "for_not_following": "accept",
        "for_not_followers": "accept",
        "for_new_accounts": "accept",
        "for_private_mentions": "filter",
        "for_limited_accounts": "filter",
        "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
    }
    changed = await ann.call("PATCH", "/api/v2/notifications/policy", data={"for_not_following": "drop"})
    assert (changed["for_not_following"], changed["for_private_mentions"]) == ("drop", "filter")
    await bob.post("@ann hello")
    await settle(node.runtime)
    assert await listed(ann, include_filtered="true") == []
    changed = await ann.call("PUT", "/api/v2/notifications/policy", json={"for_not_following": "filter"})
    await bob.post("@ann hello again")
    await settle(node.runtime)
    assert await listed(ann, include_filtered="true") == ["mention"]
    assert await listed(ann) == []
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    await bob.post("@ann you know me now")
    await settle(node.runtime)
    assert await listed(ann) == ["mention"]
    await ann.call("PATCH", "/api/v2/notifications/policy", json={"for_new_accounts": "maybe"}, expect=422)


async def test_the_policy_as_old_apps_say_it(ann: Person) -> None:
    found = await ann.get("/api/v1/notifications/policy")
    assert found["filter_not_following"] is False
    assert found["filter_private_mentions"] is True
    changed = await ann.call(
        "PUT", "/api/v1/notifications/policy", data={"filter_new_accounts": "true", "filter_private_mentions": "false"}
    )
    assert (changed["filter_new_accounts"], changed["filter_private_mentions"]) == (True, False)
    now = await ann.get("/api/v2/notifications/policy")
    assert (now["for_new_accounts"], now["for_private_mentions"]) == ("filter", "accept")


async def test_an_answer_to_ones_own_words_needs_no_leave(node: Node, ann: Person, bob: Person) -> None:
    """Row 110: what stands above counts, if the recipient named its sender there; a claim to answer does not."""
    asked = await ann.post("@bob how are you?", **PRIVATE)
    await bob.post("@ann well", in_reply_to_id=asked["id"], **PRIVATE)
    await settle(node.runtime)
    assert await listed(ann) == ["mention"]
    public = await ann.post("good morning everybody")
    cy = await node.person("cy")
    await cy.post("@ann buy this", in_reply_to_id=public["id"], **PRIVATE)
    await settle(node.runtime)
    assert await listed(ann) == ["mention"]
    assert len(await ann.get("/api/v1/notifications/requests")) == 1


async def test_a_request_goes_with_a_block_and_hides_with_a_mute(node: Node, held: Person, bob: Person) -> None:
    await held.act(f"/api/v1/accounts/{bob.account_id}/mute")
    assert await held.get("/api/v1/notifications/requests") == []
    await held.act(f"/api/v1/accounts/{bob.account_id}/unmute")
    assert len(await held.get("/api/v1/notifications/requests")) == 1
    await held.act(f"/api/v1/accounts/{bob.account_id}/block")
    await settle(node.runtime)
    assert await held.get("/api/v1/notifications/requests") == []
    await held.act(f"/api/v1/accounts/{bob.account_id}/unblock")
    assert await held.get("/api/v1/notifications/requests") == []


async def test_what_piles_up_is_capped(node: Node, held: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 59: messages of one sender, and senders."""
    monkeypatch.setattr("node.notifications.service.MOST_HELD", 2)
    monkeypatch.setattr("node.notifications.requests.MOST_REQUESTS", 1)
    await bob.post("@ann and another thing", **PRIVATE)
    await (await node.person("cy")).post("@ann me too", **PRIVATE)
    await settle(node.runtime)
    (request,) = await held.get("/api/v1/notifications/requests")
    assert (request["account"]["acct"], request["notifications_count"]) == ("bob", "2")
    assert await listed(held, include_filtered="true") == ["mention"] * 2


async def test_row_90_reading_does_not_decide(node: Node, held: Person) -> None:
    (request,) = await held.get("/api/v1/notifications/requests")
    token = await make_token(node.runtime, held.account_id, "read")
    for verb, path in (
        ("POST", f"/api/v1/notifications/requests/{request['id']}/accept"),
        ("POST", f"/api/v1/notifications/requests/{request['id']}/dismiss"),
        ("POST", "/api/v1/notifications/requests/accept"),
        ("POST", "/api/v1/notifications/requests/dismiss"),
        ("PATCH", "/api/v2/notifications/policy"),
        ("PUT", "/api/v1/notifications/policy"),
        ("POST", "/api/v2/notifications/favourite-1-1/dismiss"),
    ):
        response = await node.http.request(verb, path, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 403, path
