"""What people keep about others: notes, endorsements, languages of a follow; familiar followers, the directory."""

from typing import Any

import pytest

from node.accounts.service import silence_account, suspend_account
from tests.support.nodes import Node, Person, settle


async def relationship(person: Person, other: Person) -> Any:
    return (await person.get("/api/v1/accounts/relationships", id=other.account_id))[0]


async def test_a_note_is_its_writers_alone(ann: Person, bob: Person) -> None:
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/note", comment=" met at the fair \r\n2024 ")
    assert now["note"] == "met at the fair \n2024"
    assert (await relationship(ann, bob))["note"] == "met at the fair \n2024"
    assert (await relationship(bob, ann))["note"] == ""
    assert (await ann.act(f"/api/v1/accounts/{bob.account_id}/note"))["note"] == ""


async def test_attack_59_notes_are_short_and_few(
    ann: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/api/v1/accounts/{bob.account_id}/note"
    await ann.call("POST", path, json={"comment": "x" * 2001}, expect=422)
    monkeypatch.setattr("node.follows.kept.MAX_NOTES", 1)
    await ann.act(path, comment="one")
    await ann.act(path, comment="another")
    await ann.call("POST", f"/api/v1/accounts/{carol.account_id}/note", json={"comment": "two"}, expect=422)
    assert (await relationship(ann, carol))["note"] == ""


async def test_endorsing_asks_for_a_follow_and_ends_with_it(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    path = f"/api/v1/accounts/{bob.account_id}"
    await ann.call("POST", f"{path}/pin", expect=422)
    await ann.act(f"{path}/follow")
    assert (await ann.act(f"{path}/endorse"))["endorsed"] is True
    assert (await ann.act(f"{path}/pin"))["endorsed"] is True
    for list_ in ("/api/v1/endorsements", f"/api/v1/accounts/{ann.account_id}/endorsements"):
        assert [one["acct"] for one in await ann.get(list_)] == ["bob"]
    anonymous = await node.http.get(f"/api/v1/accounts/{ann.account_id}/endorsements")
    assert len(anonymous.json()) == 1
    await ann.act(f"/api/v1/accounts/{carol.account_id}/block")
    assert await carol.get(f"/api/v1/accounts/{ann.account_id}/endorsements") == []  # attack row 49
    assert (await ann.act(f"{path}/unpin"))["endorsed"] is False
    await ann.act(f"{path}/pin")
    await ann.act(f"{path}/unfollow")
    assert await ann.get("/api/v1/endorsements") == []
    assert (await relationship(ann, bob))["endorsed"] is False


async def test_attack_59_endorsements_are_few(
    ann: Person, bob: Person, carol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.follows.kept.MAX_ENDORSEMENTS", 1)
    for other in (bob, carol):
        await ann.act(f"/api/v1/accounts/{other.account_id}/follow")
    await ann.act(f"/api/v1/accounts/{bob.account_id}/pin")
    await ann.call("POST", f"/api/v1/accounts/{carol.account_id}/pin", expect=422)
    assert len(await ann.get("/api/v1/endorsements")) == 1


async def test_a_follow_brings_the_languages_that_were_chosen(node: Node, ann: Person, bob: Person) -> None:
    path = f"/api/v1/accounts/{bob.account_id}/follow"
    assert (await ann.act(path))["languages"] is None
    await settle(node.runtime)
    await ann.home()  # made and kept warm from here on
    now = await ann.act(path, languages=["de", "fr", "de"])
    assert now["languages"] == ["de", "fr"]
    assert (await ann.act(path))["languages"] == ["de", "fr"]
    await settle(node.runtime)
    written = {code: await bob.post(f"in {code}", language=code) for code in ("de", "en", "fr")}
    await settle(node.runtime)

    async def seen() -> list[str]:
        return [status["id"] for status in await ann.home()]

    assert await seen() == [written["fr"]["id"], written["de"]["id"]]
    async with node.runtime.read() as reader:
        from node.base.paging import Page
        from node.timelines.home_queries import list_home_ids

        found = await list_home_ids(reader, ann.account_id, Page())
    assert [str(id_) for id_ in found] == await seen()
    await ann.call("POST", path, json={"languages": [""]})
    await settle(node.runtime)
    assert len(await seen()) == 3


@pytest.mark.parametrize(
    "languages", [["nonsense!"], ["english language"], ["%"], ["e_"], [f"x{n}" for n in range(30)]]
)
async def test_attack_59_languages_are_codes_and_few(ann: Person, bob: Person, languages: list[str]) -> None:
    await ann.call("POST", f"/api/v1/accounts/{bob.account_id}/follow", json={"languages": languages}, expect=422)
    assert (await relationship(ann, bob))["following"] is False


async def test_familiar_followers_are_followed_by_the_viewer_and_hide_nothing(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    dora = await node.person("dora", hide_collections=True)
    for follower in (bob, dora):
        await ann.act(f"/api/v1/accounts/{follower.account_id}/follow")
        await follower.act(f"/api/v1/accounts/{carol.account_id}/follow")
    found = await ann.get("/api/v1/accounts/familiar_followers", **{"id[]": [carol.account_id, bob.account_id, 99]})
    assert [(entry["id"], [one["acct"] for one in entry["accounts"]]) for entry in found] == [
        (str(carol.account_id), ["bob"]),
        (str(bob.account_id), []),
    ]
    hidden = await node.person("hidden", hide_collections=True)
    await bob.act(f"/api/v1/accounts/{hidden.account_id}/follow")
    found = await ann.get("/api/v1/accounts/familiar_followers", id=hidden.account_id)
    assert found[0]["accounts"] == []


async def test_the_directory_lists_who_wants_to_be_found(node: Node, ann: Person, bob: Person) -> None:
    names = ("eve", "finn", "gus", "hal")
    found = {name: await node.person(name, discoverable=True) for name in names}
    await found["eve"].post("latest")
    async with node.runtime.write() as uow:
        await silence_account(uow, found["gus"].account_id, silenced=True, now=node.runtime.now())
        await suspend_account(uow, found["hal"].account_id, now=node.runtime.now())

    async def listed(person: Person | None = None, **params: Any) -> list[str]:
        headers = {"Authorization": f"Bearer {person.token}"} if person else {}
        response = await node.http.get("/api/v1/directory", params=params, headers=headers)
        assert response.status_code == 200
        return [account["acct"] for account in response.json()]

    assert await listed() == ["eve", "finn"]
    assert await listed(order="new", local="true") == ["finn", "eve"]
    assert await listed(order="new", limit=1, offset=1) == ["eve"]
    await ann.act(f"/api/v1/accounts/{found['eve'].account_id}/block")
    assert await listed(ann) == ["finn"]
    assert (await node.http.get("/api/v1/directory?offset=-1")).status_code == 400
    assert (await node.http.get("/api/v1/directory?order=best")).status_code == 422


async def test_a_mute_with_an_end_says_so_in_the_relationship(node: Node, ann: Person, bob: Person) -> None:
    now = await ann.act(f"/api/v1/accounts/{bob.account_id}/mute", duration=600, notifications=False)
    assert (now["muting"], now["muting_notifications"]) == (True, False)
    assert now["muting_expires_at"].endswith("Z")
    node.clock.advance(seconds=601)
    now = await relationship(ann, bob)
    assert (now["muting"], now["muting_expires_at"]) == (False, None)


async def test_attack_89_endorsing_by_somebody_else_changes_nothing_of_mine(ann: Person, bob: Person) -> None:
    await ann.call("POST", "/api/v1/accounts/4711/note", json={"comment": "x"}, expect=404)
    await ann.call("POST", "/api/v1/accounts/4711/pin", expect=404)
    await bob.act(f"/api/v1/accounts/{ann.account_id}/note", comment="mine")
    assert (await relationship(ann, bob))["note"] == ""


async def test_the_bell_rings_for_what_comes_home(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Posts in the languages that were chosen: no boosts, no answers to others."""
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow", notify=True, reblogs=False, languages=["de"])
    other = await carol.post("somebody else's")
    heard = await bob.post("hallo", language="de")
    await bob.post("bonjour", language="fr")
    await bob.post("@carol ja", language="de", in_reply_to_id=other["id"])
    await bob.act(f"/api/v1/statuses/{other['id']}/reblog")
    await settle(node.runtime)
    told = [one["status"]["id"] for one in await ann.get("/api/v1/notifications") if one["type"] == "status"]
    assert told == [heard["id"]]
    assert [status["id"] for status in await ann.home()] == [heard["id"]]
