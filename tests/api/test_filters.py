"""Filters, both versions: kept, changed, counted; and what they say of posts wherever posts are shown."""

from typing import Any

from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle

V2 = "/api/v2/filters"
V1 = "/api/v1/filters"
EVERYWHERE = ["home", "notifications", "public", "thread", "account"]


async def new_filter(person: Person, *words: str, **fields: Any) -> dict[str, Any]:
    keywords = [{"keyword": word, "whole_word": "true"} for word in words]
    body = {"title": "Spoilers", "context": EVERYWHERE, "keywords_attributes": keywords, **fields}
    made: dict[str, Any] = await person.act(V2, **body)
    return made


def titles(status: dict[str, Any]) -> list[str]:
    return [result["filter"]["title"] for result in status["filtered"]]


async def seen(person: Person, status: dict[str, Any]) -> list[str]:
    return titles(await person.get(f"/api/v1/statuses/{status['id']}"))


async def test_a_filter_is_made_changed_and_removed(node: Node, ann: Person) -> None:
    made = await ann.call(
        "POST",
        V2,
        data={
            "title": "Series",
            "context[]": ["public", "home"],
            "filter_action": "hide",
            "expires_in": "3600",
            "keywords_attributes[0][keyword]": "dragons",
            "keywords_attributes[0][whole_word]": "0",
            "keywords_attributes[1][keyword]": "Westeros",
        },
    )
    words = [(entry["keyword"], entry["whole_word"]) for entry in made["keywords"]]
    assert words == [("dragons", False), ("Westeros", True)]
    assert (made["title"], made["context"], made["filter_action"]) == ("Series", ["home", "public"], "hide")
    assert made["expires_at"].endswith("Z")
    first, second = made["keywords"]
    path = f"{V2}/{made['id']}"
    changed = await ann.call(
        "PUT",
        path,
        json={
            "title": "Shows",
            "context": ["thread"],
            "filter_action": "blur",
            "expires_in": "",
            "keywords_attributes": [
                {"id": first["id"], "_destroy": True},
                {"id": second["id"], "keyword": "Essos", "whole_word": False},
                {"keyword": "Hodor"},
            ],
        },
    )
    assert [(entry["keyword"], entry["whole_word"]) for entry in changed["keywords"]] == [
        ("Essos", False),
        ("Hodor", True),
    ]
    assert changed["keywords"][0]["id"] == second["id"]
    expected = {"title": "Shows", "context": ["thread"], "filter_action": "blur", "expires_at": None}
    assert changed | expected == changed
    assert await ann.call("PATCH", path, json={"title": "Shows"}) == changed
    assert await ann.get(path) == changed
    assert await ann.get(V2) == [changed]
    assert await ann.call("DELETE", path) == {}
    assert await ann.get(V2) == []


async def test_keywords_and_posts_by_themselves(ann: Person, bob: Person) -> None:
    made = await new_filter(ann)
    path = f"{V2}/{made['id']}"
    word = await ann.act(f"{path}/keywords", keyword="owl", whole_word=False)
    assert await ann.get(f"{path}/keywords") == [word]
    changed = await ann.call("PUT", f"{V2}/keywords/{word['id']}", json={"keyword": "barn owl"})
    assert changed == {"id": word["id"], "keyword": "barn owl", "whole_word": False}
    assert await ann.get(f"{V2}/keywords/{word['id']}") == changed
    post = await bob.post("A post")
    named = await ann.act(f"{path}/statuses", status_id=post["id"])
    assert named == {"id": named["id"], "status_id": post["id"]}
    assert await ann.act(f"{path}/statuses", status_id=post["id"]) == named, "naming it again changes nothing"
    assert await ann.get(f"{path}/statuses") == [named]
    assert await ann.get(f"{V2}/statuses/{named['id']}") == named
    assert await ann.get(path) == made | {"keywords": [changed], "statuses": [named]}
    assert await ann.call("DELETE", f"{V2}/keywords/{word['id']}") == {}
    assert await ann.call("DELETE", f"{V2}/statuses/{named['id']}") == {}
    assert await ann.get(path) == made


