"""Moments over the API: made, published, read; what is never in one. Attack rows 59, 84, 98 and 106."""

from typing import Any

import pytest

from node.accounts.service import delete_account
from node.moments.automatic import refresh_automatic
from node.moments.queries import find_moment
from node.moments.service import hide_moment
from node.starter_packs.queries import find_pack, list_member_ids
from tests.api.test_discovering import forget, wants_to_be_found
from tests.support.nodes import Node, Person, settle

MOMENTS = "/api/v1/moments"


@pytest.fixture
async def posts(node: Node, ann: Person, bob: Person, carol: Person) -> list[str]:
    """One of Bob's, one of Carol's, one of Ann's."""
    await wants_to_be_found(node, bob, carol)
    return [(await person.post(f"The heron of {person.username}"))["id"] for person in (bob, carol, ann)]


@pytest.fixture
async def moment(ann: Person, posts: list[str]) -> dict[str, Any]:
    """Ann's published moment of the three."""
    made = await ann.act(MOMENTS, title="Herons  of today", description="All three.", status_ids=posts)
    return dict(await ann.act(f"{MOMENTS}/{made['id']}/publish"))


async def shown(node: Node, moment: dict[str, Any], reader: Person | None = None) -> list[str]:
    path = f"{MOMENTS}/{moment['id']}/statuses"
    found = await reader.get(path) if reader else (await node.http.get(path)).json()
    return [post["id"] for post in found]


async def test_a_moment_from_its_making_to_its_end(node: Node, ann: Person, bob: Person, posts: list[str]) -> None:
    made = await ann.act(MOMENTS, title="Herons")
    place = f"{MOMENTS}/{made['id']}"
    await ann.call("POST", f"{place}/publish", expect=422)
    await ann.act(f"{place}/statuses", status_ids=posts)
    await bob.call("GET", place, expect=404)
    assert (await node.http.get(MOMENTS)).json() == []
    published = await ann.act(f"{place}/publish")
    assert (published["kind"], published["account"]["username"], published["statuses_count"]) == ("curated", "ann", 3)
    assert await shown(node, made) == posts
    await ann.call("PUT", f"{place}/order", json={"status_ids": [posts[2], posts[0], "404"]})
    assert await shown(node, made) == [posts[2], posts[0], posts[1]]
    changed = await ann.call("PATCH", place, json={"title": "More herons", "cover_id": posts[1]})
    assert changed["title"] == "More herons"
    await ann.call("PATCH", place, json={"cover_id": "404"}, expect=404)
    await ann.call("DELETE", f"{place}/statuses", json={"status_ids": [posts[0]]})
    assert [one["statuses_count"] for one in await ann.get(f"{MOMENTS}/own")] == [2]
    await ann.act(f"{place}/unpublish")
    await bob.call("GET", place, expect=404)
    await ann.call("DELETE", place)
    await ann.call("GET", place, expect=404)


async def test_only_open_posts_of_those_who_want_to_be_found_are_put_in(
    node: Node, moment: dict[str, Any], ann: Person, bob: Person
) -> None:
    """Row 106: nothing private in a public moment, whoever can read it; ids of nothing say nothing."""
    dora = await node.person("dora")
    place = f"{MOMENTS}/{moment['id']}/statuses"
    await ann.follow(bob)
    closed = [
        await bob.post("for followers", visibility="private"),
        await bob.post("aside", visibility="unlisted"),
        await bob.post("@ann just you", visibility="direct"),
        await dora.post("I am not to be found"),
    ]
    for post in closed:
        await ann.call("POST", place, json={"status_ids": [post["id"]]}, expect=422)
    unseen = await dora.post("not for Ann", visibility="private")
    deleted = await bob.post("gone")
    await bob.call("DELETE", f"/api/v1/statuses/{deleted['id']}")
    for post_id in (unseen["id"], deleted["id"], "404"):
        await ann.call("POST", place, json={"status_ids": [post_id]}, expect=404)
    boost = await bob.act(f"/api/v1/statuses/{closed[1]['id']}/reblog")
    await ann.call("POST", place, json={"status_ids": [boost["id"]]}, expect=422)
    assert len(await shown(node, moment)) == 3


