"""Row 105: nothing around an answer tells what the answer may not: counts, cursors, hashtags, explanations, the work
done. Each on both engines where posts are searched."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from node.accounts.standing import suspend_account
from node.base.runtime import Runtime
from node.search.choosing import engine_of
from node.search.rules import UNSEARCHABLE_FLOOR
from node.search.steps import Plan, Token
from tests.support.nodes import Node, Person, open_node, settle
from tests.support.redis_server import RedisServer

SEARCH = "/api/v2/search"


@pytest.fixture
async def runtime(redis_server: RedisServer, database_url: str) -> AsyncIterator[Runtime]:
    """A node that searches posts: with Whoosh on SQLite, with PostgreSQL on PostgreSQL."""
    async with open_node(redis_server, database_url=database_url, search_engine="auto") as opened:
        yield opened


async def asked(who: Person | Node, path: str = SEARCH, **given: Any) -> Any:
    if isinstance(who, Person):
        return await who.get(path, **given)
    response = await who.http.get(path, params=given)
    assert response.status_code == 200, response.text
    return response.json()


async def count_statements(node: Node, who: Person | Node, query: str) -> int:
    """Return how many statements a search runs over posts and their documents; not those of who asks, which caches
    spare now and then."""
    run: list[str] = []

    def note(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if "posts" in statement or "search_documents" in statement:
            run.append(statement)

    engines = {node.runtime.database.reader.sync_engine, node.runtime.database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        await asked(who, q=query, type="statuses")
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    return len(run)


async def test_row_105_a_hidden_word_costs_what_a_word_of_nobody_does(node: Node) -> None:
    """The same answer, headers and statements, and the index proposes nothing: whether the word stands in a post that
    is private, direct, unlisted, of somebody who did not consent, or of somebody who blocks the asker."""
    ann, eve, plain = await node.person("ann", indexable=True), await node.person("eve"), await node.person("plain")
    shuns = await node.person("shuns", indexable=True)
    await shuns.act(f"/api/v1/accounts/{eve.account_id}/block")
    for visibility, word in {"private": "wordone", "direct": "wordtwo", "unlisted": "wordthree"}.items():
        await ann.post(word, visibility=visibility)
    await plain.post("wordfour")
    await shuns.post("wordfive")
    await settle(node.runtime)
    of_nobody: dict[str, list[int]] = {}
    for word in ("wordnone", "wordone", "wordtwo", "wordthree", "wordfour", "wordfive"):
        for query in (word, f'"{word} {word}"', f"{word[:-1]}*"):
            answer = await asked(eve, q=query, type="statuses")
            assert answer == {"accounts": [], "statuses": [], "hashtags": []}, query
        for name, who in {"eve": eve, "a stranger": node}.items():
            if who is node and word == "wordfive":
                continue  # who is not signed in is blocked by nobody
            run = [await count_statements(node, who, query) for query in (word, f'"{word} {word}"')]
            assert run == of_nobody.setdefault(name, run), (word, name)
        if word != "wordfive":
            plan = Plan(Token(word))
            engine = engine_of(node.runtime)
            proposed = await engine.propose(plan, since_id=None, until_id=None, limit=9, seconds=30)
            assert proposed.ids == (), word
    with_word = await node.http.get(SEARCH, params={"q": "wordone"})
    without = await node.http.get(SEARCH, params={"q": "wordnone"})
    changing = {"date", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id", "etag", "ratelimit"}
    assert {k: v for k, v in with_word.headers.items() if k.lower() not in changing} == {
        k: v for k, v in without.headers.items() if k.lower() not in changing
    }
    assert with_word.content == without.content


async def test_row_105_the_count_of_the_unsearchable_points_at_nobody(node: Node) -> None:
    """`secret OR mine1 OR mine2` would carry the asker's own authors over the floor: only plain words are counted."""
    target = await node.person("target")
    socks = [await node.person(f"sock{number}") for number in range(UNSEARCHABLE_FLOOR - 1)]
    await target.post("confidentialword", language="en")
    for number, sock in enumerate(socks):
        await sock.post(f"sockword{number} confidentional", language="en")
    await settle(node.runtime)
    asker = socks[0]
    joined = " OR ".join(f"sockword{number}" for number in range(len(socks)))
    for query in (
        f"confidentialword OR {joined}", f"(confidentialword OR {joined})", "confid*", "-nothing lang:en",
        f"lang:en -({joined.replace(' OR ', ' ')})", "is:local during:today", "since:1h", "-has:media lang:en",
        "min_likes:0 lang:en", f"from:target OR {joined}",
    ):  # fmt: skip
        said = await asked(node, q=query, type="statuses")
        assert "hidden_authors" not in str(said) or said["explanation"]["hidden_authors"] == 0, query
        said = await asked(asker, q=query, type="statuses")
        assert said.get("explanation", {}).get("hidden_authors", 0) == 0, query
    # What is counted is counted on the first page only, and not beside one author's posts.
    for number, sock in enumerate(socks):
        await sock.post(f"confidentialword {number}", language="en")
    await settle(node.runtime)
    reader = await node.person("reader")
    assert (await asked(reader, q="confidentialword"))["explanation"]["hidden_authors"] == UNSEARCHABLE_FLOOR
    for more in ({"max_id": "1"}, {"offset": "20"}, {"since_id": "1"}, {"account_id": str(target.account_id)}):
        assert "explanation" not in await asked(reader, q="confidentialword", **more), more


