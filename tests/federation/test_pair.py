"""Two whole nodes over loopback HTTP, every signature made and checked for real: what people do reaches the other."""

from typing import Any

import pytest
from sqlalchemy import select

from node.accounts.queries import find_account_by_uri
from node.accounts.service import delete_account, suspend_account, unsuspend_account
from node.auth.queries import find_user
from node.base.db.event_log import EventRow
from outbox.models import Delivery
from tests.support.nodes import Node, Person, World


@pytest.fixture
async def ann(world: World) -> Person:
    return await world["a"].person("ann")


@pytest.fixture
async def bo(world: World) -> Person:
    return await world["b"].person("bo")


@pytest.fixture
async def friends(world: World, ann: Person, bo: Person) -> tuple[Person, Person]:
    """Ann and Bo, who follow each other."""
    await ann.follow(bo)
    await world.settle()
    await bo.follow(ann)
    await world.settle()
    return ann, bo


async def seen(person: Person, post: dict[str, Any]) -> dict[str, Any] | None:
    """Return a post as it stands in somebody's home, or None."""
    return next((found for found in await person.home() if found["uri"] == post["uri"]), None)


async def notified(person: Person, kind: str) -> list[dict[str, Any]]:
    found = await person.get("/api/v1/notifications", **{"types[]": kind})
    return [item for item in found if item["type"] == kind]


async def leftovers(node: Node) -> tuple[list[Any], list[Any]]:
    """Return events and deliveries that did not come to an end."""
    async with node.runtime.read() as reader:
        return list(await reader.scalars(select(EventRow.last_error))), list(
            await reader.scalars(select(Delivery.last_error))
        )


async def test_a_follow_is_asked_and_accepted(world: World, ann: Person, bo: Person) -> None:
    """ACV-1."""
    relationship = await ann.follow(bo)
    assert relationship["requested"]
    await world.settle()
    account = await ann.resolve(bo.handle)
    (relationship,) = await ann.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
    assert relationship["following"]
    assert not relationship["requested"]
    (notice,) = await notified(bo, "follow")
    assert notice["account"]["acct"] == ann.handle.removeprefix("@")
    for node in world.nodes.values():
        assert await leftovers(node) == ([], [])


async def test_a_locked_account_decides(world: World, ann: Person) -> None:
    """ACV-1, attack row 41: no post before the Accept; a Reject ends the request."""
    cy = await world["b"].person("cy", locked=True)
    await ann.follow(cy)
    await world.settle()
    post = await cy.post("For friends", visibility="private")
    await world.settle()
    assert await seen(ann, post) is None
    (request,) = await cy.get("/api/v1/follow_requests")
    await cy.act(f"/api/v1/follow_requests/{request['id']}/authorize")
    await world.settle()
    later = await cy.post("For friends again", visibility="private")
    await world.settle()
    assert await seen(ann, later) is not None
    account = await cy.resolve(ann.handle)
    await cy.act(f"/api/v1/accounts/{account['id']}/remove_from_followers")
    await world.settle()
    account = await ann.resolve(cy.handle)
    (relationship,) = await ann.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
    assert not relationship["following"]
    assert not relationship["requested"]


async def test_four_visibilities_reach_whom_they_are_for(world: World, friends: tuple[Person, Person]) -> None:
    """AUD: a follower gets all but what is not addressed; a stranger on the same server only what is open."""
    ann, bo = friends
    dee = await world["b"].person("dee")
    public = await ann.post("To everybody", visibility="public")
    unlisted = await ann.post("To whoever looks", visibility="unlisted")
    followers = await ann.post("To friends", visibility="private")
    direct = await ann.post(f"{bo.handle} to you", visibility="direct")
    other = await ann.post("To nobody", visibility="direct")
    await world.settle()
    for post, visibility in ((public, "public"), (unlisted, "unlisted"), (followers, "private")):
        found = await seen(bo, post)
        assert found is not None
        assert found["visibility"] == visibility
        assert found["content"] == post["content"]
    (mention,) = await notified(bo, "mention")
    assert mention["status"]["uri"] == direct["uri"]
    assert mention["status"]["visibility"] == "direct"
    assert await seen(bo, other) is None
    listed = {post["uri"] for post in await dee.get("/api/v1/timelines/public")}
    assert public["uri"] in listed
    assert not listed & {unlisted["uri"], followers["uri"], direct["uri"]}
    for post in (followers, direct):
        local = await bo.resolve(post["uri"])
        await dee.call("GET", f"/api/v1/statuses/{local['id']}", expect=404)


