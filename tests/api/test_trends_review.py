"""Trends as moderators review them (client-api tier C): allow, exclude, audit, who may. Attack rows 90, 91, 106."""

from typing import Any

import pytest
from sqlalchemy import select, update

from node.auth.models import User
from node.base.runtime import Runtime
from node.cards.models import LinkCard, PostLink
from node.moderation.models import ModerationEntry
from node.trends.service import forget_boards
from tests.api.test_admin import Desk, staff
from tests.api.test_discovering import wants_to_be_found
from tests.support.nodes import Node, Person, open_node
from tests.support.redis_server import RedisServer

HERE = "/api/v1/admin/trends"


@pytest.fixture
async def desk(node: Node) -> Desk:
    return await staff(node, "mona", "moderator")


async def talk(node: Node, *people: Person) -> list[dict[str, Any]]:
    """Let people speak of herons, and like what the first said."""
    await wants_to_be_found(node, *people)
    posts = [await person.post(f"Look, #herons, {person.username}") for person in people]
    for person in people[1:]:
        await person.act(f"/api/v1/statuses/{posts[0]['id']}/favourite")
    return posts


async def shown(node: Node, what: str) -> list[Any]:
    forget_boards(node.runtime)
    found: list[Any] = (await node.http.get(f"/api/v1/trends/{what}")).json()
    return found


async def test_a_moderator_excludes_a_hashtag_for_ever(node: Node, desk: Desk, ann: Person, bob: Person) -> None:
    """With its reason before their eyes; excluded it is gone at once, allowed it is back. All of it is in the log."""
    await talk(node, ann, bob)
    (tag,) = (await desk.get(f"{HERE}/tags")).json()
    assert (tag["name"], tag["trendable"], tag["requires_review"]) == ("herons", True, False)
    assert tag["trend"]["text"] == "2 posts by 2 people in 1 h, new here"
    assert (tag["trend"]["posts"], tag["trend"]["people"], tag["trend"]["times_usual"]) == (2, 2, None)
    assert (await shown(node, "tags"))[0]["trend"] == tag["trend"]
    answer = await desk.post(f"{HERE}/tags/{tag['id']}/reject")
    assert answer.json()["trendable"] is False
    assert (await node.http.get("/api/v1/trends/tags")).json() == []
    assert [one["trendable"] for one in (await desk.get(f"{HERE}/tags")).json()] == [False]
    await desk.post(f"{HERE}/tags/{tag['id']}/approve")
    assert [one["name"] for one in await shown(node, "tags")] == ["herons"]
    async with node.runtime.read() as reader:
        log = list(await reader.scalars(select(ModerationEntry).order_by(ModerationEntry.id)))
    assert [(entry.action, entry.target_kind, entry.target, entry.actor_id) for entry in log] == [
        ("trend.exclude", "trend tag", tag["id"], desk.account_id),
        ("trend.allow", "trend tag", tag["id"], desk.account_id),
    ]


async def test_a_moderator_excludes_a_post(node: Node, desk: Desk, ann: Person, bob: Person, carol: Person) -> None:
    first, *_ = await talk(node, ann, bob, carol)
    (post,) = (await desk.get(f"{HERE}/statuses")).json()
    assert (post["id"], post["requires_review"]) == (first["id"], False)
    assert post["trend"]["text"] == "taken up by 2 people in 1 h"
    assert [one["id"] for one in await shown(node, "statuses")] == [first["id"]]
    await desk.post(f"{HERE}/statuses/{first['id']}/reject")
    assert await shown(node, "statuses") == []
    assert (await desk.post(f"{HERE}/statuses/{first['id']}/approve")).json()["trendable"] is True
    secret = await ann.post("Only for some", visibility="private")
    assert (await desk.post(f"{HERE}/statuses/{secret['id']}/approve")).status_code == 404
    for kind in ("tags", "links", "statuses"):
        assert (await desk.post(f"{HERE}/{kind}/4711/approve")).status_code == 404


async def test_row_106_who_opts_out_or_covers_a_post_is_gone_at_once(
    node: Node, ann: Person, bob: Person, carol: Person
) -> None:
    """Not with the next tick: each read asks the rows."""
    posts = [(await talk(node, ann, bob, carol))[0], await bob.post("Mine")]
    for person in (ann, carol):
        await person.act(f"/api/v1/statuses/{posts[1]['id']}/favourite")
    assert {post["id"] for post in await shown(node, "statuses")} == {post["id"] for post in posts}
    await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    ids = [post["id"] for post in (await node.http.get("/api/v1/trends/statuses")).json()]
    assert ids == [posts[1]["id"]]
    await bob.call("PUT", f"/api/v1/statuses/{posts[1]['id']}", json={"status": "Mine", "spoiler_text": "Careful"})
    assert (await node.http.get("/api/v1/trends/statuses")).json() == []


