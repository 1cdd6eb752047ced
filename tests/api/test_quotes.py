"""Quotes as apps see them, for one viewer and another (Mastodon 4.5; OBJ-12, OBJ-14, AUD-4, row 107)."""

from typing import Any

import pytest

from tests.api.shapes import check_status
from tests.support.nodes import Node, Person, settle


async def quote_as_seen(person: Person, quote: dict[str, Any]) -> Any:
    return (await person.get(f"/api/v1/statuses/{quote['id']}"))["quote"]


async def test_a_quote_depends_on_who_looks(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """blocked_account and muted_account with the post behind it, unauthorized without; deleted for everybody."""
    original = await ann.post("Mine")
    quote = await bob.post("Look", quoted_status_id=original["id"])
    check_status(quote, signed_in=True)
    assert quote["quote"]["state"] == "accepted"
    assert quote["quote"]["quoted_status"]["id"] == original["id"]
    account = original["account"]["id"]
    await carol.act(f"/api/v1/accounts/{account}/mute")
    seen = await quote_as_seen(carol, quote)
    assert (seen["state"], seen["quoted_status"]["id"]) == ("muted_account", original["id"])
    await carol.act(f"/api/v1/accounts/{account}/unmute")
    await carol.act(f"/api/v1/accounts/{account}/block")
    seen = await quote_as_seen(carol, quote)
    assert (seen["state"], seen["quoted_status"]["id"]) == ("blocked_account", original["id"])
    await carol.act(f"/api/v1/accounts/{account}/unblock")
    shunned = await carol.get("/api/v1/accounts/verify_credentials")
    await ann.act(f"/api/v1/accounts/{shunned['id']}/block")
    assert await quote_as_seen(carol, quote) == {"state": "unauthorized", "quoted_status": None}
    boost = await bob.act(f"/api/v1/statuses/{quote['id']}/reblog")
    assert boost["reblog"]["quote"]["state"] == "accepted"
    assert boost["quote"] is None
    await ann.call("DELETE", f"/api/v1/statuses/{original['id']}")
    assert await quote_as_seen(bob, quote) == {"state": "deleted", "quoted_status": None}


async def test_a_private_post_shows_to_its_readers_alone(ann: Person, bob: Person) -> None:
    """AUD-4, row 107: quoted by its author for followers, mentioned Bob sees the quote and not what it quotes."""
    private = await ann.post("Secret", visibility="private")
    quote = await ann.post("@bob see", quoted_status_id=private["id"], visibility="public")
    assert quote["visibility"] == "private"
    assert quote["quote"]["state"] == "accepted"
    assert await quote_as_seen(bob, quote) == {"state": "unauthorized", "quoted_status": None}
    assert (await ann.get(f"/api/v1/statuses/{private['id']}"))["quotes_count"] == 0


async def test_quotes_of_quotes_are_named(ann: Person, bob: Person) -> None:
    first = await ann.post("One")
    second = await bob.post("Two", quoted_status_id=first["id"])
    third = await ann.post("Three", quoted_status_id=second["id"])
    assert third["quote"]["quoted_status"]["quote"] == {"state": "accepted", "quoted_status_id": first["id"]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"quoted_status_id": "1"}, 404),
        ({"quoted_status_id": "nonsense"}, 404),
        ({"quote_approval_policy": "everybody"}, 422),
        ({"quote_approval_policy": "manual"}, 422),
    ],
)
async def test_what_cannot_be_quoted(ann: Person, body: dict[str, Any], status: int) -> None:
    await ann.call("POST", "/api/v1/statuses", json={"status": "x", **body}, expect=status)
    assert await ann.home() == []


async def test_a_direct_quote_names_its_author(ann: Person, bob: Person) -> None:
    original = await ann.post("Mine")
    body = {"status": "psst", "visibility": "direct", "quoted_status_id": original["id"]}
    await bob.call("POST", "/api/v1/statuses", json=body, expect=422)
    await bob.call("POST", "/api/v1/statuses", json=body | {"status": "psst @ann"})
    assert (await ann.get(f"/api/v1/statuses/{original['id']}"))["quotes_count"] == 0


