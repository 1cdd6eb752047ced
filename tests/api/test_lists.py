"""Lists: who may be on one, what it shows, and what an exclusive one keeps out of home."""

from typing import Any

from node.lists import rules
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle


async def new_list(person: Person, *members: Person, **fields: Any) -> str:
    """Make a list of people that `person` follows from then on; return its id."""
    made = await person.act("/api/v1/lists", **{"title": "Birds", **fields})
    for member in members:
        await person.follow(member)
    if members:
        ids = [str(member.account_id) for member in members]
        assert await person.act(f"/api/v1/lists/{made['id']}/accounts", account_ids=ids) == {}
    found: str = made["id"]
    return found


async def texts(person: Person, path: str, **params: Any) -> list[str]:
    return [plain(status) for status in await person.get(path, **params)]


def plain(status: dict[str, Any]) -> str:
    text = (status["reblog"] or status)["content"]
    return "".join(part.partition(">")[2] for part in text.split("<")).strip()


async def shown(person: Person, list_id: str, **params: Any) -> list[str]:
    return await texts(person, f"/api/v1/timelines/list/{list_id}", **params)


async def home(person: Person) -> list[str]:
    return await texts(person, "/api/v1/timelines/home", limit=40)


async def test_a_list_is_made_changed_and_removed(ann: Person) -> None:
    made = await ann.act("/api/v1/lists", title=" Birds \n of prey ")
    assert made == {"id": made["id"], "title": "Birds of prey", "replies_policy": "list", "exclusive": False}
    path = f"/api/v1/lists/{made['id']}"
    changed = await ann.call("PUT", path, data={"title": "Owls", "replies_policy": "none", "exclusive": "1"})
    assert changed == {"id": made["id"], "title": "Owls", "replies_policy": "none", "exclusive": True}
    assert await ann.call("PATCH", path, json={"exclusive": False}) == changed | {"exclusive": False}
    assert await ann.get(path) == changed | {"exclusive": False}
    assert await ann.get("/api/v1/lists") == [changed | {"exclusive": False}]
    assert await ann.call("DELETE", path) == {}
    assert await ann.get("/api/v1/lists") == []
    await ann.call("GET", path, expect=404)


async def test_what_is_no_list_is_refused(ann: Person) -> None:
    """Row 59."""
    for fields in ({}, {"title": " "}, {"title": "x" * 257}, {"title": "x", "replies_policy": "some"}):
        await ann.call("POST", "/api/v1/lists", json=fields, expect=422)
    made = await new_list(ann)
    for fields in ({"title": "x" * 10_000}, {"title": "\t"}, {"replies_policy": "some"}):
        await ann.call("PUT", f"/api/v1/lists/{made}", json=fields, expect=422)


async def test_lists_and_people_on_them_are_counted(ann: Person, bob: Person, carol: Person, monkeypatch: Any) -> None:
    """Row 59: 10 000 lists."""
    monkeypatch.setattr("node.lists.service.MAX_LISTS", 2)
    monkeypatch.setattr("node.lists.service.MAX_MEMBERS", 1)
    made = await new_list(ann, bob)
    await new_list(ann)
    await ann.call("POST", "/api/v1/lists", json={"title": "One more"}, expect=422)
    await ann.follow(carol)
    await ann.call("POST", f"/api/v1/lists/{made}/accounts", json={"account_ids": [carol.account_id]}, expect=422)
    assert rules.MAX_LISTS == 50, "the real ones stand in the operator's guide"
    assert rules.MAX_MEMBERS == 1000


async def test_only_people_one_follows_are_put_on_a_list(ann: Person, bob: Person, carol: Person) -> None:
    made = await new_list(ann, bob)
    path = f"/api/v1/lists/{made}/accounts"
    for ids in ([carol.account_id], [bob.account_id, carol.account_id], [4711]):
        refused = await ann.call("POST", path, json={"account_ids": ids}, expect=404)
        assert refused == {"error": "Record not found"}
    await ann.act(path, account_ids=[bob.account_id, ann.account_id])  # oneself, and once more
    assert [one["id"] for one in await ann.get(path)] == [str(ann.account_id), str(bob.account_id)]
    assert [one["id"] for one in await ann.get(f"/api/v1/accounts/{bob.account_id}/lists")] == [made]
    assert await ann.get(f"/api/v1/accounts/{carol.account_id}/lists") == []
    await ann.call("GET", "/api/v1/accounts/4711/lists", expect=404)


async def test_somebody_asked_but_not_accepted_yet_may_be_on_a_list(node: Node, ann: Person) -> None:
    """Row 41: nothing of theirs is shown before."""
    lock = await node.person("lock", locked=True)
    made = await new_list(ann, lock)
    await lock.post("Public words")
    assert await shown(ann, made) == []
    await lock.act(f"/api/v1/follow_requests/{ann.account_id}/authorize")
    assert await shown(ann, made) == ["Public words"]


