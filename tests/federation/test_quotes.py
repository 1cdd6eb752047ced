"""Quotes between two nodes: asked, allowed, stamped, taken back, deleted (OBJ-12 to OBJ-15, AUD-4)."""

from typing import Any

import httpx
import pytest

from federation.vocabulary import AP_TYPE
from tests.support.nodes import Person, World


@pytest.fixture
async def ann(world: World) -> Person:
    return await world["a"].person("ann")


@pytest.fixture
async def bo(world: World) -> Person:
    return await world["b"].person("bo")


async def document(uri: str) -> tuple[int, dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as http:
        answer = await http.get(uri, headers={"Accept": AP_TYPE})
    return answer.status_code, answer.json()


async def test_a_quote_is_asked_for_stamped_and_taken_back(world: World, ann: Person, bo: Person) -> None:
    """OBJ-13, OBJ-14, OBJ-15: request, Accept with stamp, Update; a third party believes the stamp; Delete ends it."""
    cy = await world["b"].person("cy")
    await cy.follow(ann)
    await world.settle()
    original = await bo.post("What I said")
    found = await ann.resolve(original["uri"])
    assert found["quote_approval"] == {"automatic": ["public"], "manual": [], "current_user": "automatic"}

    quote = await ann.post("See this", quoted_status_id=found["id"])
    assert quote["quote"] == {"state": "pending", "quoted_status": None}
    assert "quote-inline" in quote["content"]
    await world.settle()

    quote = await ann.get(f"/api/v1/statuses/{quote['id']}")
    assert quote["quote"]["state"] == "accepted"
    assert quote["quote"]["quoted_status"]["uri"] == original["uri"]
    assert "quote-inline" not in quote["content"]
    (there,) = [status for status in await cy.home() if status["uri"] == quote["uri"]]
    assert there["quote"]["state"] == "accepted"
    assert there["quote"]["quoted_status"]["id"] == original["id"]
    assert "RE:" not in there["content"]
    assert (await bo.get(f"/api/v1/statuses/{original['id']}"))["quotes_count"] == 1
    (notice,) = await bo.get("/api/v1/notifications", **{"types[]": "quote"})
    assert notice["status"]["uri"] == quote["uri"]

    status, note = await document(quote["uri"])
    assert status == 200
    assert note["quote"] == note["quoteUrl"] == note["quoteUri"] == note["_misskey_quote"] == original["uri"]
    assert {"type": "Link", "href": original["uri"]}.items() <= note["tag"][-1].items()
    status, stamp = await document(note["quoteAuthorization"])
    assert status == 200
    assert (stamp["type"], stamp["attributedTo"]) == ("QuoteAuthorization", bo.uri)
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (quote["uri"], original["uri"])

    (listed,) = await bo.get(f"/api/v1/statuses/{original['id']}/quotes")
    answer = await bo.act(f"/api/v1/statuses/{original['id']}/quotes/{listed['id']}/revoke")
    assert answer["quote"] == {"state": "revoked", "quoted_status": None}
    await world.settle()
    assert (await ann.get(f"/api/v1/statuses/{quote['id']}"))["quote"]["state"] == "revoked"
    assert (await document(note["quoteAuthorization"]))[0] == 410
    assert "quote" not in (await document(quote["uri"]))[1]
    assert (await bo.get(f"/api/v1/statuses/{original['id']}"))["quotes_count"] == 0
    assert await bo.get("/api/v1/notifications", **{"types[]": "quote"}) == []


async def test_whom_the_policy_shuts_out(world: World, ann: Person, bo: Person) -> None:
    """OBJ-14, AUD-4, row 107: nobody, followers, direct and followers-only posts; the author always."""
    closed = await bo.post("Mine alone", quote_approval_policy="nobody")
    found = await ann.resolve(closed["uri"])
    assert found["quote_approval"]["current_user"] == "denied"
    await ann.call("POST", "/api/v1/statuses", json={"status": "See", "quoted_status_id": found["id"]}, expect=403)
    assert (await bo.post("I may", quoted_status_id=closed["id"]))["quote"]["state"] == "accepted"

    await ann.follow(bo)
    await world.settle()
    private = await bo.post("Among us", visibility="private")
    friends = await bo.post("For friends", quote_approval_policy="followers")
    await world.settle()
    home = {status["uri"]: status for status in await ann.home()}
    assert home[private["uri"]]["quote_approval"]["current_user"] == "denied"
    assert home[friends["uri"]]["quote_approval"] == {
        "automatic": ["followers"], "manual": [], "current_user": "automatic",
    }  # fmt: skip
    body = {"status": "See", "quoted_status_id": home[private["uri"]]["id"]}
    await ann.call("POST", "/api/v1/statuses", json=body, expect=403)
    quote = await ann.post("A friend says", quoted_status_id=home[friends["uri"]]["id"])
    own = await bo.post("Wider", quoted_status_id=private["id"], visibility="public")
    assert own["visibility"] == "private"
    await world.settle()
    assert (await ann.get(f"/api/v1/statuses/{quote['id']}"))["quote"]["state"] == "accepted"

    direct = await bo.post("@bo to myself", visibility="direct")
    body = {"status": "See", "quoted_status_id": direct["id"]}
    await bo.call("POST", "/api/v1/statuses", json=body, expect=403)


async def test_a_policy_that_changed_meanwhile_refuses(world: World, ann: Person, bo: Person) -> None:
    """OBJ-13, OBJ-14: the author's server decides, whatever the quoter's thought; a Reject is final."""
    original = await bo.post("Changed my mind")
    found = await ann.resolve(original["uri"])
    changed = await bo.call(
        "PUT", f"/api/v1/statuses/{original['id']}/interaction_policy", json={"quote_approval_policy": "nobody"}
    )
    assert changed["quote_approval"]["automatic"] == []
    quote = await ann.post("See this", quoted_status_id=found["id"])
    await world.settle()
    quote = await ann.get(f"/api/v1/statuses/{quote['id']}")
    assert quote["quote"] == {"state": "rejected", "quoted_status": None}
    assert "quote" not in (await document(quote["uri"]))[1]


async def test_what_is_quoted_goes(world: World, ann: Person, bo: Person) -> None:
    """OBJ-12, ACV-4: the quoted post deleted; and `quoted_update` when it is edited."""
    original = await bo.post("One")
    found = await ann.resolve(original["uri"])
    quote = await ann.post("See this", quoted_status_id=found["id"])
    await world.settle()
    await bo.call("PUT", f"/api/v1/statuses/{original['id']}", json={"status": "Two"})
    await world.settle()
    (notice,) = await ann.get("/api/v1/notifications", **{"types[]": "quoted_update"})
    assert notice["status"]["id"] == quote["id"]
    await bo.call("DELETE", f"/api/v1/statuses/{original['id']}")
    await world.settle()
    assert (await ann.get(f"/api/v1/statuses/{quote['id']}"))["quote"] == {"state": "deleted", "quoted_status": None}
