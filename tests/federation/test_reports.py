"""Reports: between two whole nodes, and what strangers claim in them (MOD-3, attack row 26)."""

from typing import Any

import pytest
from sqlalchemy import select

from node.base.lanes import RELAY
from node.base.work import DRAINS
from node.moderation.service import set_domain_policy
from node.reports.models import Report
from node.reports.rules import MAX_COMMENT, PER_HOST, PER_PERSON
from node.uris import INSTANCE_ACTOR_ID
from outbox.models import OutgoingActivity
from tests.support.doors import Door
from tests.support.make import make_account, make_post, make_token
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger


async def moderator(node: Node, username: str) -> Person:
    account = await make_account(node.runtime, username, role="moderator")
    return Person(node, account.id, username, await make_token(node.runtime, account.id))


async def told(person: Person) -> list[dict[str, Any]]:
    found = await person.get("/api/v1/notifications")
    return [item for item in found if item["type"] == "admin.report"]


async def reports(node: Node | Door) -> list[Report]:
    async with node.runtime.read() as reader:
        return list(await reader.scalars(select(Report).order_by(Report.id)))


async def test_mod_3_a_report_reaches_both_sides_moderators_and_names_nobody(world: World) -> None:
    """The reporter opts in to forward it; the other server sees this server, the posts and the words."""
    a, b = world["a"], world["b"]
    ann, mo = await a.person("ann"), await moderator(a, "mo")
    bo, mia = await b.person("bo"), await moderator(b, "mia")
    await ann.follow(bo)
    await world.settle()
    post = await bo.post("Buy my pills")
    await world.settle()
    seen = await ann.resolve(post["uri"])
    report = await ann.act(
        "/api/v1/reports",
        account_id=seen["account"]["id"],
        status_ids=[seen["id"]],
        comment="This is spam",
        category="spam",
        forward=True,
    )
    assert report["target_account"]["acct"] == bo.handle.removeprefix("@")
    assert (report["category"], report["status_ids"], report["forwarded"]) == ("spam", [seen["id"]], True)
    assert not report["action_taken"]
    await DRAINS[RELAY].service(a.runtime)
    async with a.runtime.read() as reader:
        (flag,) = await reader.scalars(select(OutgoingActivity.body).where(OutgoingActivity.kind == "Flag"))
    assert str(ann.account_id) not in flag
    assert "ann" not in flag
    await world.settle()
    (note,) = await told(mo)
    assert note["account"]["acct"] == "ann"
    assert note["report"]["comment"] == "This is spam"
    (received,) = await reports(b)
    assert (received.host, received.account_id) == (a.runtime.settings.domain, None)
    assert (received.target_id, received.comment) == (bo.account_id, "This is spam")
    assert received.post_ids == [post["id"]]
    (note,) = await told(mia)
    assert note["account"]["id"] == str(INSTANCE_ACTOR_ID)  # nobody's face
    assert not await told(bo)
    assert not await told(ann)


async def test_mod_3_a_report_stays_here_unless_its_reporter_forwards_it(world: World) -> None:
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    seen = await ann.resolve(bo.handle)
    await ann.act("/api/v1/reports", account_id=seen["id"], comment="quietly")
    await ann.act("/api/v1/reports", account_id=str((await world["a"].person("cy")).account_id), forward=True)
    await world.settle()
    assert len(await reports(world["a"])) == 2
    assert not any(report.forwarded for report in await reports(world["a"]))
    assert not await reports(world["b"])


async def test_mod_3_what_a_report_may_not_hold(node: Node) -> None:
    """Row 59 and row 89: others' posts, posts one may not see, endless words, unknown categories, too many."""
    ann, bo, cy = [await node.person(name) for name in ("ann", "bo", "cy")]
    secret = await bo.post("only for friends", visibility="private")
    other = await cy.post("of somebody else")
    for fields, status in (
        ({"account_id": "1"}, 404),
        ({}, 422),
        ({"account_id": str(bo.account_id), "status_ids": [secret["id"]]}, 404),
        ({"account_id": str(bo.account_id), "status_ids": [other["id"]]}, 404),
        ({"account_id": str(bo.account_id), "comment": "x" * (MAX_COMMENT + 1)}, 422),
        ({"account_id": str(bo.account_id), "category": "taste"}, 422),
    ):
        await ann.call("POST", "/api/v1/reports", json=fields, expect=status)
    for _ in range(PER_PERSON):
        await ann.act("/api/v1/reports", account_id=str(bo.account_id))
    await ann.call("POST", "/api/v1/reports", json={"account_id": str(bo.account_id)}, expect=429)


