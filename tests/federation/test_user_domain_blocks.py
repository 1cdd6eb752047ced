"""A person's own block of a whole server (MOD-4), between two nodes and through the pages."""

from typing import Any

import pytest
from sqlalchemy import select

from node.blocks import domains
from node.blocks.models import UserDomainBlock
from node.follows.models import Follow
from tests.browser.visitor import Visitor
from tests.support.doors import Door
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger


async def relationship(person: Person, account_id: str) -> dict[str, Any]:
    (found,) = await person.get("/api/v1/accounts/relationships", **{"id[]": account_id})
    assert isinstance(found, dict)
    return found


async def test_mod_4_a_person_blocks_a_whole_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Followers removed with a Reject, follows ended, notifications dropped and none new, hidden everywhere; for this
    person alone, until it is lifted."""
    monkeypatch.setattr(domains, "PAIRS", 1)
    a, b = world["a"], world["b"]
    ann, cy = await a.person("ann"), await a.person("cy")
    bo, dee = await b.person("bo"), await b.person("dee")
    for follower, followee in ((bo, ann), (dee, ann), (ann, bo), (cy, bo)):
        await follower.follow(followee)
    await world.settle()
    before = await bo.post(f"{ann.handle} hello #rooks")
    root = await cy.post("A thread")
    seen = await bo.resolve(root["uri"])
    await world.settle()
    reply = await bo.post(f"{cy.handle} an answer", in_reply_to_id=seen["id"])
    await world.settle()
    assert await ann.get("/api/v1/notifications")
    boosted = await cy.resolve(before["uri"])
    await ann.follow(cy)
    await cy.act(f"/api/v1/statuses/{boosted['id']}/reblog")
    domain = b.runtime.settings.domain
    await ann.call("POST", "/api/v1/domain_blocks", data={"domain": domain.upper()})
    await world.settle()
    assert await ann.get("/api/v1/domain_blocks") == [domain]
    their = await ann.resolve(bo.handle)
    standing = await relationship(ann, their["id"])
    assert standing["domain_blocking"]
    assert not standing["following"]
    assert not standing["followed_by"]
    async with b.runtime.read() as reader:
        left = await reader.scalars(select(Follow.follower_id).where(Follow.follower_id.in_([bo.account_id])))
    assert not left  # the Reject came
    assert [n for n in await ann.get("/api/v1/notifications") if "@" in n["account"]["acct"]] == []
    after = await bo.post(f"{ann.handle} are you there? #rooks")
    await world.settle()
    assert [n for n in await ann.get("/api/v1/notifications") if "@" in n["account"]["acct"]] == []
    uris = {before["uri"], after["uri"], reply["uri"]}
    for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/rooks", "/api/v1/timelines/home"):
        assert not [p for p in await ann.get(path) if p["uri"] in uris or (p["reblog"] or {}).get("uri") in uris], path
        assert path.endswith("home") or [p for p in await cy.get(path) if p["uri"] in uris], path
    context = await ann.get(f"/api/v1/statuses/{root['id']}/context")
    assert context["descendants"] == []
    assert len((await cy.get(f"/api/v1/statuses/{root['id']}/context"))["descendants"]) == 1
    assert await ann.get("/api/v1/accounts/search", q="bo") == []
    assert len(await cy.get("/api/v1/accounts/search", q="bo")) == 1
    # nobody follows across it, in either direction
    await ann.call("POST", f"/api/v1/accounts/{their['id']}/follow", expect=403)
    assert (await bo.follow(ann))["requested"]
    await world.settle()
    mine = await bo.resolve(ann.handle)
    assert not (await relationship(bo, mine["id"]))["requested"]
    await ann.call("DELETE", "/api/v1/domain_blocks", json={"domain": domain})
    assert await ann.get("/api/v1/domain_blocks") == []
    assert [p for p in await ann.get("/api/v1/timelines/tag/rooks") if p["uri"] == after["uri"]]


async def test_mod_4_what_cannot_be_blocked(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """No domain, our own, and more than there is room for (row 59)."""
    monkeypatch.setattr(domains, "MAX_DOMAINS", 2)
    ann, bo = await node.person("ann"), await node.person("bo")
    for domain in ("", "a b", "evil.test/path", node.runtime.settings.domain):
        await ann.call("POST", "/api/v1/domain_blocks", json={"domain": domain}, expect=422)
    for domain in ("one.test", "two.test"):
        await ann.act("/api/v1/domain_blocks", domain=domain)
    await ann.call("POST", "/api/v1/domain_blocks", json={"domain": "three.test"}, expect=422)
    assert await bo.get("/api/v1/domain_blocks") == []
    await bo.call("DELETE", "/api/v1/domain_blocks", json={"domain": "one.test"})
    assert await ann.get("/api/v1/domain_blocks") == ["two.test", "one.test"]


async def test_mod_4_through_the_pages(node: Node, alice: Stranger) -> None:
    """The menu of a profile leads to the form, filled in; the list unblocks."""
    await node.person("ann")
    async with Visitor(node.url) as visitor:
        await visitor.sign_in("ann")
        await visitor.open(f"/search?q={alice.uri}")
        page = await visitor.open(f"/@{alice.handle}")
        link = page.form("a[href^='/settings/servers']").attributes["href"]
        assert link is not None
        page = await visitor.send(await visitor.open(link), "form[action='/settings/servers']")
        assert alice.peer.domain in page.text
        assert "Server blocked" in (await visitor.open(f"/@{alice.handle}")).text
        page = await visitor.send(page, "form[action='/settings/servers/unblock']")
        assert "No server is blocked" in page.text
        page = await visitor.send(page, "form[action='/settings/servers']", domain="no domain")
        assert page.status == 422


async def test_mod_4_a_move_takes_nobody_to_a_server_they_block(door: Door, alice: Stranger, mallory: Stranger) -> None:
    """MOV-1: respecting blocks."""
    mallory.profile = {"alsoKnownAs": alice.uri}
    mallory.publish_profile()
    fan = await door.person("fan")
    await door.follow(fan, alice)
    async with door.runtime.write() as uow:
        await domains.block_domain(uow, door.runtime.settings, fan, mallory.peer.domain, now=door.runtime.now())
    await door.send(alice, alice.activity("Move", alice.uri, target=mallory.uri))
    await settle(door.runtime)
    assert await door.count(Follow, Follow.follower_id == fan.id) == 1
    assert await door.count(UserDomainBlock) == 1
