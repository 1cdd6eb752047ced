"""Timelines and their pages (client-api behaviours 7, 14, 29, 35)."""

import pytest

from tests.api.shapes import check_status, links
from tests.support.nodes import Node, Person, settle


async def test_home_has_own_posts_and_those_of_people_i_follow(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    await ann.act(f"/api/v1/accounts/{bob.account_id}/follow")
    await settle(node.runtime)
    own, followed = await ann.post("own"), await bob.post("followed")
    await carol.post("stranger")
    await settle(node.runtime)
    home = await ann.home()
    assert [status["id"] for status in home] == [followed["id"], own["id"]]
    for status in home:
        check_status(status, signed_in=True)


async def test_public_timelines(node: Node, ann: Person) -> None:
    first, second = await ann.post("one"), await ann.post("two")
    await ann.post("quiet", visibility="unlisted")
    await ann.post("closed", visibility="private")
    found = (await node.http.get("/api/v1/timelines/public")).json()
    assert [status["id"] for status in found] == [second["id"], first["id"]]
    for status in found:
        check_status(status, signed_in=False)
    assert len((await node.http.get("/api/v1/timelines/public?local=true")).json()) == 2
    assert (await node.http.get("/api/v1/timelines/public?remote=true")).json() == []
    assert (await node.http.get("/api/v1/timelines/public?only_media=true")).json() == []


async def test_hashtags(node: Node, ann: Person) -> None:
    cat, both, dog = await ann.post("#Cat"), await ann.post("#cat #dog"), await ann.post("#dog")

    async def ids(path: str) -> list[str]:
        return [status["id"] for status in (await node.http.get(f"/api/v1/timelines/tag/{path}")).json()]

    assert await ids("CAT") == [both["id"], cat["id"]]
    assert await ids("cat?any[]=dog") == [dog["id"], both["id"], cat["id"]]
    assert await ids("cat?all[]=dog") == [both["id"]]
    assert await ids("cat?none[]=dog") == [cat["id"]]
    assert await ids("nothing") == []
    shown = (await node.http.get("/api/v1/tags/cat/")).json()
    assert shown["name"] == "Cat"
    assert shown["following"] is False
    assert (await node.http.get("/api/v1/tags/unused")).json()["history"] == []
    assert (await node.http.get("/api/v1/tags/a b")).status_code == 404


async def walk(node: Node, person: Person, path: str, rel: str, start: str) -> list[str]:
    seen: list[str] = []
    url = f"{path}{start}"
    for _ in range(20):
        response = await node.http.get(url, headers={"Authorization": f"Bearer {person.token}"})
        page = response.json()
        if not page:
            assert "Link" not in response.headers
            return seen
        ids = [status["id"] for status in page]
        seen = seen + ids if rel == "next" else ids + seen
        url = links(response.headers["Link"])[rel]
        assert url.startswith(node.url)
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("path", ["/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/tag/x"])
async def test_pages_lead_to_the_end_and_back(node: Node, ann: Person, path: str) -> None:
    posts = [(await ann.post(f"#x {number}"))["id"] for number in range(7)]
    await settle(node.runtime)
    assert await walk(node, ann, path, "next", "?limit=3") == posts[::-1]
    assert await walk(node, ann, path, "prev", f"?limit=3&min_id={posts[0]}") == posts[:0:-1]


async def test_a_link_keeps_the_other_parameters(node: Node, ann: Person) -> None:
    await ann.post("x")
    response = await node.http.get("/api/v1/timelines/public?local=true&limit=3&max_id=9223372036854775807")
    found = links(response.headers["Link"])
    for url in found.values():
        assert "local=true" in url
        assert "limit=3" in url
        assert url.count("max_id") + url.count("min_id") == 1
        assert "since_id" not in url


async def test_blocks_and_mutes_do_not_empty_a_page(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """client-api behaviour 35."""
    wanted = await carol.post("wanted")
    for number in range(8):
        await bob.post(str(number))
    await ann.act(f"/api/v1/accounts/{bob.account_id}/mute")
    found = await ann.get("/api/v1/timelines/public", limit=3)
    assert [status["id"] for status in found] == [wanted["id"]]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *((query, 400) for query in ("limit=-1", "limit=x", "max_id=abc", "min_id=-5")),
        *((query, 200) for query in ("limit=0", "limit=100000", "max_id=" + "9" * 30, "since_id=", "unknown=1")),
    ],
)
async def test_parameters_of_pages(node: Node, ann: Person, query: str, status: int) -> None:
    """client-api behaviour 7."""
    await ann.post("x")
    for path in ("/api/v1/timelines/public", f"/api/v1/accounts/{ann.account_id}/followers"):
        assert (await node.http.get(f"{path}?{query}")).status_code == status


async def test_the_limit_is_capped(node: Node, ann: Person) -> None:
    for number in range(45):
        await ann.post(str(number))
    assert len((await node.http.get("/api/v1/timelines/public")).json()) == 20
    assert len((await node.http.get("/api/v1/timelines/public?limit=5000")).json()) == 40


async def test_fep_2_only_what_is_for_everybody_is_listed(node: Node, ann: Person) -> None:
    """FEP-2: a hashtag's page has public posts only."""
    open_ = await ann.post("#elm for all")
    for visibility in ("unlisted", "private", "direct"):
        await ann.post("#elm for some", visibility=visibility)
    listed = (await node.http.get("/api/v1/timelines/tag/elm")).json()
    assert [status["id"] for status in listed] == [open_["id"]]
