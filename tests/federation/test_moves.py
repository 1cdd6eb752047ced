"""Moving: between two whole nodes, and by strangers who say more than is true (MOV-1, MOV-2, attack row 39)."""

from typing import Any

import pytest
from sqlalchemy import select

from federation.vocabulary import AP_TYPE
from node.accounts.models import Account
from node.base.db import pieces
from node.blocks.models import Mute
from node.blocks.service import block, mute
from node.follows.models import Follow
from node.moves import service as moves
from node.moves.rules import MAX_ALIASES
from node.remote.actors import fetch_actor
from tests.browser.visitor import Visitor
from tests.support.doors import Door
from tests.support.fake_peer import FakePeer
from tests.support.make import make_account
from tests.support.nodes import Node, World, settle
from tests.support.stranger import Stranger


async def follow_of(node: Node, follower_id: int, uri: str) -> Follow | None:
    async with node.runtime.read() as reader:
        found: Follow | None = await reader.scalar(
            select(Follow)
            .join(Account, Account.id == Follow.followee_id)
            .where(Follow.follower_id == follower_id, Account.uri == uri)
        )
    return found


async def test_mov_2_somebody_moves_and_their_followers_go_along(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """MOV-1, MOV-2: through the pages, followers here and there, in pieces; then back again, and not twice a month."""
    monkeypatch.setattr(moves, "PIECE", 1)  # every person in a transaction of their own
    a, b = world["a"], world["b"]
    ann, cy = await a.person("ann"), await a.person("cy")
    new, dee, eve = await b.person("ann2"), await b.person("dee"), await b.person("eve")
    for fan in (cy, dee, eve):
        await fan.follow(ann)
    await world.settle()
    eve_sees = await eve.resolve(ann.handle)
    await eve.act(f"/api/v1/accounts/{eve_sees['id']}/mute", notifications=False)
    await eve.act(f"/api/v1/accounts/{eve_sees['id']}/note", comment="From school")
    await eve.act(f"/api/v1/accounts/{new.account_id}/note", comment="New here")
    await eve.act(f"/api/v1/accounts/{eve_sees['id']}/follow", languages=["de"])
    async with Visitor(a.url) as old_browser, Visitor(b.url) as new_browser:
        await old_browser.sign_in("ann")
        await new_browser.sign_in("ann2")
        form = "form[action='/settings/move']"
        page = await old_browser.open("/settings/move")
        refused = await old_browser.send(page, form, target=new.handle, current_password="correct horse battery")
        assert refused.status == 422
        assert "does not name this one as an alias" in refused.text
        page = await new_browser.send(
            await new_browser.open("/settings/move"), "form[action='/settings/move/aliases']", alias=ann.handle
        )
        assert ann.handle.removeprefix("@") in page.text
        credentials = await new.get("/api/v1/accounts/verify_credentials")
        assert credentials["source"]["also_known_as"] == [ann.uri]
        page = await old_browser.open("/settings/move")
        refused = await old_browser.send(page, form, target=new.handle, current_password="wrong")
        assert refused.status == 422
        page = await old_browser.send(page, form, target=new.handle, current_password="correct horse battery")
        assert page.status == 200, page.text
        await world.settle()
        for fan in (cy, dee, eve):
            found = await follow_of(fan.node, fan.account_id, new.uri)
            assert found is not None, fan.username
            assert found.accepted_at is not None
            assert await follow_of(fan.node, fan.account_id, ann.uri) is None
        async with b.runtime.read() as reader:
            (copied,) = await reader.scalars(select(Mute).where(Mute.target_id == new.account_id))
        assert not copied.hide_notifications
        standing = (await eve.get("/api/v1/accounts/relationships", id=new.account_id))[0]
        assert standing["note"] == "New here\nFrom school"
        assert standing["languages"] == ["de"]
        shown = await cy.get(f"/api/v1/accounts/{ann.account_id}")
        assert shown["moved"]["acct"] == new.handle.removeprefix("@")
        assert "has moved to" in (await new_browser.open(f"/@{ann.handle.removeprefix('@')}")).text
        document = (await a.http.get(ann.uri, headers={"Accept": AP_TYPE})).json()
        assert document["movedTo"] == new.uri
        # nobody new can follow: the answer is plain here, and a Reject there
        problem = await cy.call("POST", f"/api/v1/accounts/{ann.account_id}/follow", expect=422)
        assert "has moved" in problem["error"]
        page = await old_browser.send(await old_browser.open("/settings/move"), "form[action='/settings/move/undo']")
        assert "in use again" in page.response.text
        page = await old_browser.send(page, form, target=new.handle, current_password="correct horse battery")
        assert "You can move again on" in page.text
        await old_browser.send(
            page, form, target=new.handle, current_password="correct horse battery", redirect_only="1"
        )
    await world.settle()
    assert (await cy.get(f"/api/v1/accounts/{ann.account_id}"))["moved"]


@pytest.fixture
async def alice2(evil: FakePeer) -> Stranger:
    return Stranger(evil, "alice2")


async def test_mov_1_followers_blocks_and_mutes_go_along(
    door: Door, alice: Stranger, alice2: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MOV-1: once for each of ours, whoever blocks the new one stays; a second move within the week moves nobody."""
    monkeypatch.setattr(pieces, "BRIEF_SECONDS", 0)  # one of them in each transaction
    alice2.profile = {"alsoKnownAs": alice.uri}
    alice2.publish_profile()
    fan, foe, blocker = [await door.person(name) for name in ("fan", "foe", "blocker")]
    old = await fetch_actor(door.runtime, alice.uri)
    new = await fetch_actor(door.runtime, alice2.uri)
    for follower in (fan, blocker):
        await door.follow(follower, alice)
    async with door.runtime.write() as uow:
        await block(uow, door.runtime.settings, blocker, new, now=door.runtime.now())
        await block(uow, door.runtime.settings, foe, old, now=door.runtime.now())
        await mute(uow, fan, old, notifications=False, now=door.runtime.now())
    move = alice.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice, move)
    assert await door.outcome(move) == "done"
    await settle(door.runtime)
    assert await door.count(Follow, Follow.follower_id == fan.id, Follow.followee_id == new.id) == 1
    assert await door.count(Follow, Follow.follower_id == fan.id, Follow.followee_id == old.id) == 0
    assert await door.count(Follow, Follow.follower_id == blocker.id, Follow.followee_id == old.id) == 1
    assert await door.count(Follow, Follow.followee_id == new.id) == 1
    assert await door.count(Mute, Mute.account_id == fan.id, Mute.target_id == new.id) == 1
    account = await door.account(alice.uri)
    assert account is not None
    assert account.moved_to_uri == alice2.uri
    again = alice.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice, again)
    assert await door.outcome(again) == "ignored moved_lately"
    door.clock.advance(days=8)
    later = alice.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice, later)
    assert await door.outcome(later) == "done"


@pytest.mark.parametrize(
    ("profile", "outcome"),
    [
        ({}, "refused no_alias"),
        ({"alsoKnownAs": ["https://elsewhere.test/users/x"]}, "refused no_alias"),
        ({"alsoKnownAs": "OLD", "movedTo": "https://third.test/users/x"}, "refused target_moved"),
        ({"alsoKnownAs": "OLD", "suspended": True}, "refused target_gone"),
    ],
)
async def test_row_39_a_move_that_only_one_side_says(
    door: Door, alice: Stranger, alice2: Stranger, profile: dict[str, Any], outcome: str
) -> None:
    """Without the back-link, to an account that has moved on itself (a chain) or is suspended: nobody is moved."""
    alice2.profile = {key: alice.uri if value == "OLD" else value for key, value in profile.items()}
    alice2.publish_profile()
    fan = await door.person("fan")
    await door.follow(fan, alice)
    move = alice.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice, move)
    assert await door.outcome(move) == outcome
    await settle(door.runtime)
    assert await door.count(Follow) == 1
    account = await door.account(alice.uri)
    assert account is not None
    assert not account.moved_to_uri


async def test_row_39_the_back_link_is_read_afresh_and_a_move_is_ones_own(
    door: Door, alice: Stranger, alice2: Stranger
) -> None:
    """A stale alias does not count, nobody moves another, and what concerns nobody here is not even fetched."""
    alice2.profile = {"alsoKnownAs": [alice.uri]}
    alice2.publish_profile()
    await fetch_actor(door.runtime, alice2.uri)
    idle = alice.activity("Move", alice.uri, target=alice2.uri)
    asked = len(alice2.peer.requests)
    await door.send(alice, idle)
    assert await door.outcome(idle) == "ignored no_interest"
    assert len(alice2.peer.requests) == asked
    fan = await door.person("fan")
    await door.follow(fan, alice)
    alice2.profile = {}
    alice2.publish_profile()
    move = alice.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice, move)
    assert await door.outcome(move) == "refused no_alias"
    forged = alice2.activity("Move", alice.uri, target=alice2.uri)
    await door.send(alice2, forged)
    assert await door.outcome(forged) == "refused foreign_object"
    brought = {**alice.activity("Move", alice.uri, target=alice2.uri)}
    await door.send(alice2, brought)
    assert await door.outcome(brought) == "refused foreign_actor"


async def test_row_39_a_move_to_one_of_ours_needs_their_alias(door: Door, alice: Stranger) -> None:
    fan, heir = await door.person("fan"), await door.person("heir")
    await door.follow(fan, alice)
    theft = alice.activity("Move", alice.uri, target=heir.uri)
    await door.send(alice, theft)
    assert await door.outcome(theft) == "refused no_alias"
    async with door.runtime.write() as uow:
        await moves.set_aliases(uow, heir.id, [alice.uri])
    move = alice.activity("Move", alice.uri, target=heir.uri)
    await door.send(alice, move)
    await settle(door.runtime)
    assert await door.count(Follow, Follow.follower_id == fan.id, Follow.followee_id == heir.id) == 1


async def test_mov_2_aliases_have_an_end(node: Node) -> None:
    """Attack row 59: ten aliases, none of them oneself."""
    ann = await make_account(node.runtime, "ann")
    for uris in ([ann.uri], [f"https://{n}.test/users/x" for n in range(MAX_ALIASES + 1)]):
        with pytest.raises(Exception, match=r"alias|itself"):
            async with node.runtime.write() as uow:
                await moves.set_aliases(uow, ann.id, uris)