async def test_what_is_no_filter_is_refused(ann: Person, monkeypatch: Any) -> None:
    """Row 59: long names, many filters, many keywords."""
    good = {"title": "T", "context": ["home"]}
    for bad in (
        {"title": ""},
        {"title": "x" * 257},
        {"context": []},
        {"context": ["home", "garden"]},
        {"filter_action": "destroy"},
        {"expires_in": -1},
        {"expires_in": 10**12},
        {"keywords_attributes": [{"keyword": " "}]},
        {"keywords_attributes": [{"keyword": "\u200b"}]},
        {"keywords_attributes": [{"keyword": "x" * 513}]},
    ):
        await ann.call("POST", V2, json=good | bad, expect=422)
    await ann.call("POST", V2, json=good | {"keywords_attributes": [{"id": "4711", "keyword": "x"}]}, expect=404)
    assert await ann.get(V2) == [], "a refused filter leaves nothing behind"
    for name, most in (("MAX_FILTERS", 2), ("MAX_KEYWORDS", 3), ("MAX_STATUSES", 1)):
        monkeypatch.setattr(f"node.filters.service.{name}", most)
    made = await new_filter(ann, "one", "two")
    await new_filter(ann, "three")
    await ann.call("POST", V2, json=good, expect=422)
    await ann.call("POST", f"{V2}/{made['id']}/keywords", json={"keyword": "four"}, expect=422)
    first, second = await ann.post("1"), await ann.post("2")
    await ann.act(f"{V2}/{made['id']}/statuses", status_id=first["id"])
    await ann.call("POST", f"{V2}/{made['id']}/statuses", json={"status_id": second["id"]}, expect=422)


async def test_filters_of_others_are_not_there(ann: Person, bob: Person) -> None:
    """Row 89; and a post that one may not see cannot be named."""
    made = await new_filter(ann, "owl")
    post = await ann.post("For me", visibility="direct")
    named = await ann.act(f"{V2}/{made['id']}/statuses", status_id=post["id"])
    word = made["keywords"][0]["id"]
    for method, path in (
        ("GET", f"{V2}/{made['id']}"),
        ("PUT", f"{V2}/{made['id']}"),
        ("DELETE", f"{V2}/{made['id']}"),
        ("GET", f"{V2}/{made['id']}/keywords"),
        ("POST", f"{V2}/{made['id']}/keywords"),
        ("GET", f"{V2}/{made['id']}/statuses"),
        ("POST", f"{V2}/{made['id']}/statuses"),
        ("GET", f"{V2}/keywords/{word}"),
        ("PUT", f"{V2}/keywords/{word}"),
        ("DELETE", f"{V2}/keywords/{word}"),
        ("GET", f"{V2}/statuses/{named['id']}"),
        ("DELETE", f"{V2}/statuses/{named['id']}"),
        ("GET", f"{V1}/{word}"),
        ("PUT", f"{V1}/{word}"),
        ("DELETE", f"{V1}/{word}"),
    ):
        await bob.call(method, path, json={"title": "x", "keyword": "x", "status_id": post["id"]}, expect=404)
    his = await new_filter(bob, "barn")
    await bob.call("POST", f"{V2}/{his['id']}/statuses", json={"status_id": post["id"]}, expect=404)
    await bob.call("PUT", f"{V2}/{his['id']}", json={"keywords_attributes": [{"id": word, "keyword": "x"}]}, expect=404)
    assert (await ann.get(V2))[0]["keywords"] == made["keywords"]


async def test_filters_need_their_own_scopes(node: Node, ann: Person) -> None:
    """Row 90."""
    await new_filter(ann, "owl")
    reading = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, "read:filters"))
    writing = Person(node, ann.account_id, "ann", await make_token(node.runtime, ann.account_id, "write:filters"))
    for path in (V1, V2):
        await reading.get(path)
        await writing.call("GET", path, expect=403)
        await reading.call("POST", path, json={}, expect=403)
    await new_filter(writing, "barn")


