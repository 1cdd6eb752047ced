"""Search of posts through the API, each test on both engines: what is found, by whom, and until when."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.accounts.standing import delete_account, silence_account, suspend_account, unsuspend_account
from node.base.runtime import Runtime
from node.search import service
from node.search.rules import UNSEARCHABLE_FLOOR
from tests.support.nodes import Node, Person, open_node, settle
from tests.support.redis_server import RedisServer

SEARCH = "/api/v2/search"


@pytest.fixture
async def runtime(redis_server: RedisServer, database_url: str) -> AsyncIterator[Runtime]:
    """A node that searches posts: with Whoosh on SQLite, with PostgreSQL on PostgreSQL."""
    async with open_node(redis_server, database_url=database_url, search_engine="auto") as opened:
        yield opened


@pytest.fixture
async def ann(node: Node) -> Person:
    """Somebody whose posts everybody may search."""
    return await node.person("ann", indexable=True)


@pytest.fixture
async def bob(node: Node) -> Person:
    """Somebody who did not say so."""
    return await node.person("bob")


async def found(who: Person | Node, query: str, **more: Any) -> list[str]:
    """Return the ids of the posts a query finds, once everything is indexed."""
    node = who.node if isinstance(who, Person) else who
    await settle(node.runtime)
    return [status["id"] for status in (await asked(who, query, **more))["statuses"]]


async def asked(who: Person | Node, query: str, **more: Any) -> Any:
    if isinstance(who, Person):
        return await who.get(SEARCH, q=query, **more)
    response = await who.http.get(SEARCH, params={"q": query, **more})
    assert response.status_code == 200, response.text
    return response.json()


async def test_words_operators_and_errors(node: Node, ann: Person, bob: Person) -> None:
    owls = await ann.post("Night owls are #BirdsOfPrey", language="en")
    answer = await ann.post("@bob An owl answers", in_reply_to_id=owls["id"], language="en")
    await ann.post("Nothing of interest", language="en", spoiler_text="Bread")
    await bob.act(f"/api/v1/statuses/{owls['id']}/favourite")
    both, first, second = {owls["id"], answer["id"]}, [owls["id"]], [answer["id"]]
    for query, wanted in {
        "owls": both,
        '"night owls"': first,
        "owl -answers": first,
        "nigh*": first,
        "prey": first,
        "#birdsofprey": first,
        "tag:birdsofprey": first,
        "owls is:reply": second,
        "owls to:bob": second,
        "owls to:me": [],
        "owls from:ann": both,
        "owls from:@ann@localhost:8000": both,
        "owls from:nobody": [],
        "owls min_likes:1": first,
        "owls min_replies:1": first,
        "owls min_likes:2": [],
        "owls since:today": both,
        "owls before:today": [],
        "owls lang:en is:local": both,
        "owls lang:de": [],
        "owls has:media": [],
        "owls in:public": both,
        "owls in:library": both,
        "bread": None,
        "from:me": None,
        "is:sensitive": None,
    }.items():
        here = await found(ann, query, type="statuses")
        assert (len(here) >= 1) if wanted is None else set(here) == set(wanted), query
    for query, word in {"owls since:soon": "date", "has:cats x": "has:", "-owls": "leave out"}.items():
        refused = await ann.call("GET", SEARCH, expect=422, params={"q": query, "type": "statuses"})
        assert word in refused["error"]
        assert "character" in refused["error"]
        beside = await ann.get(SEARCH, q=query)
        assert beside["statuses"] == []
        assert word in beside["explanation"]["text"]
    assert {status["id"] for status in (await asked(node, "owls"))["statuses"]} == both
    v1 = await ann.get("/api/v1/search", q="birdsofprey")
    assert v1["hashtags"] == ["BirdsOfPrey"]
    assert {status["id"] for status in v1["statuses"]} == set(first)


async def test_where_no_post_has_all_the_words_most_of_them_do(node: Node, ann: Person) -> None:
    """It says so; a page further down never falls back to it; two words are both meant."""
    wanted = await ann.post("Which camera for a beginner who walks a lot?", language="en")
    await ann.post("The best lens is the one you carry", language="en")
    query = "what is the best camera for a beginner?"
    for sort in ("relevance", "latest"):
        assert await found(ann, query, sort=sort) == [wanted["id"]]
        assert "No post has all of these words" in (await asked(ann, query, sort=sort))["explanation"]["text"]
    assert await found(ann, query, type="statuses", max_id=str(int(wanted["id"]) + 1)) == []
    assert await found(ann, "camera lens") == []
    assert "explanation" not in await asked(ann, "camera beginner")


async def test_a_slip_is_forgiven_where_nothing_else_is_found(node: Node, ann: Person) -> None:
    wanted = await ann.post("A guide to accommodation", language="en")
    assert await found(ann, "accomodation guide") == [wanted["id"]]
    assert "look like them" in (await asked(ann, "accomodation"))["explanation"]["text"]
    slip = await ann.post("My accomodation is nice", language="en")
    assert await found(ann, "accomodation") == [slip["id"]]
    assert "explanation" not in await asked(ann, "accomodation")


@pytest.mark.parametrize(("query", "word"), [(":)", "no word"), ("owl since:2026 until:2025", "before it begins")])
async def test_what_cannot_be_looked_for_is_said(ann: Person, query: str, word: str) -> None:
    assert word in (await asked(ann, query))["explanation"]["text"]


async def test_only_who_allows_it_is_searched_by_others(node: Node, ann: Person, bob: Person) -> None:
    """FEP-1: public posts of people who allow it, and everybody's own library."""
    carol = await node.person("carol")
    named = await bob.post("@carol wombat for you")
    liked, kept, boosted = [await bob.post(f"wombat number {name}") for name in ("liked", "kept", "boosted")]
    plain = await bob.post("wombat")
    await carol.act(f"/api/v1/statuses/{liked['id']}/favourite")
    await carol.act(f"/api/v1/statuses/{kept['id']}/bookmark")
    await carol.act(f"/api/v1/statuses/{boosted['id']}/reblog")
    assert await found(ann, "wombat") == []
    assert await found(node, "wombat") == []
    assert set(await found(carol, "wombat")) == {one["id"] for one in (named, liked, kept, boosted)}
    assert set(await found(carol, "wombat in:library")) == {one["id"] for one in (named, liked, kept, boosted)}
    assert await found(carol, "wombat in:public") == []
    assert len(await found(bob, "wombat")) == 5
    await carol.act(f"/api/v1/statuses/{liked['id']}/unfavourite")
    assert liked["id"] not in await found(carol, "wombat")
    # He allows it, and no more.
    await bob.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": True})
    assert len(await found(ann, "wombat")) == 5
    assert plain["id"] in await found(node, "wombat")
    await bob.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": False})
    # At once: what is decided on the row waits for no index.
    assert (await asked(ann, "wombat"))["statuses"] == []
    assert await found(node, "wombat") == []


