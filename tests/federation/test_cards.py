"""Link previews: fetched late, once and politely; shown, told, kept from who may not see (rows 46, 65, 77, 98, 106)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from node.accounts.models import Account
from node.base.runtime import Runtime
from node.base.work import DRAINS
from node.cards.models import LinkCard, PostLink
from node.media.service import prune_media
from node.moderation.service import set_domain_policy
from tests.api.test_media import upload
from tests.federation.test_local_only import follower
from tests.support.fake_peer import Answer, FakePeer, redirect
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer
from tests.support.stranger import Stranger
from tests.unit.node.media.pictures import picture

HEAD = (
    '<title>The page</title><meta property="og:description" content="It says"><meta property="og:image" content="/i">'
)


def html(head: str = HEAD, **more: Any) -> Answer:
    return Answer(body=f"<html lang=en><head>{head}</head></html>".encode(), content_type="text/html", **more)


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """One that asks for previews; those of other tests ask nobody for what their posts happen to link to."""
    async with serve_node(redis_server, link_previews=True) as served:
        yield served


@pytest.fixture
def site(peer: FakePeer) -> FakePeer:
    """A site with a page."""
    peer.routes["/page"] = html()
    peer.routes["/i"] = Answer(body=picture(size=(1200, 600)), content_type="image/png")
    return peer


async def shown(person: Person, post: Any) -> Any:
    return (await person.get(f"/api/v1/statuses/{post['id']}"))["card"]


async def the_card(node: Node) -> LinkCard:
    async with node.runtime.read() as reader:
        card = await reader.scalar(select(LinkCard))
    assert card is not None
    return card


async def come_due(node: Node) -> None:
    """Let what waits a while be due, and done."""
    async with node.runtime.write() as uow:
        await uow.write(update(LinkCard).values(due_at=node.runtime.now()))
    await settle(node.runtime)


async def test_a_card_comes_after_the_answer(node: Node, site: FakePeer) -> None:
    """In one request for the page and one for its picture, which is then ours."""
    ann = await node.person("ann")
    post = await ann.post(f"Look {site.url}/page#part")
    assert post["card"] is None
    assert site.requests == []
    await settle(node.runtime)
    card = await shown(ann, post)
    assert card["url"] == f"{site.url}/page"
    assert (card["title"], card["description"], card["type"]) == ("The page", "It says", "link")
    assert card["language"] == "en"
    assert card["provider_name"] == site.url.partition("//")[2]
    assert card["image"].startswith(f"{node.url}/media/")
    assert (card["width"], card["height"]) == (640, 320)
    assert card["blurhash"]
    assert (card["html"], card["embed_url"], card["authors"]) == ("", "", [])
    assert (await node.http.get(card["image"])).headers["content-type"].startswith("image/")
    assert [request.path for request in site.requests] == ["/page", "/i"]
    assert "text/html" in (site.requests[0].header("accept") or "")
    assert "Rookery" in (site.requests[0].header("user-agent") or "")
    assert site.requests[0].header("cookie") is None
    assert await ann.get(f"/api/v1/statuses/{post['id']}/card") == card
    await prune_media(node.runtime)
    assert (await node.http.get(card["image"])).status_code == 200


async def test_one_page_is_asked_once(node: Node, site: FakePeer) -> None:
    """Whoever posts it; again only after two weeks, and only when it is posted again."""
    ann, bob = await node.person("ann"), await node.person("bob")
    await ann.post(f"{site.url}/page")
    await bob.post(f"{site.url}/page too")
    await settle(node.runtime)
    third = await bob.post(f"again {site.url}/page")
    await settle(node.runtime)
    assert (await shown(ann, third))["title"] == "The page"
    assert len(site.asked("/page")) == 1
    node.clock.advance(days=15)
    await settle(node.runtime)
    assert len(site.asked("/page")) == 1
    site.routes["/page"] = html("<title>New title</title>")
    await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    assert len(site.asked("/page")) == 2
    assert (await the_card(node)).title == "New title"


async def test_a_node_may_do_without(redis_server: RedisServer, site: FakePeer) -> None:
    async with serve_node(redis_server, link_previews=False) as node:
        ann = await node.person("ann")
        post = await ann.post(f"{site.url}/page")
        await ann.call("PUT", f"/api/v1/statuses/{post['id']}", json={"status": f"edited {site.url}/page"})
        await settle(node.runtime)
        assert await shown(ann, post) is None
        assert site.requests == []


async def test_what_shows_no_card(node: Node, site: FakePeer) -> None:
    """Media, a page with nothing on it, a file; `card` of the API is then {}."""
    ann = await node.person("ann")
    pictured = await ann.post(f"{site.url}/page", media_ids=[(await upload(ann))["id"]])
    site.routes["/empty"] = html("")
    site.routes["/file"] = Answer(body=b"%PDF", content_type="application/pdf")
    posts = [pictured, *[await ann.post(f"{site.url}{path}") for path in ("/empty", "/file", "/missing")]]
    posts.append(await ann.post(f"{node.url}/@ann and @ann #tag"))
    await settle(node.runtime)
    for post in posts:
        assert await shown(ann, post) is None
        assert await ann.get(f"/api/v1/statuses/{post['id']}/card") == {}
    assert site.asked("/page") == []


async def test_an_edit_changes_the_card_and_a_deletion_takes_it(node: Node, site: FakePeer) -> None:
    """Row 106."""
    ann = await node.person("ann")
    site.routes["/other"] = html("<title>Another</title>")
    post = await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    path = f"/api/v1/statuses/{post['id']}"
    await ann.call("PUT", path, json={"status": f"now {site.url}/other"})
    await settle(node.runtime)
    assert (await shown(ann, post))["title"] == "Another"
    await ann.call("PUT", path, json={"status": "none"})
    await settle(node.runtime)
    assert await shown(ann, post) is None
    await ann.call("PUT", path, json={"status": f"{site.url}/page"})
    await settle(node.runtime)
    link = {"url": f"{site.url}/page"}
    assert [entry["id"] for entry in await ann.get("/api/v1/timelines/link", **link)] == [post["id"]]
    await ann.call("DELETE", path)
    await settle(node.runtime)
    await ann.call("GET", f"{path}/card", expect=404)
    assert await ann.get("/api/v1/timelines/link", **link) == []
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(PostLink)) is None


async def test_posts_of_a_link(node: Node, site: FakePeer) -> None:
    """Public ones that the viewer may see, in pages (rows 42, 98)."""
    ann, bob = await node.person("ann"), await node.person("bob")
    url = f"{site.url}/page"
    posts = [await ann.post(f"{n} {url}") for n in range(3)]
    for visibility in ("unlisted", "private", "direct"):
        await ann.post(url, visibility=visibility)
    ours = await ann.post(url, local_only=True)
    await settle(node.runtime)
    path = "/api/v1/timelines/link"
    seen = [entry["id"] for entry in await bob.get(path, url=url)]
    assert seen == [ours["id"], *[post["id"] for post in reversed(posts)]]
    answer = await node.http.get(path, params={"url": url, "limit": 2})
    assert [entry["id"] for entry in answer.json()] == [posts[2]["id"], posts[1]["id"]]
    assert f"max_id={posts[1]['id']}" in answer.headers["Link"]
    await bob.act(f"/api/v1/accounts/{ann.account_id}/block")
    assert await bob.get(path, url=url) == []
    await ann.call("GET", path, params={"url": "https://nobody.example/"}, expect=404)
    await ann.call("GET", path, expect=422)


async def test_posts_from_elsewhere_that_somebody_sees(node: Node, alice: Stranger, site: FakePeer) -> None:
    """Not at once, so that a thousand servers do not ask together; and not for posts that nobody here sees."""
    ann = await node.person("ann")
    unseen = alice.note(f'<a href="{site.url}/page">x</a>')
    await alice.deliver(f"{node.url}/inbox", alice.create(unseen), now=node.runtime.now())
    await settle(node.runtime)
    node.clock.hold()  # else the card may come due while the node settles,
    node.clock.advance(seconds=30)  # for which all that it takes until then is due
    named = alice.note(f'<a href="{site.url}/page">x</a>', mentions=[ann_uri(node, ann)])
    await alice.deliver(f"{node.url}/inbox", alice.create(named), now=node.runtime.now())
    await settle(node.runtime)
    card = await the_card(node)
    assert card.wanted
    assert site.asked("/page") == [] or card.due_at <= node.runtime.now()
    await come_due(node)
    found = await ann.resolve(named["id"])
    assert found["card"]["title"] == "The page"
    assert len(site.asked("/page")) == 1


def ann_uri(node: Node, person: Person) -> str:
    return f"{node.url}/users/{person.account_id}"


INSIDE = (
    "http://169.254.169.254/latest",
    "http://10.0.0.1/",
    "https://10.0.0.1:6379/x",
    "https://[::ffff:10.0.0.1]/",
)


@pytest.mark.parametrize("how", ["page", "redirect", "image", "oembed"])
async def test_row_65_no_way_inside(node: Node, site: FakePeer, how: str) -> None:
    """The page, where it leads, its picture and its oEmbed go through the one client and its guard."""
    ann = await node.person("ann")
    posts = []
    for number, target in enumerate([*INSIDE, f"{node.url}/livez"]):
        site.routes[f"/{number}"] = {
            "redirect": redirect(target),
            "image": html(f'<title>T</title><meta property="og:image" content="{target}">'),
            "oembed": html(f'<title>T</title><link type="application/json+oembed" href="{target}">'),
        }.get(how, html())
        posts.append(await ann.post(target if how == "page" else f"{site.url}/{number}"))
    await settle(node.runtime)
    for post in posts:
        card = await shown(ann, post)
        if how in ("image", "oembed"):
            assert (card["title"], card["image"]) == ("T", None)
        else:
            assert card is None
    async with node.runtime.read() as reader:
        rows = await reader.scalars(select(LinkCard))
    refused = {"private_address", "private_host", "plain_http", "own_host", "port_refused"}
    assert how in ("image", "oembed") or {row.detail for row in rows} <= refused


async def test_failures_are_tried_at_growing_distances(node: Node, site: FakePeer) -> None:
    ann = await node.person("ann")
    site.routes["/page"] = Answer(status=503)
    post = await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    for minutes in (11, 61, 361):
        node.clock.advance(minutes=minutes)
        await settle(node.runtime)
    assert len(site.asked("/page")) == 4
    node.clock.advance(hours=12)
    await settle(node.runtime)
    await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    assert len(site.asked("/page")) == 4
    site.routes["/page"] = html()
    node.clock.advance(hours=24)
    await ann.post(f"once more {site.url}/page")
    await settle(node.runtime)
    assert (await shown(ann, post))["title"] == "The page"


async def test_a_host_is_asked_for_few_pages_a_minute(node: Node, site: FakePeer) -> None:
    ann = await node.person("ann")
    for n in range(25):
        site.routes[f"/{n}"] = html("<title>x</title>")
        await ann.post(f"{site.url}/{n}")
    await settle(node.runtime)
    assert len(site.requests) == 20
    node.clock.advance(seconds=61)
    await settle(node.runtime)
    assert len(site.requests) == 25


async def test_large_and_slow_pages(node: Node, site: FakePeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 55: the beginning of a large page is enough; one that drips is given up."""
    import node.remote.cards as cards

    monkeypatch.setattr(cards, "SECONDS", 0.3)
    ann = await node.person("ann")
    site.routes["/large"] = Answer(body=b"<title>Large</title>" + b" " * 3_000_000, content_type="text/html")
    site.routes["/slow"] = html(drip=0.2)
    large, slow = await ann.post(f"{site.url}/large"), await ann.post(f"{site.url}/slow")
    await settle(node.runtime)
    assert (await shown(ann, large))["title"] == "Large"
    assert await shown(ann, slow) is None