async def test_a_reply_a_like_and_a_boost_arrive_and_are_taken_back(
    world: World, friends: tuple[Person, Person]
) -> None:
    """ACV-2, ACV-3, ACV-5."""
    ann, bo = friends
    post = await ann.post("Hello from afar")
    await world.settle()
    there = await seen(bo, post)
    assert there is not None
    reply = await bo.post(f"{ann.handle} hello back", in_reply_to_id=there["id"])
    await bo.act(f"/api/v1/statuses/{there['id']}/favourite")
    await bo.act(f"/api/v1/statuses/{there['id']}/reblog")
    await world.settle()
    here = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (here["favourites_count"], here["reblogs_count"], here["replies_count"]) == (1, 1, 1)
    context = await ann.get(f"/api/v1/statuses/{post['id']}/context")
    assert [child["uri"] for child in context["descendants"]] == [reply["uri"]]
    assert len(await notified(ann, "mention")) == 1
    assert len(await notified(ann, "favourite")) == 1
    assert len(await notified(ann, "reblog")) == 1
    await bo.act(f"/api/v1/statuses/{there['id']}/unfavourite")
    await bo.act(f"/api/v1/statuses/{there['id']}/unreblog")
    await world.settle()
    here = await ann.get(f"/api/v1/statuses/{post['id']}")
    assert (here["favourites_count"], here["reblogs_count"]) == (0, 0)
    assert await notified(ann, "favourite") == []


async def test_a_boost_brings_a_strangers_post_to_followers_elsewhere(
    world: World, friends: tuple[Person, Person]
) -> None:
    """ACV-5: ann boosts a post bo's node has never seen."""
    ann, bo = friends
    eve = await world["a"].person("eve")
    post = await eve.post("You have not heard of me")
    await ann.act(f"/api/v1/statuses/{post['id']}/reblog")
    await world.settle()
    boosts = [found for found in await bo.home() if found["reblog"]]
    assert [boost["reblog"]["uri"] for boost in boosts] == [post["uri"]]
    assert boosts[0]["account"]["acct"] == ann.handle.removeprefix("@")


async def test_an_edit_arrives_with_its_history(world: World, friends: tuple[Person, Person]) -> None:
    """OBJ-11."""
    ann, bo = friends
    post = await ann.post("Frist")
    await world.settle()
    await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "First"})
    await world.settle()
    there = await seen(bo, post)
    assert there is not None
    assert "First" in there["content"]
    assert there["edited_at"] is not None
    assert len(await bo.get(f"/api/v1/statuses/{there['id']}/history")) == 2


async def test_a_deleted_post_is_gone_everywhere(world: World, friends: tuple[Person, Person]) -> None:
    """ACV-4: also at a node that only liked it."""
    ann, bo = friends
    post = await ann.post("Regret")
    await world.settle()
    there = await seen(bo, post)
    assert there is not None
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await world.settle()
    assert await seen(bo, post) is None
    await bo.call("GET", f"/api/v1/statuses/{there['id']}", expect=404)
    answer = await world["a"].http.get(post["uri"], headers={"Accept": "application/activity+json"})
    assert answer.status_code == 410
    assert answer.json()["type"] == "Tombstone"


async def test_a_post_is_taken_back_from_a_node_that_only_liked_it(world: World, ann: Person, bo: Person) -> None:
    """DLV-1: likers hear of a post's end, though they follow nobody."""
    post = await ann.post("Short lived")
    there = await bo.resolve(post["uri"])
    await bo.act(f"/api/v1/statuses/{there['id']}/favourite")
    await world.settle()
    await ann.call("DELETE", f"/api/v1/statuses/{post['id']}")
    await world.settle()
    await bo.call("GET", f"/api/v1/statuses/{there['id']}", expect=404)


