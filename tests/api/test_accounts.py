"""Accounts as apps read them, and the viewer's own."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.api.shapes import check_account, check_status, links
from tests.support.nodes import Node, Person


def picture(colour: str = "red", size: tuple[int, int] = (64, 64)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


async def test_verify_credentials(ann: Person) -> None:
    me = await ann.get("/api/v1/accounts/verify_credentials")
    check_account(me)
    assert me["acct"] == "ann"
    assert me["source"]["privacy"] == "public"
    assert me["source"]["follow_requests_count"] == 0
    assert me["source"]["fields"] == []
    assert {"id", "name", "permissions"} <= me["role"].keys()


async def test_an_account_is_public(node: Node, ann: Person) -> None:
    shown = (await node.http.get(f"/api/v1/accounts/{ann.account_id}")).json()
    check_account(shown)
    assert shown["url"] == f"{node.url}/@ann"
    assert shown["uri"] == f"{node.url}/users/{ann.account_id}"
    assert shown["url"] != shown["uri"]
    assert shown["avatar"].endswith("missing.png")
    assert "source" not in shown


@pytest.mark.parametrize("acct", ["ann", "ANN", "@ann", "ann@localhost:8000", "@ann@LOCALHOST:8000"])
async def test_lookup_with_and_without_a_domain(node: Node, ann: Person, acct: str) -> None:
    found = (await node.http.get("/api/v1/accounts/lookup", params={"acct": acct})).json()
    assert found["id"] == str(ann.account_id)


@pytest.mark.parametrize("acct", ["nobody", "ann@elsewhere.test", "ann@@", "@", "ann@local host"])
async def test_lookup_of_nobody(node: Node, ann: Person, acct: str) -> None:
    assert (await node.http.get("/api/v1/accounts/lookup", params={"acct": acct})).status_code == 404


async def test_several_at_once_keep_the_order_and_skip_the_unknown(node: Node, ann: Person, bob: Person) -> None:
    """client-api behaviour 36."""
    query = f"id[]={bob.account_id}&id[]=4711&id[]=x&id[]={ann.account_id}&id[]={bob.account_id}"
    found = (await node.http.get(f"/api/v1/accounts?{query}")).json()
    assert [account["username"] for account in found] == ["bob", "ann"]


async def test_search(node: Node, ann: Person, bob: Person) -> None:
    found = await bob.get("/api/v1/accounts/search", q="an")
    assert [account["acct"] for account in found] == ["ann"]
    assert (await node.http.get("/api/v1/accounts/search?q=an")).status_code == 401
    await bob.act(f"/api/v1/accounts/{ann.account_id}/follow")
    assert len(await bob.get("/api/v1/accounts/search", q="a", following="true")) == 1
    assert await ann.get("/api/v1/accounts/search", q="bo", following="true") == []
    assert await ann.get("/api/v1/accounts/search", q="") == []


async def test_own_posts_with_every_filter(node: Node, ann: Person, bob: Person) -> None:
    first = await ann.post("First #one")
    other = await bob.post("Bob's")
    answer = await ann.post("@bob to you", in_reply_to_id=other["id"])
    boost = await ann.act(f"/api/v1/statuses/{other['id']}/reblog")
    await ann.post("secret", visibility="private")
    path = f"/api/v1/accounts/{ann.account_id}/statuses"

    async def ids(query: str = "") -> list[str]:
        found = (await node.http.get(path + query)).json()
        for status in found:
            check_status(status, signed_in=False)
        return [status["id"] for status in found]

    assert await ids() == [boost["id"], answer["id"], first["id"]]
    assert await ids("?exclude_replies=true") == [boost["id"], first["id"]]
    assert await ids("?exclude_reblogs=1") == [answer["id"], first["id"]]
    assert await ids("?tagged=ONE") == [first["id"]]
    assert await ids("?only_media=true") == []
    assert await ids("?pinned=true") == []
    assert len(await ann.get(path)) == 4


async def test_followers_are_paged_by_the_follow(node: Node, ann: Person) -> None:
    people = [await node.person(f"fan{number}") for number in range(5)]
    for person in people:
        await person.act(f"/api/v1/accounts/{ann.account_id}/follow")
    seen: list[str] = []
    url = f"/api/v1/accounts/{ann.account_id}/followers?limit=2"
    while url:
        response = await node.http.get(url)
        seen += [account["username"] for account in response.json()]
        found = links(response.headers.get("Link", ""))
        assert all(link.startswith(node.url) and "limit=2" in link for link in found.values())
        url = found.get("next", "")
    assert seen == ["fan4", "fan3", "fan2", "fan1", "fan0"]
    following = (await node.http.get(f"/api/v1/accounts/{people[0].account_id}/following")).json()
    assert [account["username"] for account in following] == ["ann"]


async def test_hidden_followers(node: Node, bob: Person) -> None:
    shy = await node.person("shy", hide_collections=True)
    await bob.act(f"/api/v1/accounts/{shy.account_id}/follow")
    path = f"/api/v1/accounts/{shy.account_id}/followers"
    assert await bob.get(path) == []
    assert len(await shy.get(path)) == 1


async def test_the_profile_as_json(ann: Person) -> None:
    changed = await ann.call(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        json={
            "display_name": "Ann B.",
            "note": "I like #birds",
            "locked": True,
            "fields_attributes": {"0": {"name": "Site", "value": "https://ann.example"}},
            "source": {"privacy": "unlisted", "sensitive": True, "language": "de"},
        },
    )
    check_account(changed)
    assert changed["display_name"] == "Ann B."
    assert changed["locked"] is True
    assert changed["source"]["note"] == "I like #birds"
    assert "birds</span></a>" in changed["note"]
    assert changed["fields"][0]["name"] == "Site"
    assert 'href="https://ann.example' in changed["fields"][0]["value"]
    assert changed["source"]["privacy"] == "unlisted"
    assert (await ann.post("x"))["visibility"] == "unlisted"
    preferences = await ann.get("/api/v1/preferences")
    assert preferences["posting:default:visibility"] == "unlisted"
    assert preferences["posting:default:sensitive"] is True
    assert preferences["posting:default:language"] == "de"


async def test_the_profile_as_multipart_with_pictures(node: Node, ann: Person) -> None:
    changed = await ann.call(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        data={"fields_attributes[0][name]": "a", "fields_attributes[0][value]": "b", "bot": "true"},
        files={"avatar": ("a.png", picture(), "image/png"), "header": ("h.png", picture("blue"), "image/png")},
    )
    assert changed["bot"] is True
    assert changed["source"]["fields"] == [{"name": "a", "value": "b", "verified_at": None}]
    for name in ("avatar", "header"):
        assert changed[name].startswith(f"{node.url}/media/")
        response = await node.http.get(changed[name])
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("image/")
    assert changed["display_name"] == "Ann"


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": "x" * 500},
        {"note": "x" * 10_000},
        {"fields_attributes": [{"name": "x" * 2000, "value": "y"}]},
        {"fields_attributes": [{"name": str(n), "value": "y"} for n in range(20)]},
        {"source": {"privacy": "everybody"}},
        {"source": {"language": "not a language at all"}},
    ],
)
async def test_a_profile_that_breaks_a_limit_is_refused_whole(ann: Person, body: dict[str, Any]) -> None:
    """Attack row 59."""
    answer = await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True, **body}, expect=422)
    assert answer["error"].startswith("Validation failed")
    assert (await ann.get("/api/v1/accounts/verify_credentials"))["locked"] is False


async def test_an_avatar_that_is_no_picture_is_refused(ann: Person) -> None:
    for name, content in (("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("a.png", b"<script>")):
        files = {"avatar": (name, content, "image/png")}
        await ann.call("PATCH", "/api/v1/accounts/update_credentials", files=files, expect=422)


async def test_somebody_suspended_is_gone(node: Node, ann: Person, bob: Person) -> None:
    from node.accounts.service import suspend_account

    post = await bob.post("hello")
    async with node.runtime.write() as uow:
        await suspend_account(uow, bob.account_id, now=node.runtime.now())
    assert (await node.http.get(f"/api/v1/accounts/{bob.account_id}")).status_code == 404
    assert (await node.http.get(f"/api/v1/statuses/{post['id']}")).status_code == 404
    await bob.call("GET", "/api/v1/timelines/home", expect=401)
