"""Timelines of those who hide nearly everything: each page is a bounded look, and its link leads on (row 51)."""

import pytest

from node.posts import walks
from node.timelines import filling
from tests.api.shapes import links
from tests.support.nodes import Node, Person, settle


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "FIRST", 2)
    monkeypatch.setattr(walks, "MOST", 5)
    monkeypatch.setattr(walks, "FARTHEST", 9)
    monkeypatch.setattr(filling, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(filling, "MOST", 5)
    monkeypatch.setattr(filling, "FARTHEST", 9)


async def walk_through(person: Person, path: str) -> tuple[list[str], list[int]]:
    """Follow `next` from the first page to the end; return the posts met and how many each page had."""
    met: list[str] = []
    sizes: list[int] = []
    address: str | None = path
    while address:
        headers = {"Authorization": f"Bearer {person.token}"}
        response = await person.node.http.get(address, headers=headers)
        assert response.status_code == 200, response.text
        met += [post["content"].removeprefix("<p>").split("<")[0].strip() for post in response.json()]
        sizes.append(len(response.json()))
        address = links(response.headers.get("Link", "")).get("next")
        assert len(sizes) < 20
    return met, sizes


async def follow_and_list(reader: Person, *friends: Person) -> str:
    """Have the reader follow these people and put them on a list; return its id."""
    birds: str = (await reader.act("/api/v1/lists", title="Birds"))["id"]
    for friend in friends:
        await reader.act(f"/api/v1/accounts/{friend.account_id}/follow")
        await reader.act(f"/api/v1/lists/{birds}/accounts", account_ids=[friend.account_id])
    return birds


PATHS = (
    "/api/v1/timelines/public?limit=2",
    "/api/v1/timelines/public?local=true&limit=2",
    "/api/v1/timelines/tag/rooks?limit=2",
    "/api/v1/timelines/tag/rooks?any[]=crows&limit=2",
    "/api/v1/timelines/tag/rooks?any[]=crows&all[]=birds&limit=2",
)


async def test_a_viewer_who_blocks_nearly_everybody_gets_to_the_rest_by_the_links(
    node: Node, ann: Person, bob: Person
) -> None:
    eve = await node.person("eve")
    for number in range(2):
        await bob.post(f"old {number} #rooks #birds")
    for number in range(7):
        await ann.post(f"hidden {number} #rooks #birds #crows")
    await bob.post("new #crows #rooks #birds")
    await eve.act(f"/api/v1/accounts/{ann.account_id}/block")
    for path in PATHS:
        met, sizes = await walk_through(eve, path)
        assert met == ["new", "old 1", "old 0"], path
        assert sizes[0] == 1, path  # short, and yet it goes on
        everything, _ = await walk_through(bob, path)
        assert len(everything) == 10, path


async def test_an_account_page_of_pictures_goes_on_past_posts_without(ann: Person, bob: Person) -> None:
    await ann.post("to be found #rare")
    for number in range(7):
        await ann.post(f"reply {number}", in_reply_to_id=(await bob.post(f"say {number}"))["id"])
    path = f"/api/v1/accounts/{ann.account_id}/statuses?limit=2"
    for only in ("exclude_replies=true", "tagged=rare"):
        met, _ = await walk_through(bob, f"{path}&{only}")
        assert met == ["to be found"], only


async def test_newer_posts_are_reached_upwards_too(node: Node, ann: Person, bob: Person) -> None:
    eve = await node.person("eve")
    start = await bob.post("start")
    for number in range(7):
        await ann.post(f"hidden {number}")
    await bob.post("end")
    await eve.act(f"/api/v1/accounts/{ann.account_id}/block")
    address: str | None = f"/api/v1/timelines/public?limit=2&min_id={start['id']}"
    for _ in range(5):
        response = await node.http.get(address or "", headers={"Authorization": f"Bearer {eve.token}"})
        if response.json():
            break
        address = links(response.headers["Link"])["prev"]
    assert [post["content"] for post in response.json()] == ["<p>end</p>"]


async def test_a_page_is_empty_only_where_nothing_is_left_within_a_long_look(
    node: Node, ann: Person, bob: Person
) -> None:
    eve = await node.person("eve")
    await bob.post("oldest")
    for number in range(4):
        await ann.post(f"hidden {number}")
    await bob.post("old")
    for number in range(7):
        await ann.post(f"hidden anew {number}")
    await eve.act(f"/api/v1/accounts/{ann.account_id}/block")
    met, sizes = await walk_through(eve, "/api/v1/timelines/public?limit=2")
    assert (met, sizes) == (["old", "oldest"], [1, 1, 0])
    for number in range(2):
        await ann.post(f"hidden last {number}")
    met, sizes = await walk_through(eve, "/api/v1/timelines/public?limit=2")
    # One page is as far as anybody looks, and its link leads on.
    assert (met, sizes) == (["old", "oldest"], [0, 1, 1, 0])


async def test_a_home_and_a_list_of_muted_people_go_on_by_the_links(node: Node, ann: Person, bob: Person) -> None:
    eve = await node.person("eve")
    birds = await follow_and_list(eve, ann, bob)
    await bob.post("old")
    for number in range(12):
        await ann.post(f"muted {number}")
    await bob.post("new")
    await eve.act(f"/api/v1/accounts/{ann.account_id}/mute")
    for path in ("/api/v1/timelines/home", f"/api/v1/timelines/list/{birds}"):
        met, sizes = await walk_through(eve, f"{path}?limit=2")
        assert met == ["new", "old"], path
        assert sizes[0] == 1, path  # short, and yet it goes on


async def test_a_home_is_empty_only_where_nothing_is_left_within_a_long_look(
    node: Node, ann: Person, bob: Person
) -> None:
    eve = await node.person("eve")
    birds = await follow_and_list(eve, ann, bob)
    await bob.post("old")
    for number in range(7):
        await ann.post(f"muted {number}")
    await eve.act(f"/api/v1/accounts/{ann.account_id}/mute")
    paths = ("/api/v1/timelines/home?limit=2", f"/api/v1/timelines/list/{birds}?limit=2")
    for path in paths:
        met, sizes = await walk_through(eve, path)
        assert (met, sizes[0]) == (["old"], 1), path
    for number in range(3):
        await ann.post(f"muted anew {number}")
    await settle(node.runtime)
    for path in paths:
        met, sizes = await walk_through(eve, path)
        assert (met, sizes[:2]) == (["old"], [0, 1]), path  # as far as anybody looks, and its link leads on