async def test_people_leave_a_list_by_query_and_by_body_and_by_unfollowing(
    ann: Person, bob: Person, carol: Person
) -> None:
    """client-api 6."""
    made = await new_list(ann, bob, carol)
    path = f"/api/v1/lists/{made}/accounts"
    assert await ann.call("DELETE", f"{path}?account_ids[]={bob.account_id}&account_ids[]=4711") == {}
    assert [one["username"] for one in await ann.get(path)] == ["carol"]
    assert await ann.call("DELETE", path, data={"account_ids[]": str(carol.account_id)}) == {}
    assert await ann.get(path) == []
    await ann.act(path, account_ids=[bob.account_id, carol.account_id])
    await ann.call("DELETE", path, json={"account_ids": [carol.account_id]})
    await ann.act(f"/api/v1/accounts/{bob.account_id}/unfollow")
    assert await ann.get(path) == []
    await ann.follow(bob)
    assert await ann.get(path) == [], "whoever is followed again was not put on it again"


async def test_the_people_on_a_list_are_paged_or_asked_for_at_once(node: Node, ann: Person) -> None:
    """client-api 7 and 14: `limit=0` means all; cursors are of the member's row."""
    others = [await node.person(f"p{n}") for n in range(5)]
    made = await new_list(ann, *others)
    path = f"/api/v1/lists/{made}/accounts"
    headers = {"Authorization": f"Bearer {ann.token}"}
    first = await node.http.get(path, params={"limit": 2}, headers=headers)
    assert [one["username"] for one in first.json()] == ["p4", "p3"]
    second = await node.http.get(first.links["next"]["url"], headers=headers)
    assert [one["username"] for one in second.json()] == ["p2", "p1"]
    back = await node.http.get(second.links["prev"]["url"], headers=headers)
    assert back.json() == first.json()
    for limit in (0, 1000):
        everybody = await node.http.get(path, params={"limit": limit}, headers=headers)
        assert len(everybody.json()) == 5
    assert "Link" not in (await node.http.get(path, params={"limit": 0}, headers=headers)).headers


async def test_a_list_shows_what_its_people_write_and_boost(ann: Person, bob: Person, carol: Person) -> None:
    made = await new_list(ann, bob)
    await ann.follow(carol)
    by_carol = await carol.post("By carol")
    await bob.post("By bob")
    await bob.act(f"/api/v1/statuses/{by_carol['id']}/reblog")
    assert await shown(ann, made) == ["By carol", "By bob"]
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow", reblogs=False)
    assert await shown(ann, made) == ["By bob"]


