"""Explore, starter packs and moments through the pages' own forms, no JavaScript. Attack rows 75, 84 and 94."""

from collections.abc import AsyncIterator
from xml.etree import ElementTree

import pytest

from node.auth.service import set_role
from tests.api.test_discovering import forget, wants_to_be_found
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, Person, settle


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Somebody who just signed up."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


@pytest.fixture
async def stranger(node: Node) -> AsyncIterator[Visitor]:
    """Nobody who is signed in."""
    async with Visitor(node.url) as visitor:
        yield visitor


@pytest.fixture
async def bo(node: Node) -> Person:
    """Somebody who wants to be found, and wrote two posts."""
    person = await node.person("bo", display_name="Bo <b>&")
    await wants_to_be_found(node, person)
    return person


@pytest.fixture
async def cy(node: Node) -> Person:
    """Somebody who follows and likes Bo."""
    return await node.person("cy")


async def test_a_new_person_is_shown_whom_and_what_there_is(
    node: Node, ann: Visitor, stranger: Visitor, bo: Person, cy: Person
) -> None:
    """The first page is never empty; each suggestion says why; who is waved away does not come back."""
    empty = await ann.open("/home")
    assert "How to begin" in empty.text
    await cy.follow(bo)
    await wants_to_be_found(node, cy)
    post = await bo.post("Nuthatches #oak")
    await cy.post("More #oak")
    await cy.act(f"/api/v1/statuses/{post['id']}/favourite")
    pack = await bo.act("/api/v1/starter_packs", title="Tree people", published=True)
    await bo.act(f"/api/v1/starter_packs/{pack['id']}/accounts", account_ids=[cy.account_id])
    forget(node)
    async with node.runtime.write() as uow:
        await set_role(uow, cy.account_id, "admin")
    home = await ann.open("/home")
    assert "Followed by at least 1 person known here" in home.text
    assert "#oak" in home.text
    found = await stranger.open("/explore")
    assert "2 people today" in found.form("svg.spark").attributes["aria-label"]
    assert "People you might like" not in found.text
    explore = await ann.open("/explore")
    gone = await ann.send(explore, f"form[action='/web/suggestions/{bo.account_id}/dismiss']")
    assert gone.path == "/explore"
    assert gone.html.css_first(f"form[action='/web/suggestions/{bo.account_id}/dismiss']") is None


async def test_who_is_ticked_in_a_pack_is_followed(node: Node, ann: Visitor, bo: Person, cy: Person) -> None:
    await wants_to_be_found(node, cy)
    edit = await ann.send(await ann.open("/packs"), "form[action='/packs']", title="Tree people")
    place = edit.path.removesuffix("/edit")
    for name in ("bo", "cy"):
        edit = await ann.send(await ann.open(f"{place}/edit?q={name}"), f"form[action='{place}/people/add']")
    edit = await ann.send(edit, f"form[action='{place}/edit'][method=post]", title="Tree friends", published="1")
    assert edit.path == place
    async with Visitor(node.url) as dora:
        await dora.sign_up("dora")
        shown = await dora.open(place)
        assert len(shown.html.css("input[name=account][checked]")) == 2
        sent = await dora.http.post(
            f"{place}/follow",
            data={
                "account": str(cy.account_id),
                "csrf_token": shown.form("input[name=csrf_token]").attributes["value"] or "",
            },
        )
        assert "You follow 1 more person" in sent.text
        assert len((await dora.open(place)).html.css("input[name=account]")) == 1
        assert (await dora.open(f"{place}/edit")).status == 404
    taken = await ann.send(await ann.open(f"{place}/edit"), f"form[action='{place}/people/remove']")
    assert len(taken.html.css(f"form[action='{place}/people/remove']")) == 1
    gone = await ann.send(taken, f"form[action='{place}/remove']")
    assert "Tree friends" not in gone.text
    assert (await ann.open(place)).status == 404


async def test_a_moment_is_put_together_ordered_and_published(
    node: Node, ann: Visitor, stranger: Visitor, bo: Person
) -> None:
    posts = [await bo.post(text) for text in ("The first <nest>", "The second")]
    made = await ann.open(f"/moments/with/{posts[0]['id']}")
    edit = await ann.send(made, "form[action='/moments/mine']", title="Nests")
    place = edit.path.removesuffix("/edit")
    refused = await ann.send(edit, f"form[action='{place}/posts']", address=f"{node.url}/@bo")
    assert "No post was found" in refused.text
    edit = await ann.send(edit, f"form[action='{place}/posts']", address=posts[1]["url"])
    assert edit.text.index("The first") < edit.text.index("The second")
    up = await ann.send(edit, f"form[action='{place}/posts/{posts[1]['id']}/remove']", button="/up")
    assert up.text.index("The second") < up.text.index("The first")
    assert (await stranger.open(place)).status == 404
    shown = await ann.send(up, f"form[action='{place}/publish']")
    assert (shown.path, len(shown.html.css("article.post"))) == (place, 2)
    assert "Nests" in (await stranger.open("/moments")).text
    assert "Nests" in (await stranger.open("/@ann/moments")).text
    assert (await stranger.open("/@ann")).html.css_first("a[href='/@ann/moments']") is not None
    out = await ann.send(
        await ann.open(f"/moments/with/{posts[0]['id']}"), f"form[action='/moments/with/{posts[0]['id']}']", moment=""
    )
    assert out.path == "/moments/mine"
    assert "The first" not in (await stranger.open(place)).text


