"""Starter packs over the API: made, shown, followed; who is never in one. Attack rows 59, 84 and 106."""

from typing import Any

import pytest

from node.accounts.standing import silence_account
from node.http.limits import Limit
from node.starter_packs import rules
from tests.api.conftest import serve
from tests.api.test_discovering import wants_to_be_found
from tests.support.nodes import Node, Person, open_node
from tests.support.redis_server import RedisServer

PACKS = "/api/v1/starter_packs"


@pytest.fixture
async def dora(node: Node) -> Person:
    return await node.person("dora")


@pytest.fixture
async def pack(node: Node, ann: Person, bob: Person, carol: Person, dora: Person) -> dict[str, Any]:
    """Ann's public pack with Bob, Carol and herself in it."""
    await wants_to_be_found(node, bob, carol)
    made = await ann.act(PACKS, title="Bird  people", description="They know.", published=True)
    people = [bob.account_id, carol.account_id, ann.account_id]
    return dict(await ann.act(f"{PACKS}/{made['id']}/accounts", account_ids=people))


def names(pack: dict[str, Any]) -> list[str]:
    return [account["username"] for account in pack["accounts"]]


async def test_a_pack_is_made_shown_and_followed_by_choice(
    node: Node, pack: dict[str, Any], ann: Person, bob: Person, carol: Person, dora: Person
) -> None:
    assert (pack["title"], names(pack)) == ("Bird people", ["bob", "carol", "ann"])
    (listed,) = (await node.http.get(PACKS)).json()
    assert (listed["accounts_count"], names(listed)) == (3, ["bob", "carol", "ann"])
    assert listed["account"]["username"] == "ann"
    place = f"{PACKS}/{pack['id']}"
    (bond,) = await dora.act(f"{place}/follow", account_ids=[carol.account_id, dora.account_id, 404])
    assert (bond["id"], bond["following"]) == (str(carol.account_id), True)
    rest = await dora.act(f"{place}/follow")
    assert {bond["id"] for bond in rest} == {str(bob.account_id), str(ann.account_id)}
    assert await dora.act(f"{place}/follow") == [], "again does nothing"
    assert len(await dora.get(f"/api/v1/accounts/{dora.account_id}/following")) == 3


async def test_who_does_not_want_to_be_found_is_not_put_in(
    pack: dict[str, Any], ann: Person, bob: Person, dora: Person
) -> None:
    place = f"{PACKS}/{pack['id']}/accounts"
    refused = await ann.call("POST", place, json={"account_ids": [dora.account_id]}, expect=422)
    assert "@dora does not want to be" in refused["error"]
    await ann.call("POST", place, json={"account_ids": [bob.account_id, 404]}, expect=404)


async def test_who_regrets_is_silenced_or_blocks_drops_out_at_once(
    node: Node, pack: dict[str, Any], ann: Person, bob: Person, carol: Person, dora: Person
) -> None:
    """Row 106. And nobody follows by a pack whom they block, or who is not shown in it."""
    place = f"{PACKS}/{pack['id']}"
    await dora.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert names(await dora.get(place)) == ["carol", "ann"]
    assert await dora.act(f"{place}/follow", account_ids=[bob.account_id]) == []
    await carol.call("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    assert names(await ann.get(place)) == ["bob", "ann"]
    async with node.runtime.write() as uow:
        await silence_account(uow, bob.account_id, silenced=True, now=node.runtime.now())
    assert names(await ann.get(place)) == ["ann"]
    await ann.act(f"/api/v1/accounts/{dora.account_id}/block")
    await dora.call("GET", place, expect=404)
    assert await dora.get(PACKS) == []


async def test_one_can_take_oneself_out_for_good(pack: dict[str, Any], ann: Person, bob: Person, dora: Person) -> None:
    place = f"{PACKS}/{pack['id']}"
    await bob.act(f"{place}/leave")
    assert names(await ann.get(place)) == ["carol", "ann"]
    await ann.call("POST", f"{place}/accounts", json={"account_ids": [bob.account_id]}, expect=422)
    for nobody in (bob, dora):
        await nobody.call("POST", f"{place}/leave", expect=404)


async def test_another_s_pack_is_not_changed_and_a_draft_not_seen(
    node: Node, pack: dict[str, Any], ann: Person, bob: Person
) -> None:
    """Row 84."""
    place = f"{PACKS}/{pack['id']}"
    await bob.call("PUT", place, json={"title": "Mine"}, expect=404)
    await bob.call("DELETE", place, expect=404)
    for method in ("POST", "DELETE"):
        await bob.call(method, f"{place}/accounts", json={"account_ids": [bob.account_id]}, expect=404)
    await ann.call("PATCH", place, json={"published": False})
    for path in (place, f"{place}/follow"):
        await bob.call("GET" if path == place else "POST", path, expect=404)
    assert (await node.http.get(PACKS)).json() == []
    assert [one["id"] for one in await ann.get(f"{PACKS}/own")] == [pack["id"]]
    await ann.call("DELETE", f"{place}/accounts", json={"account_ids": [bob.account_id]})
    await ann.call("DELETE", place)
    await ann.call("GET", place, expect=404)


async def test_packs_have_bounds(monkeypatch: pytest.MonkeyPatch, pack: dict[str, Any], ann: Person) -> None:
    """Row 59."""
    for fields in ({"title": " "}, {"title": "x" * 101}, {"title": "x", "description": "x" * 501}):
        await ann.call("POST", PACKS, json=fields, expect=422)
    monkeypatch.setattr("node.starter_packs.service.MAX_PACKS", 1)
    await ann.call("POST", PACKS, json={"title": "One more"}, expect=422)
    monkeypatch.setattr("node.starter_packs.service.MAX_MEMBERS", 2)
    place = f"{PACKS}/{pack['id']}/accounts"
    await ann.call("DELETE", place, json={"account_ids": [ann.account_id]})
    await ann.call("POST", place, json={"account_ids": [ann.account_id]}, expect=422)
    assert (rules.MAX_PACKS, rules.MAX_MEMBERS) == (20, 100)


async def test_following_a_pack_counts_each_of_its_people(
    monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer
) -> None:
    """Row 59: a pack is no way around the follows of a day; what is refused follows nobody."""
    monkeypatch.setattr("node.api.starter_packs.FOLLOWS", Limit("follows", 2, 86_400))
    async with open_node(redis_server, rate_limits=True) as runtime:
        async for node in serve(runtime):
            node.clock.hold()
            ann, others = await node.person("ann"), [await node.person(name) for name in ("bob", "carol", "dora")]
            await wants_to_be_found(node, *others)
            pack = await others[0].act(PACKS, title="Three", published=True)
            place = f"{PACKS}/{pack['id']}"
            await others[0].act(f"{place}/accounts", account_ids=[one.account_id for one in others])
            await ann.call("POST", f"{place}/follow", expect=429)
            assert await ann.get(f"/api/v1/accounts/{ann.account_id}/following") == []
            two = [one.account_id for one in others[:2]]
            assert len(await ann.act(f"{place}/follow", account_ids=two)) == 2
            await ann.call("POST", f"{place}/follow", expect=429)