async def test_a_filter_of_the_first_version_is_one_keyword(ann: Person) -> None:
    old = await ann.call("POST", V1, data={"phrase": "owl", "context[]": "home", "irreversible": "1"})
    assert old == {
        "id": old["id"],
        "phrase": "owl",
        "context": ["home"],
        "whole_word": True,
        "expires_at": None,
        "irreversible": True,
    }
    new = (await ann.get(V2))[0]
    assert (new["title"], new["filter_action"], new["keywords"][0]["id"]) == ("owl", "hide", old["id"])
    path = f"{V1}/{old['id']}"
    change = {"phrase": "barn owl", "context": ["public"], "irreversible": False, "expires_in": 60}
    changed = await ann.call("PUT", path, json=change)
    assert (changed["phrase"], changed["context"], changed["irreversible"]) == ("barn owl", ["public"], False)
    assert changed["expires_at"]
    assert await ann.get(path) == changed
    await ann.act(f"{V2}/{new['id']}/keywords", keyword="eagle owl")
    assert [one["phrase"] for one in await ann.get(V1)] == ["barn owl", "eagle owl"]
    await ann.call("PUT", path, json={"phrase": "owl", "context": ["home"]}, expect=422)
    assert (await ann.call("PUT", path, json={"phrase": "snowy owl"}))["phrase"] == "snowy owl"
    assert await ann.call("DELETE", path) == {}
    assert [one["phrase"] for one in await ann.get(V1)] == ["eagle owl"]
    last = (await ann.get(V1))[0]["id"]
    await ann.call("DELETE", f"{V1}/{last}")
    assert await ann.get(V2) == []


async def test_every_place_says_what_is_filtered(node: Node, ann: Person, bob: Person) -> None:
    """client-api 31: computed by the server wherever a post is shown, also inside a boost and a notification."""
    made = await new_filter(ann, "Dragon", filter_action="hide")
    await ann.follow(bob)
    await settle(node.runtime)
    mine = await ann.post("Something")
    post = await bob.post("@ann Here be DRAGON!")
    await bob.act(f"/api/v1/statuses/{post['id']}/reblog")
    reply = await bob.post("No dragons, dragonflies", in_reply_to_id=mine["id"])
    await settle(node.runtime)
    listed = await ann.act("/api/v1/lists", title="Birds")
    await ann.act(f"/api/v1/lists/{listed['id']}/accounts", account_ids=[bob.account_id])
    result = {
        "filter": {name: made[name] for name in ("id", "title", "context", "expires_at", "filter_action")},
        "keyword_matches": ["Dragon"],
        "status_matches": None,
    }
    assert (await ann.get(f"/api/v1/statuses/{post['id']}"))["filtered"] == [result]
    assert await seen(ann, reply) == []
    for path in (
        "/api/v1/timelines/public",
        f"/api/v1/timelines/list/{listed['id']}",
        f"/api/v1/accounts/{bob.account_id}/statuses",
        "/api/v1/timelines/home",
    ):
        found = {status["id"]: status for status in await ann.get(path)}
        for status in found.values():
            original = status["reblog"] or status
            expected = [result] if original["id"] == post["id"] else []
            assert status["filtered"] == original["filtered"] == expected, path
        assert any(status["filtered"] for status in found.values()), path
    note = (await ann.get("/api/v1/notifications", **{"types[]": "mention"}))[-1]
    assert note["status"]["filtered"] == [result]
    context = await bob.get(f"/api/v1/statuses/{mine['id']}/context")
    assert context["descendants"][0]["filtered"] == [], "others have no part in it"
    anybody = await node.http.get(f"/api/v1/statuses/{post['id']}")
    assert "filtered" not in anybody.json()


async def test_where_a_filter_looks(node: Node, ann: Person, bob: Person) -> None:
    await new_filter(ann, "dragon")
    poll = {"options": ["Red dragon", "None"], "expires_in": 3600}
    for fields, expected in (
        ({"status": "x", "spoiler_text": "About a dragon"}, True),
        ({"status": "Which?", "poll": poll}, True),
        ({"status": "Look #dragon"}, True),
        ({"status": "see https://example.com/dragon for more"}, True),
        ({"status": "dragon"}, True),
        ({"status": "DRAGON's"}, True),
        ({"status": "dragonfly"}, False),
        ({"status": "A drag on stage"}, False),
    ):
        post = await bob.call("POST", "/api/v1/statuses", json=fields)
        assert bool(await seen(ann, post)) is expected, fields