async def test_the_feed_of_a_moment_carries_no_markup_of_others(node: Node, bo: Person, stranger: Visitor) -> None:
    """Row 75: what people wrote is text in the feed, whatever it looks like; what XML cannot carry is left out."""
    post = await bo.post("]]> <script>alert(1)</script> &amp; \x0bdone")
    moment = await bo.act("/api/v1/moments", title='<script>"x"</script>', description="&lt;", status_ids=[post["id"]])
    assert (await stranger.open(f"/moments/{moment['id']}.rss")).status == 404
    await bo.act(f"/api/v1/moments/{moment['id']}/publish")
    answer = await stranger.http.get(f"/moments/{moment['id']}.rss")
    assert answer.headers["Content-Type"].startswith("application/rss+xml")
    assert "<script" not in answer.text
    channel = ElementTree.fromstring(answer.content).find("channel")
    assert channel is not None
    assert channel.findtext("title") == '<script>"x"</script>'
    item = channel.find("item")
    assert item is not None
    assert (item.findtext("guid"), item.findtext("link")) == (post["uri"], post["url"])
    assert "<script" not in (item.findtext("description") or "")
    page = await stranger.open(f"/moments/{moment['id']}")
    assert page.html.css_first("main script") is None
    assert page.html.css_first("link[type='application/rss+xml']") is not None
    assert page.html.css_first("meta[name=robots][content=noindex]") is not None, "Bo allows no search engine"


async def test_an_author_takes_out_and_a_moderator_takes_down(
    node: Node, ann: Visitor, stranger: Visitor, bo: Person, cy: Person
) -> None:
    """Another's moment has no form for anybody else, and the doors behind the forms refuse (row 84)."""
    await ann.post("Mine and seen")
    await settle(node.runtime)
    account = await bo.resolve(f"@ann@{node.runtime.settings.domain}")
    await ann.send(await ann.open("/settings/profile"), "form[action='/settings/profile']", discoverable="1")
    (post,) = await bo.get(f"/api/v1/accounts/{account['id']}/statuses")
    kept = await bo.post("Bo's own")
    moment = await bo.act("/api/v1/moments", title="Seen", status_ids=[post["id"], kept["id"]])
    place = f"/moments/{moment['id']}"
    await bo.act(f"/api/v1{place}/publish")
    page = await ann.open(place)
    token = page.form("input[name=csrf_token]").attributes["value"] or ""
    for door in (f"{place}/remove", f"{place}/edit", f"{place}/unpublish", f"{place}/posts/{kept['id']}/remove"):
        answer = await ann.http.post(door, data={"csrf_token": token, "title": "Mine"})
        assert answer.status_code == 404, door
    assert (await ann.http.post(f"{place}/hide", data={"csrf_token": token})).status_code == 403
    assert (await ann.http.post(f"{place}/remove", data={"title": "x"})).status_code == 403, "row 94"
    after = await ann.send(page, f"form[action='{place}/posts/{post['id']}/remove']")
    assert "Mine and seen" not in after.text
    async with node.runtime.write() as uow:
        await set_role(uow, int(account["id"]), "moderator")
    down = await ann.send(await ann.open(place), f"form[action='{place}/hide']")
    assert "Taken down" in down.text
    assert (await stranger.open(place)).status == 404
    assert f"About {node.url}{place}" in (await ann.open(f"/@bo/report?moment={moment['id']}")).text


async def test_operators_choose_picks_and_packs(node: Node, ann: Visitor, bo: Person, cy: Person) -> None:
    assert (await ann.open("/admin/discovery")).status == 403
    account = await bo.resolve(f"@ann@{node.runtime.settings.domain}")
    async with node.runtime.write() as uow:
        await set_role(uow, int(account["id"]), "admin")
    page = await ann.open("/admin/discovery")
    refused = await ann.send(page, "form[action='/admin/discovery/picks']", handle="cy")
    assert "does not want to be suggested" in refused.text
    picked = await ann.send(page, "form[action='/admin/discovery/picks']", handle="@bo", note="Good company")
    assert "Good company" in picked.text
    (found,) = await cy.get("/api/v2/suggestions")
    assert (found["source"], found["sources"], found["reasons"]) == ("staff", ["featured"], ["Good company"])
    edit = await ann.send(picked, "form[action='/admin/discovery/packs']", title="Ours")
    place = edit.path.removesuffix("/edit")
    await ann.send(await ann.open(f"{edit.path}?q=bo"), f"form[action='{place}/people/add']")
    await ann.send(await ann.open(edit.path), f"form[action='{edit.path}'][method=post]", title="Ours", published="1")
    await ann.send(await ann.open("/admin/discovery"), "form[action$='/feature']")
    (pack,) = await cy.get("/api/v1/starter_packs", featured=True)
    assert (pack["title"], pack["account"], pack["accounts_count"]) == ("Ours", None, 1)
    await ann.send(await ann.open("/admin/discovery"), "form[action$='/unfeature']")
    assert await cy.get("/api/v1/starter_packs", featured=True) == []
    await ann.send(await ann.open("/admin/discovery"), f"form[action='/admin/discovery/picks/{bo.account_id}/remove']")
    assert await cy.get("/api/v2/suggestions") == []