async def test_row_105_hashtags_of_hidden_posts_are_nobodys_business(node: Node) -> None:
    """Neither found, nor told apart from what nobody used, nor counted: those of private, direct and unlisted posts, of
    posts that stay on this server, of people who block the asker, or are gone (row 106)."""
    ann, eve, bob = await node.person("ann"), await node.person("eve"), await node.person("bob")
    await ann.act(f"/api/v1/accounts/{eve.account_id}/block")
    await bob.post("#SecretOne", visibility="private")
    await bob.post("#SecretTwo @ann", visibility="direct")
    await bob.post("#SecretThree", visibility="unlisted")
    await bob.post("#AmongUs #Everywhere", local_only=True)
    await ann.post("#OfAnn #Everywhere")
    await settle(node.runtime)

    async def seen(who: Person | Node, name: str) -> tuple[list[str], bool, str]:
        found = await asked(who, q=name, type="hashtags")
        tag = await asked(who, f"/api/v1/tags/{name}")
        return [one["name"] for one in found["hashtags"]], tag["id"] != "0", tag["name"]

    for name in ("secretone", "secrettwo", "secretthree"):
        for who in (eve, node, ann):
            assert await seen(who, name) == ([], False, name), name
    assert await seen(node, "amongus") == ([], False, "amongus")
    assert (await seen(eve, "amongus"))[0] == ["AmongUs"]
    assert await seen(eve, "ofann") == ([], False, "ofann")
    assert (await seen(bob, "ofann"))[0] == ["OfAnn"]
    history = (await asked(node, "/api/v1/tags/everywhere"))["history"]
    assert (history[0]["uses"], history[0]["accounts"]) == ("1", "1")  # everybody is told what strangers may know
    async with node.runtime.write() as uow:
        await suspend_account(uow, ann.account_id, now=node.runtime.now())
    assert await seen(bob, "ofann") == ([], False, "ofann")


async def test_row_105_the_address_of_a_hidden_post_is_like_no_address(node: Node) -> None:
    """A pasted address of a post that one may not see answers as one that leads nowhere."""
    ann, eve = await node.person("ann", indexable=True), await node.person("eve")
    hidden = await ann.post("Among friends", visibility="private")
    await ann.post(f"A link to {hidden['uri']} and {hidden['uri'][:-1]}0")
    await settle(node.runtime)
    for who in (eve, node):
        answers = [await asked(who, q=uri) for uri in (hidden["uri"], f"{hidden['uri'][:-1]}0")]
        assert [len(answer["statuses"]) for answer in answers] == [1, 1]
        assert answers[0] == answers[1]
    assert [status["id"] for status in (await asked(ann, q=hidden["uri"]))["statuses"]] == [hidden["id"]]


async def test_row_105_libraries_do_not_cross(node: Node) -> None:
    """What one liked, kept or is named in is searched by that person alone; and only while they may see it."""
    ann, bob, eve = await node.person("ann"), await node.person("bob"), await node.person("eve")
    await bob.follow(ann)
    kept = await ann.post("crossword for friends", visibility="private")
    direct = await ann.post("@bob crossword between us", visibility="direct")
    await bob.act(f"/api/v1/statuses/{kept['id']}/bookmark")
    await bob.act(f"/api/v1/statuses/{kept['id']}/favourite")
    await settle(node.runtime)
    for query in ("crossword", "crossword in:library", "in:library", "crossword from:ann", "crossword to:bob"):
        assert (await asked(eve, q=query))["statuses"] == [], query
    mine = {status["id"] for status in (await asked(bob, q="crossword in:library"))["statuses"]}
    assert mine == {kept["id"], direct["id"]}
    await ann.act(f"/api/v1/accounts/{bob.account_id}/block")
    assert (await asked(bob, q="crossword in:library"))["statuses"] == []