async def test_alt_text_is_looked_at_too(node: Node, ann: Person, bob: Person) -> None:
    from tests.api.test_accounts import picture

    await new_filter(ann, "dragon")
    media = await bob.call(
        "POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")}, data={"description": "A dragon"}
    )
    assert await seen(ann, await bob.post("Look", media_ids=[media["id"]])) == ["Spoilers"]


async def test_the_card_of_a_link_is_looked_at_too(node: Node, ann: Person, bob: Person) -> None:
    """Also one that came after the post was looked at first."""
    from sqlalchemy import update

    from node.cards.models import LinkCard
    from node.posts.models import Post

    await new_filter(ann, "dragon")
    post = await bob.post("Read https://example.com/1")
    assert await seen(ann, post) == []
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        card = LinkCard(
            id=7,
            url="https://example.com/x",
            host="example.com",
            state="ready",
            due_at=now,
            created_at=now,
            title="A dragon",
        )
        uow.add(card)
        await uow.flush()
        await uow.write(update(Post).where(Post.id == int(post["id"])).values(card_id=7))
    assert await seen(ann, post) == ["Spoilers"]


async def test_a_change_counts_at_once(node: Node, ann: Person, bob: Person) -> None:
    """Row 106: filters, their end, and edits of what they look at."""
    post = await bob.post("A dragon")
    assert await seen(ann, post) == []
    made = await new_filter(ann, "dragon", expires_in=600)
    path = f"{V2}/{made['id']}"
    assert await seen(ann, post) == ["Spoilers"]
    await ann.call("PUT", path, json={"title": "Beasts"})
    assert await seen(ann, post) == ["Beasts"]
    await bob.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "A lizard"})
    assert await seen(ann, post) == []
    await ann.act(f"{path}/keywords", keyword="lizard")
    assert await seen(ann, post) == ["Beasts"]
    node.clock.advance(seconds=601)
    assert await seen(ann, post) == [], "expired"
    await ann.call("PUT", path, json={"expires_in": ""})
    assert await seen(ann, post) == ["Beasts"]
    await ann.call("DELETE", path)
    assert await seen(ann, post) == []


async def test_a_named_post_is_filtered_also_where_it_is_boosted(ann: Person, bob: Person, carol: Person) -> None:
    post = await bob.post("Anything")
    boost = await carol.act(f"/api/v1/statuses/{post['id']}/reblog")
    made = await new_filter(ann)
    await ann.act(f"{V2}/{made['id']}/statuses", status_id=post["id"])
    shown = await ann.get(f"/api/v1/statuses/{boost['id']}")
    assert shown["filtered"] == shown["reblog"]["filtered"]
    assert shown["filtered"][0]["status_matches"] == [post["id"]]
    assert shown["filtered"][0]["keyword_matches"] is None


async def test_what_hides_comes_first(ann: Person, bob: Person) -> None:
    """client-api 31: some apps look at the first result only."""
    await new_filter(ann, "dragon", title="Warned", filter_action="warn")
    await new_filter(ann, "dragon", title="Blurred", filter_action="blur")
    await new_filter(ann, "dragon", title="Hidden", filter_action="hide")
    assert await seen(ann, await bob.post("dragon")) == ["Hidden", "Warned", "Blurred"]


async def test_filters_are_forgotten_with_their_owner(node: Node, ann: Person) -> None:
    from sqlalchemy import func, select

    from node.accounts.service import delete_account
    from node.filters.models import Filter, FilterKeyword

    await new_filter(ann, "dragon")
    async with node.runtime.write() as uow:
        await delete_account(uow, ann.account_id, now=node.runtime.now())
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        for table in (Filter, FilterKeyword):
            assert await reader.scalar(select(func.count()).select_from(table)) == 0