async def test_across_a_block_nothing_is_quoted(ann: Person, bob: Person) -> None:
    original = await ann.post("Mine")
    await bob.act(f"/api/v1/accounts/{original['account']['id']}/block")
    body = {"status": "x", "quoted_status_id": original["id"]}
    await bob.call("POST", "/api/v1/statuses", json=body, expect=403)


async def test_policies_and_defaults(node: Node, ann: Person, bob: Person) -> None:
    """`source[quote_policy]` fills the gap; what is not open is nobody's; edits and PUT change it."""
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"source": {"quote_policy": "nobody"}})
    assert (await ann.get("/api/v1/preferences"))["posting:default:quote_policy"] == "nobody"
    me = await ann.get("/api/v1/accounts/verify_credentials")
    assert me["source"]["quote_policy"] == "nobody"
    body = {"source": {"quote_policy": "whoever"}}
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json=body, expect=422)
    post = await ann.post("Mine")
    path = f"/api/v1/statuses/{post['id']}"
    assert post["quote_approval"] == {"automatic": [], "manual": [], "current_user": "automatic"}
    assert (await bob.get(path))["quote_approval"]["current_user"] == "denied"
    changed = await ann.call("PUT", path, json={"status": "Mine!", "quote_approval_policy": "followers"})
    assert changed["quote_approval"]["automatic"] == ["followers"]
    assert (await bob.get(path))["quote_approval"]["current_user"] == "denied"
    await bob.follow(ann)
    assert (await bob.get(path))["quote_approval"]["current_user"] == "automatic"
    await ann.call("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "public"})
    anonymous = (await node.http.get(path)).json()
    assert anonymous["quote_approval"] == {"automatic": ["public"], "manual": [], "current_user": "denied"}
    await bob.call("PUT", f"{path}/interaction_policy", json={"quote_approval_policy": "public"}, expect=404)
    await ann.call("PUT", f"{path}/interaction_policy", json={}, expect=422)
    private = await ann.post("Among us", visibility="private", quote_approval_policy="public")
    assert private["quote_approval"]["automatic"] == []


async def test_revoking(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Only the quoted author may; for good, and counted and told."""
    original = await ann.post("Mine")
    quote = await bob.post("Look", quoted_status_id=original["id"])
    own = await ann.post("I again", quoted_status_id=original["id"])
    await settle(node.runtime)
    path = f"/api/v1/statuses/{original['id']}"
    assert (await ann.get(path))["quotes_count"] == 2
    assert [found["id"] for found in await carol.get(f"{path}/quotes")] == [own["id"], quote["id"]]
    assert (await node.http.get(f"{path}/quotes")).status_code == 401
    (notice,) = await ann.get("/api/v1/notifications", **{"types[]": "quote"})
    assert notice["status"]["id"] == quote["id"]
    for person in (bob, carol):
        await person.call("POST", f"{path}/quotes/{quote['id']}/revoke", expect=404)
    await ann.call("POST", f"{path}/quotes/{original['id']}/revoke", expect=404)
    done = await ann.act(f"{path}/quotes/{quote['id']}/revoke")
    assert done["quote"] == {"state": "revoked", "quoted_status": None}
    await settle(node.runtime)
    assert (await ann.get(path))["quotes_count"] == 1
    assert [found["id"] for found in await carol.get(f"{path}/quotes")] == [own["id"]]
    assert await ann.get("/api/v1/notifications", **{"types[]": "quote"}) == []
    await ann.call("DELETE", f"/api/v1/statuses/{own['id']}")
    assert (await ann.get(path))["quotes_count"] == 0
    await bob.call("PUT", f"/api/v1/statuses/{quote['id']}", json={"status": "Look again"})
    assert (await quote_as_seen(bob, quote))["state"] == "revoked"
