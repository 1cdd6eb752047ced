"""Search of accounts and hashtags, and what a pasted handle or URL means. (Two nodes: tests/federation.)"""

import pytest

from tests.api.shapes import check_account, check_status
from tests.support.nodes import Node, Person


async def test_accounts_and_hashtags(node: Node, ann: Person, bob: Person) -> None:
    await bob.post("#annual report")
    found = await bob.get("/api/v2/search", q="ann")
    assert found.keys() == {"accounts", "statuses", "hashtags"}
    assert [account["acct"] for account in found["accounts"]] == ["ann"]
    assert [tag["name"] for tag in found["hashtags"]] == ["annual"]
    check_account(found["accounts"][0])
    assert (await node.http.get("/api/v2/search?q=ann")).json()["accounts"] == found["accounts"]
    only = await bob.get("/api/v2/search", q="#annual", type="hashtags")
    assert (len(only["hashtags"]), only["accounts"]) == (1, [])


async def test_people_are_found_by_parts_of_their_names(node: Node, ann: Person, bob: Person) -> None:
    """In any order, case and accent, while one types, with and without @; signs are not letters."""
    names = {"jo": "José Álvarez", "oe": "Özgür Ünal", "li": "李小龍", "yi": "Ayşe Yılmaz Łoś"}
    for name, display in names.items():
        person = await node.person(name)
        await person.call("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": display})
    for query, wanted in {
        "alvarez jose": ["jo"], "JOSÉ": ["jo"], "ozgur": ["oe"], "ÜNAL": ["oe"], "unal ozg": ["oe"], "小龍": ["li"],
        "@jo": ["jo"], "jo@": ["jo"], f"jo@{node.runtime.settings.domain}": ["jo"], "%": [], "alvarez unal": [],
        "_o": ["oe"], "lvarez": [], "yilmaz": ["yi"], "los": ["yi"], "acct:jo": ["jo"],
    }.items():  # fmt: skip
        found = await bob.get("/api/v2/search", q=query, type="accounts")
        assert [account["username"] for account in found["accounts"]] == wanted, query


async def test_usernames_that_begin_so_come_before_names(node: Node, bob: Person) -> None:
    people = {"zed": ("Anton", 900), "anna": ("Anna", 5), "joan": ("Joan", 80), "an": ("An", 0)}
    for name, (display, followers) in people.items():
        await node.person(name, followers_count=followers, display_name=display)
    found = await bob.get("/api/v2/search", q="an", type="accounts")
    assert [account["username"] for account in found["accounts"]] == ["an", "anna", "zed"]


async def test_a_hashtag_is_found_by_its_words(bob: Person) -> None:
    await bob.post("Warm at last #HeatPump")
    found = await bob.get("/api/v2/search", q="heat pump", type="hashtags")
    assert [tag["name"] for tag in found["hashtags"]] == ["HeatPump"]


@pytest.mark.parametrize("resolve", ["true", "false"])
async def test_an_own_url_or_handle(node: Node, ann: Person, bob: Person, resolve: str) -> None:
    post = await ann.post("hello")

    async def found(text: str) -> tuple[list[str], list[str]]:
        both = await bob.get("/api/v2/search", q=text, resolve=resolve)
        for status in both["statuses"]:
            check_status(status, signed_in=True)
        return [entry["id"] for entry in both["accounts"]], [entry["id"] for entry in both["statuses"]]

    assert await found(post["uri"]) == ([], [post["id"]])
    assert await found(ann.uri) == ([str(ann.account_id)], [])
    assert await found(ann.handle) == ([str(ann.account_id)], [])
    assert await found("@ann") == ([str(ann.account_id)], [])
    if resolve == "true":
        assert await found(post["url"]) == ([], [post["id"]])
        assert await found(f"{node.url}/@ann") == ([str(ann.account_id)], [])
    assert await found(f"{node.url}/users/4711") == ([], [])


async def test_a_hidden_post_is_not_found_by_its_url(ann: Person, bob: Person) -> None:
    """Attack row 105."""
    secret = await ann.post("secret", visibility="private")
    for resolve in ("true", "false"):
        found = await bob.get("/api/v2/search", q=secret["uri"], resolve=resolve)
        assert found == {"accounts": [], "statuses": [], "hashtags": []}


async def test_strangers_neither_resolve_nor_page(node: Node) -> None:
    for query in ("q=@a@b.test&resolve=true", "q=ann&offset=5"):
        for version in ("v1", "v2"):
            assert (await node.http.get(f"/api/{version}/search?{query}")).status_code == 401


@pytest.mark.parametrize("query", ["", "q=", "q=x&type=posts", "q=" + "x" * 3000, "q=x&offset=-1", "q[]=x"])
async def test_bad_queries(node: Node, query: str) -> None:
    assert (await node.http.get(f"/api/v2/search?{query}")).status_code in (400, 422)


async def test_resolving_what_cannot_be_reached_finds_nothing(ann: Person) -> None:
    for text in ("@nobody@127.0.0.1:1", "http://127.0.0.1:1/users/1", "https://x.invalid/@a"):
        found = await ann.get("/api/v2/search", q=text, resolve="true")
        assert (found["accounts"], found["statuses"]) == ([], [])


async def test_the_blocked_do_not_find_each_other(ann: Person, bob: Person) -> None:
    await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert (await bob.get("/api/v2/search", q="ann"))["accounts"] == []