async def test_row_105_no_words_of_a_hidden_post_leak(node: Node, ann: Person, bob: Person) -> None:
    """Row 105: whatever is asked, what a viewer may not see is not found, counted, or told apart from nothing."""
    eve = await node.person("eve")
    carol = await node.person("carol")
    await bob.follow(ann)
    for visibility in ("private", "direct", "unlisted"):
        await ann.post("quokka @carol", visibility=visibility)
    await ann.post("quokka among ourselves", local_only=True)
    await ann.post("quokka for all")
    await settle(node.runtime)
    nothing = await asked(eve, "zyzzyva")
    for query in (
        "quokka is:reply", "visibility:direct quokka", "quokka account:ann", "quok* -all -ourselves", "quokka carol",
        "from:ann -all -ourselves", "to:carol", "to:carol in:library", "min_likes:0 carol", '"quokka carol"',
    ):  # fmt: skip
        assert (await asked(eve, query))["statuses"] == [], query
        if "from:" not in query and "to:" not in query:
            assert (await asked(eve, query)).get("explanation") == nothing.get("explanation"), query
    assert len(await found(eve, "quokka")) == 2
    assert len(await found(node, "quokka")) == 1
    assert len(await found(bob, "quokka")) == 2  # who follows sees more at home, and finds what everybody does
    assert len(await found(carol, "quokka")) == 5
    assert len(await found(ann, "quokka")) == 5
    assert await found(eve, "quokka", account_id=str(carol.account_id)) == []