async def test_row_46_the_byline_of_a_page(node: Node, site: FakePeer) -> None:
    """An account is named as author where page and account name each other; else the page's own word stands."""
    ann = await node.person("ann")
    domain = node.runtime.settings.domain
    head = (
        f'<title>T</title><meta name="author" content="Ann A."><meta name="fediverse:creator" content="@ann@{domain}">'
    )
    site.routes["/page"], site.routes["/two"] = html(head), html(head)
    first = await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    assert (await shown(ann, first))["authors"] == [{"name": "Ann A.", "url": "", "account": None}]
    async with node.runtime.write() as uow:
        await uow.write(
            update(Account)
            .where(Account.id == ann.account_id)
            .values(attribution_domains=[site.url.partition("//")[2]])
        )
    actor = await node.http.get(f"/users/{ann.account_id}", headers={"Accept": "application/activity+json"})
    assert actor.json().get("attributionDomains") == [site.domain]
    second = await ann.post(f"{site.url}/two")
    await settle(node.runtime)
    card = await shown(ann, second)
    assert [author["account"]["acct"] for author in card["authors"]] == ["ann"]
    assert card["author_name"] == "Ann A."


async def test_row_46_a_remote_author(node: Node, alice: Stranger, site: FakePeer) -> None:
    """What an actor lists is taken as texts only; it is there from the actor's own document."""
    ann = await node.person("ann")
    await follower(node, alice, ann)
    async with node.runtime.read() as reader:
        stored = await reader.scalar(select(Account).where(Account.uri == alice.uri))
    assert stored is not None
    assert stored.attribution_domains == []
    document = alice.actor() | {"attributionDomains": ["News.example", {"id": "evil.example"}, "https://x.example/", 5]}
    update_ = alice.activity("Update", document)
    from tests.support.fake_peer import document as served

    alice.peer.routes[alice.uri.partition(alice.peer.domain)[2]] = served(document)
    await alice.deliver(f"{node.url}/inbox", update_, now=node.runtime.now())
    await settle(node.runtime)
    async with node.runtime.read() as reader:
        stored = await reader.scalar(select(Account).where(Account.uri == alice.uri))
    assert stored is not None
    assert stored.attribution_domains == ["news.example"]


async def test_nothing_of_a_host_whose_pictures_are_rejected(node: Node, site: FakePeer) -> None:
    """MOD-2."""
    ann = await node.person("ann")
    now = node.runtime.now()
    async with node.runtime.write() as uow:
        await set_domain_policy(uow, node.runtime.settings, site.domain, "suspend", now=now)
    post = await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    assert await shown(ann, post) is None
    assert site.requests == []


async def test_who_watches_is_told(node: Node, site: FakePeer, runtime_events: Any) -> None:
    ann = await node.person("ann")
    post = await ann.post(f"{site.url}/page")
    await settle(node.runtime)
    assert ("status.update", int(post["id"])) in await runtime_events(node.runtime)


@pytest.fixture
def runtime_events() -> Any:
    from node.base.db.stream_log import StreamEntry

    async def read(runtime: Runtime) -> list[tuple[str, int]]:
        async with runtime.read() as reader:
            rows = await reader.scalars(select(StreamEntry))
        return [(row.kind, row.subject) for row in rows]

    return read


def test_the_drain_is_registered() -> None:
    import admin.jobs  # noqa: F401

    assert "cards" in DRAINS