async def test_a_list_is_paged(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """client-api 14 and 35: pages are full while there is more, whoever is muted."""
    made = await new_list(ann, bob, carol)
    for n in range(8):
        await bob.post(f"Bob {n}")
        for m in range(4):
            await carol.post(f"Carol {n} {m}")
    await ann.act(f"/api/v1/accounts/{carol.account_id}/mute")
    path, headers = f"/api/v1/timelines/list/{made}", {"Authorization": f"Bearer {ann.token}"}
    first = await node.http.get(path, params={"limit": 5}, headers=headers)
    assert [plain(status) for status in first.json()] == [f"Bob {n}" for n in (7, 6, 5, 4, 3)]
    second = await node.http.get(first.links["next"]["url"], headers=headers)
    assert [plain(status) for status in second.json()] == [f"Bob {n}" for n in (2, 1, 0)]
    back = await node.http.get(second.links["prev"]["url"], headers=headers)
    assert back.json() == first.json()


async def test_which_replies_a_list_shows(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    dora, eve = await node.person("dora"), await node.person("eve")
    made = await new_list(ann, bob, carol)
    await ann.follow(dora)
    targets = {who.username: await who.post(f"I am {who.username}") for who in (ann, bob, carol, dora, eve)}
    for name, post in targets.items():
        await bob.post(f"To {name}", in_reply_to_id=post["id"])
    expected = {
        "list": {"To ann", "To bob", "To carol"},
        "followed": {"To ann", "To bob", "To carol", "To dora"},
        "none": {"To ann", "To bob"},
    }
    for policy, replies in expected.items():
        await ann.call("PUT", f"/api/v1/lists/{made}", json={"replies_policy": policy})
        assert {text for text in await shown(ann, made) if text.startswith("To")} == replies, policy


async def test_a_list_shows_nothing_that_is_not_for_its_owner(ann: Person, bob: Person, carol: Person) -> None:
    """Rows 42 and 98: the same rule as everywhere, also for direct posts, blocks and mutes."""
    made = await new_list(ann, bob, carol)
    await bob.post("For carol", visibility="direct")
    await bob.post("For @carol", visibility="direct")
    await bob.post("For @ann", visibility="direct")
    await bob.post("For followers", visibility="private")
    await carol.post("By carol")
    assert set(await shown(ann, made)) == {"For @ann", "For followers", "By carol"}
    await ann.act(f"/api/v1/accounts/{carol.account_id}/mute")
    assert set(await shown(ann, made)) == {"For @ann", "For followers"}
    await bob.act(f"/api/v1/accounts/{ann.account_id}/block")
    assert await shown(ann, made) == []


async def test_an_exclusive_list_keeps_its_people_out_of_home(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    """At the push, at the rebuild and at the read; whether it was exclusive first or became so later."""
    made = await new_list(ann, bob, exclusive=True)
    await ann.follow(carol)
    await settle(node.runtime)
    await home(ann)
    by_bob = await bob.post("By bob")
    await carol.act(f"/api/v1/statuses/{by_bob['id']}/reblog")
    await carol.post("By carol")
    await settle(node.runtime)
    both = ["By carol", "By bob"]
    assert await home(ann) == both, "carol's boost is carol's"
    await node.runtime.gate.redis.flushdb()
    assert await home(ann) == both
    assert await shown(ann, made) == ["By bob"]
    await ann.call("PUT", f"/api/v1/lists/{made}", json={"exclusive": False})
    await settle(node.runtime)
    assert await home(ann) == both, "once: the post itself, without its boost"
    await carol.act(f"/api/v1/statuses/{by_bob['id']}/unreblog")
    await settle(node.runtime)
    assert await home(ann) == both
    await ann.call("PUT", f"/api/v1/lists/{made}", json={"exclusive": True})
    assert await home(ann) == ["By carol"]
    await ann.call("DELETE", f"/api/v1/lists/{made}/accounts", json={"account_ids": [bob.account_id]})
    await settle(node.runtime)
    assert await home(ann) == both
    await ann.act(f"/api/v1/lists/{made}/accounts", account_ids=[bob.account_id])
    assert await home(ann) == ["By carol"]
    await ann.call("DELETE", f"/api/v1/lists/{made}")
    await settle(node.runtime)
    assert await home(ann) == both


async def test_somebody_elses_exclusive_list_changes_nothing(node: Node, ann: Person, bob: Person) -> None:
    carol = await node.person("carol")
    await new_list(carol, bob, exclusive=True)
    await ann.follow(bob)
    await settle(node.runtime)
    await home(ann)
    await bob.post("By bob")
    await settle(node.runtime)
    assert await home(ann) == ["By bob"]
    assert await home(carol) == []


async def test_lists_of_others_are_not_there(ann: Person, bob: Person, carol: Person) -> None:
    """Row 89."""
    made = await new_list(ann, bob)
    await carol.follow(bob)
    ids = {"account_ids": [bob.account_id]}
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"title": "Mine"}),
        ("PATCH", "", {"title": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/accounts", None),
        ("POST", "/accounts", ids),
        ("DELETE", "/accounts", ids),
    ):
        await carol.call(method, f"/api/v1/lists/{made}{path}", json=body, expect=404)
    await carol.call("GET", f"/api/v1/timelines/list/{made}", expect=404)
    assert await carol.get(f"/api/v1/accounts/{bob.account_id}/lists") == []
    assert [one["username"] for one in await ann.get(f"/api/v1/lists/{made}/accounts")] == ["bob"]


async def test_lists_need_their_own_scopes(node: Node, ann: Person, bob: Person) -> None:
    """Row 90."""
    made = await new_list(ann, bob)
    reading = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, "read:lists"))
    writing = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, "write:lists"))
    other = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, "read:statuses write"))
    for path in ("/api/v1/lists", f"/api/v1/lists/{made}", f"/api/v1/timelines/list/{made}"):
        await reading.get(path)
        await writing.call("GET", path, expect=403)
        await other.call("GET", path, expect=403)
    await writing.call("PUT", f"/api/v1/lists/{made}", json={"title": "Owls"})
    await reading.call("PUT", f"/api/v1/lists/{made}", json={"title": "Owls"}, expect=403)


async def test_nothing_is_left_of_the_lists_of_somebody_gone(node: Node, ann: Person, bob: Person) -> None:
    from sqlalchemy import func, select

    from node.accounts.service import delete_account
    from node.lists.models import List, ListMember

    await new_list(ann, bob)
    async with node.runtime.write() as uow:
        await delete_account(uow, ann.account_id, now=node.runtime.now())
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        for table in (List, ListMember):
            assert await reader.scalar(select(func.count()).select_from(table)) == 0