HOSTILE = [
    "a\x00b", 'from:"a\x00b"', "tag:a\x00b", "\x00", "\ud800", "'; DROP TABLE posts; --", "' | 'a':* & !'b", "a <-> b",
    "a:*ABCD", "\\", "'\\''", "%", "_", "%%%*", "(a+)+$", "^(.*)*$", "[[:alpha:]]*", "ab* cd* ef* gh*",
    "NOT " * 90 + "a",
    "-" * 400 + "a", "(" * 8 + "a" + ")" * 8, "(" * 400, '"' * 499, "OR " * 160, "a OR " * 31 + "a", "from:a " * 32,
    "-from:me " * 31 + "a", '"' + "a " * 240 + '"', "has:media " * 32, "since:9999-12-31", "before:0001-01-01 a",
    "during:9999-12 a", "since:9999y a", "min_likes:1000000000 a", "#" * 400, "@" * 400, "@a@b@c@d", "from:@@", "to:@",
    "from:" + "a" * 400, "\u202equokka\u202c", "q\u200bu\u2060okka -all", "https://[", "https://[::1", "http://%00/",
    "visibility:direct quokka", "author_id:1 quokka", "is_open:1", "tokens:quokka", ":from:1", ":is:local",
    "id:1 quokka",
]  # fmt: skip


async def test_row_105_nothing_that_is_typed_trips_it(node: Node, ann: Person) -> None:
    """Row 105: signs of other languages (SQL, LIKE, regular expressions, full text), control characters, too much of
    anything: an answer or a refusal in words, and never a post that one may not see."""
    await ann.post("quokka among ourselves", visibility="direct")
    await settle(node.runtime)
    eve = await node.person("eve")
    headers = {"Authorization": f"Bearer {eve.token}"}
    for query in HOSTILE:
        typed = quote(query, errors="surrogatepass")
        response = await node.http.get(f"{SEARCH}?type=statuses&q={typed}", headers=headers)
        assert response.status_code in (200, 400, 422), (query, response.text)
        if response.status_code == 200:
            assert response.json()["statuses"] == [], query
    for more in ("offset=99999999999999999999", "offset=399&limit=40", "max_id=99999999999999999999", "min_id=-1",
                 "account_id=0", "limit=100000", "q=" + "a" * 60_000):  # fmt: skip
        response = await node.http.get(f"{SEARCH}?q=quokka&{more}", headers=headers)
        assert response.status_code in (200, 400, 414, 422), more