@pytest.mark.parametrize(
    ("fields", "comment"),
    [
        ({"content": "<p>Rude</p><script>x</script>"}, "Rude"),
        ({"content": "é" * 9_000}, "é" * MAX_COMMENT),
        ({"summary": "Off topic"}, "Off topic"),
        ({}, ""),
    ],
)
async def test_mod_3_the_shapes_of_flags(door: Door, alice: Stranger, fields: dict[str, Any], comment: str) -> None:
    """Mastodon: a list of ids with `content`. Lemmy: one post with `summary`. Objects too."""
    bob = await door.person("bob")
    post = await make_post(door.runtime, bob, "Hello")
    for named in ([bob.uri, post.uri], post.uri, [post.uri], [{"type": "Note", "id": post.uri}], {"id": post.uri}):
        flag = alice.activity("Flag", named, **fields)
        await door.send(alice, flag)
        assert await door.outcome(flag) == "done"
    found = await reports(door)
    assert [(report.target_id, report.post_ids, report.comment) for report in found] == [
        (bob.id, [str(post.id)], comment)
    ] * 5
    assert {(report.host, report.account_id) for report in found} == {(alice.peer.domain, None)}


async def test_row_26_a_report_links_only_what_stands_here(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """Made-up posts are neither shown nor fetched; a report about nobody of ours is none; a forged one is none."""
    bob, eve = await door.person("bob"), await door.person("eve")
    theirs = await make_post(door.runtime, eve, "By Eve")
    false = {"type": "Note", "id": f"{bob.uri}/statuses/1", "attributedTo": bob.uri, "content": "I confess"}
    asked = len(mallory.peer.requests)
    flag = alice.activity("Flag", [bob.uri, false, theirs.uri, f"{mallory.uri}/statuses/9"], content="look")
    await door.send(alice, flag)
    (report,) = await reports(door)
    assert (report.target_id, report.post_ids) == (bob.id, [])
    assert len(mallory.peer.requests) == asked
    for named, outcome in (
        (mallory.uri, "ignored not_ours"),
        ([], "refused no_object"),
        (f"{door.url}/actor", "ignored not_ours"),
        (f"{door.url}/users/99", "ignored not_ours"),
    ):
        flag = alice.activity("Flag", named)
        await door.send(alice, flag)
        assert await door.outcome(flag) == outcome
    forged = alice.activity("Flag", bob.uri)
    await door.send(mallory, forged)
    assert await door.outcome(forged) == "refused foreign_actor"
    assert len(await reports(door)) == 1


async def test_mod_3_a_reply_to_one_of_ours_may_be_reported(door: Door, alice: Stranger, mallory: Stranger) -> None:
    bob = await door.person("bob")
    post = await make_post(door.runtime, bob, "Hello")
    reply = mallory.note("Go away", inReplyTo=post.uri, mentions=[bob.uri])
    await door.send(mallory, mallory.create(reply))
    stored = await door.post(reply["id"])
    assert stored is not None
    flag = alice.activity("Flag", reply["id"], summary="insult")
    await door.send(alice, flag)
    (report,) = await reports(door)
    assert (report.target_id, report.post_ids) == (stored.account_id, [str(stored.id)])


async def test_mod_3_a_server_that_reports_too_much_or_is_not_heard(
    door: Door, alice: Stranger, mallory: Stranger
) -> None:
    """A cap for each host and hour; `reject_reports` takes none at all. Another host is not held up by either."""
    bob = await door.person("bob")
    for _ in range(PER_HOST):
        await door.send(alice, alice.activity("Flag", bob.uri))
    more = alice.activity("Flag", bob.uri)
    await door.send(alice, more)
    assert await door.outcome(more) == "ignored too_many_reports"
    assert len(await reports(door)) == PER_HOST
    await door.send(mallory, mallory.activity("Flag", bob.uri))
    assert len(await reports(door)) == PER_HOST + 1
    async with door.runtime.write() as uow:
        await set_domain_policy(
            uow, door.runtime.settings, mallory.peer.domain, "noop", reject_reports=True, now=door.runtime.now()
        )
    unheard = mallory.activity("Flag", bob.uri)
    await door.send(mallory, unheard)
    assert await door.outcome(unheard) == "ignored reports_rejected"
    await settle(door.runtime)