async def test_an_unfollow_ends_what_arrives(world: World, friends: tuple[Person, Person]) -> None:
    """ACV-2."""
    ann, bo = friends
    account = await ann.resolve(bo.handle)
    await ann.act(f"/api/v1/accounts/{account['id']}/unfollow")
    await world.settle()
    post = await bo.post("Are you there?", visibility="private")
    await world.settle()
    assert await seen(ann, post) is None
    mine = await bo.get("/api/v1/accounts/verify_credentials")
    assert mine["followers_count"] == 0


async def test_a_block_ends_follows_on_both_sides(world: World, friends: tuple[Person, Person]) -> None:
    """ACV-7."""
    ann, bo = friends
    account = await ann.resolve(bo.handle)
    await ann.act(f"/api/v1/accounts/{account['id']}/block")
    await world.settle()
    for person in (ann, bo):
        mine = await person.get("/api/v1/accounts/verify_credentials")
        assert (mine["followers_count"], mine["following_count"]) == (0, 0)
    other = await bo.resolve(ann.handle)
    (relationship,) = await bo.get("/api/v1/accounts/relationships", **{"id[]": other["id"]})
    assert relationship["blocked_by"]
    await ann.act(f"/api/v1/accounts/{account['id']}/unblock")
    await world.settle()
    (relationship,) = await bo.get("/api/v1/accounts/relationships", **{"id[]": other["id"]})
    assert not relationship["blocked_by"]


async def test_a_changed_profile_arrives(world: World, friends: tuple[Person, Person]) -> None:
    """ACT-5."""
    ann, _bo = friends
    await ann.call(
        "PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Ann of A", "note": "Hello there"}
    )
    await world.settle()
    async with world["b"].runtime.read() as reader:
        stored = await find_account_by_uri(reader, ann.uri)
    assert stored is not None
    assert stored.display_name == "Ann of A"
    assert "Hello there" in stored.note


async def test_a_suspension_hides_and_its_end_shows_again(world: World, friends: tuple[Person, Person]) -> None:
    """MOD-1: the actor says `suspended`, its outbox is empty, followers hear of it."""
    ann, _ = friends
    a, b = world["a"], world["b"]
    await ann.post("Before")
    async with a.runtime.write() as uow:
        await suspend_account(uow, ann.account_id, now=a.runtime.now())
    await world.settle()
    document = (await a.http.get(f"/users/{ann.account_id}", headers={"Accept": "application/activity+json"})).json()
    assert document["suspended"] is True
    assert document["name"] == ""
    outbox = (await a.http.get(f"/users/{ann.account_id}/outbox")).json()
    assert outbox["totalItems"] == 0
    async with b.runtime.read() as reader:
        stored = await find_account_by_uri(reader, ann.uri)
    assert stored is not None
    assert stored.suspended_by_origin
    async with a.runtime.write() as uow:
        await unsuspend_account(uow, ann.account_id)
    await world.settle()
    async with b.runtime.read() as reader:
        stored = await find_account_by_uri(reader, ann.uri)
    assert stored is not None
    assert not stored.suspended_by_origin


async def test_a_deleted_account_is_gone_everywhere(world: World, friends: tuple[Person, Person]) -> None:
    """MOD-1."""
    ann, bo = friends
    a = world["a"]
    post = await ann.post("Farewell")
    await world.settle()
    assert await seen(bo, post) is not None
    async with a.runtime.write() as uow:
        await delete_account(uow, ann.account_id, now=a.runtime.now())
    await world.settle()
    assert await seen(bo, post) is None
    async with world["b"].runtime.read() as reader:
        stored = await find_account_by_uri(reader, ann.uri)
    assert stored is not None
    assert stored.deleted_at is not None
    mine = await bo.get("/api/v1/accounts/verify_credentials")
    assert (mine["followers_count"], mine["following_count"]) == (0, 0)
    answer = await a.http.get(f"/users/{ann.account_id}", headers={"Accept": "application/activity+json"})
    assert answer.status_code == 410
    webfinger = await a.http.get(f"/.well-known/webfinger?resource=acct:ann@{a.runtime.settings.domain}")
    assert webfinger.status_code == 410
    async with a.runtime.read() as reader:
        assert await find_user(reader, ann.account_id) is None
    for node in world.nodes.values():
        assert await leftovers(node) == ([], [])