async def test_what_is_deleted_regretted_or_blocked_drops_out_at_once(
    node: Node, moment: dict[str, Any], posts: list[str], ann: Person, bob: Person, carol: Person
) -> None:
    """Row 106."""
    dora = await node.person("dora")
    await dora.act(f"/api/v1/accounts/{carol.account_id}/mute")
    assert await shown(node, moment, dora) == [posts[0], posts[2]]
    await bob.call("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    assert await shown(node, moment) == posts[1:]
    await carol.act(f"/api/v1/accounts/{ann.account_id}/block")
    assert await shown(node, moment) == posts[2:]
    await carol.call("GET", f"{MOMENTS}/{moment['id']}", expect=404)
    await ann.call("DELETE", f"/api/v1/statuses/{posts[2]}")
    assert await shown(node, moment) == []


async def test_an_author_takes_a_post_out_for_good(
    node: Node, moment: dict[str, Any], posts: list[str], ann: Person, bob: Person, carol: Person
) -> None:
    place = f"{MOMENTS}/{moment['id']}/statuses"
    await bob.call("DELETE", place, json={"status_ids": [posts[0]]})
    assert await shown(node, moment) == posts[1:]
    await ann.call("POST", place, json={"status_ids": [posts[0]]}, expect=422)
    for ids in ([posts[1]], [posts[0]], [posts[0], posts[1]], ["404"], []):
        await bob.call("DELETE", place, json={"status_ids": ids}, expect=404)
    assert await shown(node, moment) == posts[1:]


async def test_another_s_moment_is_not_changed(
    node: Node, moment: dict[str, Any], posts: list[str], bob: Person
) -> None:
    """Row 84."""
    place = f"{MOMENTS}/{moment['id']}"
    for method, path, fields in (
        ("PUT", place, {"title": "Mine"}),
        ("DELETE", place, {}),
        ("POST", f"{place}/publish", {}),
        ("POST", f"{place}/unpublish", {}),
        ("POST", f"{place}/statuses", {"status_ids": [posts[0]]}),
        ("PUT", f"{place}/order", {"status_ids": posts[::-1]}),
    ):
        await bob.call(method, path, json=fields, expect=404)
    assert await shown(node, moment) == posts


async def test_moments_have_bounds(
    monkeypatch: pytest.MonkeyPatch, moment: dict[str, Any], posts: list[str], ann: Person
) -> None:
    """Row 59."""
    for fields in ({"title": ""}, {"title": "x" * 101}, {"title": "x", "description": "x" * 1_001}):
        await ann.call("POST", MOMENTS, json=fields, expect=422)
    monkeypatch.setattr("node.moments.service.MAX_POSTS", 3)
    another = await ann.post("one too many")
    await ann.call("POST", f"{MOMENTS}/{moment['id']}/statuses", json={"status_ids": [another["id"]]}, expect=422)
    await ann.act(f"{MOMENTS}/{moment['id']}/statuses", status_ids=posts)
    monkeypatch.setattr("node.moments.service.MAX_MOMENTS", 1)
    await ann.call("POST", MOMENTS, json={"title": "One more"}, expect=422)


async def test_a_moderator_takes_a_moment_down(node: Node, moment: dict[str, Any], ann: Person, bob: Person) -> None:
    async with node.runtime.write() as uow:
        await hide_moment(uow, int(moment["id"]), hidden=True, now=node.runtime.now())
    place = f"{MOMENTS}/{moment['id']}"
    await bob.call("GET", place, expect=404)
    assert (await ann.get(place))["hidden"] is True
    await ann.call("POST", f"{place}/publish", expect=403)
    assert await bob.get(MOMENTS) == []


async def test_a_trend_makes_a_moment_the_best_first(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """Two hashtags of one thing are one moment; a moderator's word holds when it is worked out anew."""
    await wants_to_be_found(node, ann, bob)
    told = [await ann.post("First light over the reeds #herons #dawn"), await bob.post("Nine of them #herons #dawn")]
    told.append(await ann.post("They nest by the weir again #herons"))
    await carol.post("Do not show me #herons")
    await bob.post("Behind a word #herons", spoiler_text="birds")
    await carol.act(f"/api/v1/statuses/{told[1]['id']}/favourite")
    forget(node)
    assert await refresh_automatic(node.runtime) == 1
    (made,) = (await node.http.get(MOMENTS)).json()
    assert (made["kind"], made["account"]) == ("automatic", None)
    assert made["title"] in ("#herons and #dawn", "#dawn and #herons")
    found = await shown(node, made)
    assert (found[0], set(found)) == (told[1]["id"], {post["id"] for post in told})
    await ann.call("DELETE", f"{MOMENTS}/{made['id']}/statuses", json={"status_ids": [told[0]["id"]]})
    forget(node)
    await refresh_automatic(node.runtime)
    assert len((await node.http.get(MOMENTS)).json()) == 1, "the same one goes on"
    assert told[0]["id"] not in await shown(node, made)
    async with node.runtime.write() as uow:
        await hide_moment(uow, int(made["id"]), hidden=True, now=node.runtime.now())
    await refresh_automatic(node.runtime)
    assert (await node.http.get(MOMENTS)).json() == []


async def test_with_somebody_goes_what_they_put_together(
    node: Node, moment: dict[str, Any], ann: Person, bob: Person
) -> None:
    """Moments and starter packs of somebody who deletes their account; and they are in nobody else's."""
    own = await ann.act("/api/v1/starter_packs", title="Mine", published=True)
    await ann.act(f"/api/v1/starter_packs/{own['id']}/accounts", account_ids=[bob.account_id])
    others = await bob.act("/api/v1/starter_packs", title="Bob's", published=True)
    await wants_to_be_found(node, ann)
    await bob.act(f"/api/v1/starter_packs/{others['id']}/accounts", account_ids=[ann.account_id])
    async with node.runtime.write() as uow:
        await delete_account(uow, ann.account_id, now=node.runtime.now())
    assert (await bob.get(f"/api/v1/starter_packs/{others['id']}"))["accounts"] == []
    assert await bob.get(MOMENTS) == []
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        assert await find_moment(reader, int(moment["id"])) is None
        assert await find_pack(reader, int(own["id"])) is None
        assert await list_member_ids(reader, int(others["id"])) == {}