async def test_row_105_a_dear_search_ends_in_time(node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 105: when time is over the answer says that it is not everything, and nobody waits for more."""
    await ann.post("wallaby wallaby wallaby")
    assert len(await found(node, '"wallaby wallaby"')) == 1
    monkeypatch.setattr(service, "STRANGERS_SECONDS", 0.0)
    answer = await asked(node, '"wallaby wallaby"')
    assert (answer["statuses"], answer["explanation"]["is_partial"]) == ([], True)


async def test_row_106_what_goes_is_found_no_more(node: Node, ann: Person, bob: Person) -> None:
    """Row 106: after a deletion, an edit, a suspension, a silence, the end of an account."""
    deleted, edited = await ann.post("numbat one"), await ann.post("numbat two")
    stays = await ann.post("numbat three")
    assert len(await found(bob, "numbat")) == 3
    await ann.call("DELETE", f"/api/v1/statuses/{deleted['id']}")
    assert deleted["id"] not in [status["id"] for status in (await asked(bob, "numbat"))["statuses"]]
    await ann.call("PUT", f"/api/v1/statuses/{edited['id']}", json={"status": "bilby two"})
    assert await found(bob, "numbat") == [stays["id"]]
    assert await found(bob, "bilby") == [edited["id"]]
    account, now, runtime = ann.account_id, node.runtime.now(), node.runtime
    async with runtime.write() as uow:
        await silence_account(uow, account, silenced=True, now=now)
    assert (await asked(bob, "numbat"))["statuses"] == []
    await bob.follow(ann)
    assert await found(bob, "numbat") == [stays["id"]]
    async with runtime.write() as uow:
        await silence_account(uow, account, silenced=False, now=now)
        await suspend_account(uow, account, now=now)
    assert (await asked(bob, "numbat"))["statuses"] == []
    await settle(runtime)
    async with runtime.write() as uow:
        await unsuspend_account(uow, account)
    assert await found(bob, "numbat") == [stays["id"]]
    async with runtime.write() as uow:
        await delete_account(uow, account, now=now)
    assert (await asked(bob, "numbat"))["statuses"] == []
    assert await found(bob, "numbat") == []


async def test_who_is_shunned_is_not_found(node: Node, ann: Person, bob: Person) -> None:
    """Blocks both ways and mutes, as in timelines."""
    await ann.post("potoroo")
    assert len(await found(bob, "potoroo")) == 1
    for verb in ("mute", "block"):
        await bob.act(f"/api/v1/accounts/{ann.account_id}/{verb}")
        assert await found(bob, "potoroo") == []
        await bob.act(f"/api/v1/accounts/{ann.account_id}/un{verb}")
    await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert await found(bob, "potoroo") == []
    assert len(await found(node, "potoroo")) == 1


async def test_pages_and_orders(node: Node, ann: Person) -> None:
    posts = []
    for number in range(7):
        posts.append(await ann.post(f"dingo {'dingo ' * (number == 2)}number {number}"))
    ids = [post["id"] for post in posts][::-1]
    assert await found(ann, "dingo", sort="latest", type="statuses") == ids
    assert await found(ann, "dingo", max_id=ids[2], limit=2) == ids[3:5]
    assert await found(ann, "dingo", min_id=ids[4], limit=2) == ids[2:4]
    assert await found(ann, "dingo", since_id=ids[2]) == ids[:2]
    best = await found(ann, "dingo", type="statuses")
    assert set(best) == set(ids)
    assert await found(ann, "dingo", type="statuses", offset=2, limit=3) == best[2:5]
    assert await found(ann, "dingo", type="statuses", offset=40) == []
    assert await found(ann, "dingo", account_id=str(ann.account_id), limit=1, sort="latest") == ids[:1]
    response = await node.http.get(SEARCH, params={"q": "dingo", "max_id": ids[0]})
    assert response.status_code == 401
    assert set(await found(ann, "dingo since:1d")) == set(ids)
    assert await found(ann, "dingo before:2020-01-01") == []


async def test_an_empty_answer_explains_itself(node: Node, ann: Person, bob: Person) -> None:
    """So many authors do not allow indexing; fewer than a floor are not counted (row 105)."""
    authors = [bob, *[await node.person(f"person{number}") for number in range(UNSEARCHABLE_FLOOR)]]
    for author in authors[: UNSEARCHABLE_FLOOR - 1]:
        await author.post("platypus sighted", language="en")
    await authors[-1].post("a platypus among friends", visibility="unlisted")
    await settle(node.runtime)
    assert "explanation" not in await asked(ann, "platypus")
    await authors[UNSEARCHABLE_FLOOR - 1].post("Two #platypus", language="en")
    await settle(node.runtime)
    for who in (ann, node):
        said = (await asked(who, "platypus"))["explanation"]
        assert said["hidden_authors"] == UNSEARCHABLE_FLOOR
        assert f"{UNSEARCHABLE_FLOOR} matching authors do not allow indexing" in said["text"]
    # No count is about one person: whoever asks by name is told what that person says on their profile.
    said = (await asked(ann, "platypus from:bob"))["explanation"]
    assert (said["hidden_authors"], said["text"]) == (0, "@bob does not allow others to search their posts.")
    assert "ghost" in (await asked(ann, "platypus from:ghost"))["explanation"]["text"]
    await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert "explanation" not in await asked(ann, "platypus")


async def test_a_resolved_address_is_still_found(node: Node, ann: Person, bob: Person) -> None:
    """What is pasted finds what it names; a link that names nothing here finds the posts that hold it."""
    post = await ann.post("See https://example.org/some-page now")
    assert await found(bob, post["uri"], resolve="true") == [post["id"]]
    assert await found(bob, "https://example.org/some-page") == [post["id"]]
    assert await found(bob, "example.org") == [post["id"]]


async def test_search_can_be_off(redis_server: RedisServer, node: Node) -> None:
    """Posts are then neither kept for search nor found; accounts and hashtags are."""
    from tests.api.conftest import serve

    async with open_node(redis_server, search_engine="off") as closed:
        async for other in serve(closed):
            zoe = await other.person("zoe", indexable=True)
            await zoe.post("#kiwi here")
            assert await found(zoe, "kiwi") == []
            assert [tag["name"] for tag in (await asked(zoe, "kiwi"))["hashtags"]] == ["kiwi"]
            assert (await asked(zoe, "from:x since:soon"))["statuses"] == []


async def test_an_account_that_waits_is_not_found(node: Node, ann: Person, bob: Person) -> None:
    """Attack row 73."""
    await ann.post("echidna")
    async with node.runtime.write() as uow:
        await uow.write(update(Account).where(Account.id == ann.account_id).values(waiting=True))
    assert await found(bob, "echidna") == []
    # Nor told of: whoever asks by name hears what they hear of nobody.
    assert "Nobody" in (await asked(bob, "echidna from:ann"))["explanation"]["text"]