async def test_a_moderator_excludes_a_site_with_all_its_pages(node: Node, desk: Desk, ann: Person, bob: Person) -> None:
    posts = [await person.post(f"Read this, {person.username}") for person in (ann, bob)]
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        page = "https://paper.example/a"
        uow.add(
            LinkCard(id=7, url=page, page_url=page, host="paper.example", state="ready", title="News", due_at=now,
                     fetched_at=now, created_at=now)
        )  # fmt: skip
        await uow.flush()
        for post in posts:
            uow.add(PostLink(post_id=int(post["id"]), card_id=7))
    (link,) = await shown(node, "links")
    assert (link["title"], link["trend"]["people"]) == ("News", 2)
    (site,) = (await desk.get(f"{HERE}/links/publishers")).json()
    assert (site["domain"], site["trendable"]) == ("paper.example", True)
    refused = (await desk.post(f"{HERE}/links/publishers/Paper.Example/reject")).json()
    assert (refused["id"], refused["trendable"]) == ("paper.example", False)
    assert await shown(node, "links") == []
    (link,) = (await desk.get(f"{HERE}/links")).json()
    assert (link["id"], link["trendable"]) == ("7", False)
    assert (await desk.post(f"{HERE}/links/7/approve")).json()["trendable"] is True
    assert len(await shown(node, "links")) == 1, "this page is allowed, its site is not"
    assert (await desk.post(f"{HERE}/links/publishers/other.example/reject")).status_code == 404
    assert (await desk.post(f"{HERE}/links/publishers/no%20host/reject")).status_code == 422


async def test_the_flags_of_a_hashtag(node: Node, desk: Desk, ann: Person, bob: Person) -> None:
    """What is not listable is not found; what is not usable neither trends nor is found, and has no timeline."""
    await talk(node, ann, bob)
    (tag,) = (await desk.get("/api/v1/admin/tags")).json()
    assert (tag["trendable"], tag["listable"], tag["usable"]) == (True, True, True)

    async def found() -> list[str]:
        return [one["name"] for one in (await ann.get("/api/v2/search", q="heron", type="hashtags"))["hashtags"]]

    assert await found() == ["herons"]
    path = f"/api/v1/admin/tags/{tag['id']}"
    assert (await desk.put(path, json={"listable": False})).json()["listable"] is False
    assert await found() == []
    assert len(await shown(node, "tags")) == 1
    changed = (await desk.put(path, json={"listable": True, "usable": False})).json()
    assert (changed["listable"], changed["usable"], changed["trendable"]) == (True, False, False)
    assert await found() == await shown(node, "tags") == []
    assert (await desk.get(path)).json()["usable"] is False
    for name in ("herons", "Herons"):
        assert await ann.get(f"/api/v1/timelines/tag/{name}") == []
        assert (await node.http.get(f"/tags/{name}")).status_code == 404
    assert await ann.get("/api/v1/timelines/tag/herons", **{"any[]": "lake"}) == []
    await desk.put(path, json={"usable": True})
    assert len(await ann.get("/api/v1/timelines/tag/herons")) == 2
    assert (await desk.put("/api/v1/admin/tags/4711", json={"usable": False})).status_code == 404


async def test_only_moderators_review(node: Node, desk: Desk, ann: Person, bob: Person) -> None:
    """Row 91: neither anybody else nor a token without the scope."""
    await talk(node, ann, bob)
    (tag,) = (await desk.get(f"{HERE}/tags")).json()
    for path in (f"{HERE}/tags", f"{HERE}/links", f"{HERE}/links/publishers", f"{HERE}/statuses", "/api/v1/admin/tags"):
        await ann.call("GET", path, expect=403)
        assert (await node.http.get(path)).status_code == 401
    await ann.call("POST", f"{HERE}/tags/{tag['id']}/reject", expect=403)
    await ann.call("PUT", f"/api/v1/admin/tags/{tag['id']}", expect=403)
    assert len(await shown(node, "tags")) == 1


async def test_where_trends_are_reviewed_each_waits(redis_server: RedisServer) -> None:
    from tests.api.conftest import serve

    async with open_node(redis_server, trends_review=True) as runtime:
        async for node in serve(runtime):
            await reviewed(node, runtime)


