"""What comes from elsewhere and whom it concerns: replies that name nobody, groups, severed follows, newcomers."""

from typing import Any

import pytest

from federation.vocabulary import PUBLIC
from node.auth.service import sign_up
from node.moderation.service import set_domain_policy
from tests.support import make
from tests.support.make import make_account, make_token
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger


async def deliver(node: Node, stranger: Stranger, *activities: dict[str, Any]) -> None:
    for activity in activities:
        answer = await stranger.deliver(f"{node.url}/inbox", activity, now=node.runtime.now())
        assert answer.status_code == 202, answer.text
    await settle(node.runtime)


async def told(person: Person, *kinds: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await person.get("/api/v1/notifications", **{"types[]": list(kinds)})
    return found


async def test_obj_4_a_reply_that_names_nobody_is_told(node: Node, alice: Stranger) -> None:
    """As blogs reply; once, also when it is edited; and not one that its recipient may not see."""
    ann, bob = await node.person("ann"), await node.person("bob")
    mine = await ann.post("What do you think?")
    note = alice.note("Much", to=[PUBLIC], cc=[], inReplyTo=mine["uri"])
    await deliver(node, alice, alice.create(note))
    (mention,) = await told(ann, "mention")
    assert mention["status"]["uri"] == note["id"]
    hidden = alice.note("For followers", to=[alice.followers], cc=[], inReplyTo=mine["uri"])
    await deliver(node, alice, alice.create(hidden))
    assert len(await told(ann, "mention")) == 1
    await bob.post("I agree", in_reply_to_id=mine["id"])
    await settle(node.runtime)
    assert [entry["account"]["acct"] for entry in await told(ann, "mention")] == ["bob", mention["account"]["acct"]]
    await ann.post("Thank you both", in_reply_to_id=mine["id"])
    await settle(node.runtime)
    assert len(await told(ann, "mention")) == 2


async def test_likes_and_boosts_of_other_servers_are_grouped(world: World) -> None:
    ann = await world["a"].person("ann")
    fans = [await world["b"].person(f"fan{number}") for number in range(3)]
    post = await ann.post("hello")
    for fan in fans:
        seen = await fan.resolve(post["uri"])
        await fan.act(f"/api/v1/statuses/{seen['id']}/favourite")
        await fan.act(f"/api/v1/statuses/{seen['id']}/reblog")
        await fan.follow(ann)
    await world.settle()
    found = await ann.get("/api/v2/notifications")
    assert sorted((g["type"], g["notifications_count"]) for g in found["notification_groups"]) == [
        ("favourite", 3),
        ("follow", 3),
        ("reblog", 3),
    ]


async def test_an_operators_block_tells_whose_follows_it_ended(world: World) -> None:
    a, b = world["a"], world["b"]
    ann, cy, bo = await a.person("ann"), await a.person("cy"), await b.person("bo")
    await ann.follow(bo)
    await bo.follow(ann)
    await world.settle()
    domain = b.runtime.settings.domain
    for _ in range(2):
        async with a.runtime.write() as uow:
            await set_domain_policy(uow, a.runtime.settings, domain, "suspend", now=a.runtime.now())
        await settle(a.runtime)
    (severed,) = await told(ann, "severed_relationships")
    event = severed["event"]
    assert (event["type"], event["followers_count"], event["following_count"]) == ("domain_block", 1, 1)
    assert event["target_name"] == domain
    assert severed["account"]["id"] == str(ann.account_id)
    assert await told(cy, "severed_relationships") == []
    (group,) = (await ann.get("/api/v2/notifications", **{"types[]": "severed_relationships"}))["notification_groups"]
    assert group["event"] == event
    await cy.call("GET", f"/api/v1/notifications/{severed['id']}", expect=404)


async def test_ones_own_block_of_a_server_says_what_it_ended(world: World) -> None:
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    await bo.follow(ann)
    await world.settle()
    await ann.call("POST", "/api/v1/domain_blocks", data={"domain": world["b"].runtime.settings.domain})
    await world.settle()
    (severed,) = await told(ann, "severed_relationships")
    assert (severed["event"]["type"], severed["event"]["followers_count"]) == ("user_domain_block", 1)


@pytest.mark.parametrize("role", ["moderator", "user"])
async def test_moderators_hear_of_who_signs_up(node: Node, role: str) -> None:
    chief = await make_account(node.runtime, "chief", role=role)
    mo = Person(node, chief.id, "chief", await make_token(node.runtime, chief.id))
    async with node.runtime.write() as uow:
        await sign_up(
            uow, node.runtime.settings, username="new", email="new@example.com", password="correct horse battery",
            now=node.runtime.now(), key_pair=make.test_key_pair(),
        )  # fmt: skip
    await settle(node.runtime)
    assert [entry["account"]["acct"] for entry in await told(mo, "admin.sign_up")] == (
        ["new"] if role == "moderator" else []
    )