async def reviewed(node: Node, runtime: Runtime) -> None:
    desk = await staff(node, "mona", "moderator")
    await talk(node, await node.person("ann"), await node.person("bob"))
    assert await shown(node, "tags") == []
    (tag,) = (await desk.get(f"{HERE}/tags")).json()
    assert (tag["trendable"], tag["requires_review"]) == (False, True)
    await desk.post(f"{HERE}/tags/{tag['id']}/approve")
    assert [one["name"] for one in await shown(node, "tags")] == ["herons"]
    await node.people["ann"].post("#heronry")
    for asked, names in (("true", ["herons"]), ("false", ["herons", "heronry"])):
        query = {"q": "heron", "type": "hashtags", "exclude_unreviewed": asked}
        found = (await node.people["ann"].get("/api/v2/search", **query))["hashtags"]
        assert [one["name"] for one in found] == names


async def test_trends_of_a_language(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    """The language of the posts, not of the people; a page beyond the end is empty."""
    for person in (ann, bob):
        await person.post(f"Schau, #reiher {person.username}", language="de")
        await person.post(f"Look, #herons {person.username}", language="en")
    await carol.post("#herons everywhere", language="en")

    async def names(**asked: Any) -> list[str]:
        forget_boards(node.runtime)
        answer = await node.http.get("/api/v1/trends/tags", params=asked)
        return [tag["name"] for tag in answer.json()]

    assert await names() == ["herons", "reiher"]
    assert await names(language="de-AT") == ["reiher"]
    assert await names(language="en") == ["herons"]
    assert await names(language="fr") == []
    assert await names(limit=1, offset=1) == ["reiher"]
    assert await names(offset=2) == []


async def test_posts_in_the_readers_language_come_first(node: Node, ann: Person, bob: Person, carol: Person) -> None:
    await wants_to_be_found(node, ann, bob)
    german = await ann.post("Ein Reiher", language="de")
    english = await bob.post("A heron", language="en")
    for person in (bob, carol):
        await person.act(f"/api/v1/statuses/{german['id']}/favourite")
    for person in (ann, carol):
        await person.act(f"/api/v1/statuses/{english['id']}/reblog")
    forget_boards(node.runtime)
    assert [post["id"] for post in await carol.get("/api/v1/trends/statuses")] == [english["id"], german["id"]]
    async with node.runtime.write() as uow:
        mine = update(User).where(User.account_id == carol.account_id)
        await uow.write(mine.values(locale="de", default_language="de"))
    node.runtime.caches.get("trend_readers", size=1, seconds=1).clear()
    assert [post["id"] for post in await carol.get("/api/v1/trends/statuses")] == [german["id"], english["id"]]


async def test_row_105_no_ruling_is_walked_around(node: Node, desk: Desk, ann: Person, bob: Person) -> None:
    """What looks like an excluded hashtag is excluded, whatever it is written with; unless it is allowed by itself.

    Mixed or invisible letters make no hashtag of their own, and of two that look the same (one all of Cyrillic letters)
    one trends.
    """
    latin, cyrillic = "coco", "\u0441\u043e\u0441\u043e"
    for person in (ann, bob):
        await person.post(f"#{latin} #\u0441oco #co\ufe0fco #\uff43oco \U0001d41coco", language="en")
    for person in (ann, bob):
        await person.post(f"#{cyrillic}", language="en")
    assert len(await shown(node, "tags")) == 1
    tags = {tag["name"]: tag["id"] for tag in (await desk.get("/api/v1/admin/tags")).json()}
    assert set(tags) == {latin, cyrillic}

    async def found() -> set[str]:
        node.runtime.caches.get("trend_rulings", size=1, seconds=1).clear()
        names = [(await ann.get("/api/v2/search", q=name, type="hashtags"))["hashtags"] for name in tags]
        return {tag["name"] for of_name in names for tag in of_name}

    assert await found() == {latin, cyrillic}
    await desk.put(f"/api/v1/admin/tags/{tags[latin]}", json={"usable": False})
    assert await found() == set()
    assert await shown(node, "tags") == []
    for name in (latin, cyrillic, "\u0441oco", "CO\u0421O"):
        assert await ann.get(f"/api/v1/timelines/tag/{name}") == [], name
    asked = (await desk.get(f"/api/v1/admin/tags/{tags[cyrillic]}")).json()
    assert (asked["usable"], asked["trendable"]) == (False, False)
    await desk.put(f"/api/v1/admin/tags/{tags[cyrillic]}", json={"usable": True})
    assert await found() == {cyrillic}
    assert [tag["name"] for tag in await shown(node, "tags")] == [cyrillic]
    assert len(await ann.get(f"/api/v1/timelines/tag/{cyrillic}")) == 2
