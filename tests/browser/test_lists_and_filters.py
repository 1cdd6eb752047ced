"""Lists, filters and hashtags through the pages' own forms, no JavaScript."""

from collections.abc import AsyncIterator

import pytest

from node.timelines import filling
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, settle


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


@pytest.fixture
async def bo(node: Node) -> AsyncIterator[Visitor]:
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("bo")
        yield visitor


async def follow(visitor: Visitor, name: str) -> None:
    await visitor.send(await visitor.open(f"/@{name}"), "form[data-follow]")


async def new_filter(visitor: Visitor, title: str, word: str, **fields: str) -> None:
    page = await visitor.open("/settings/filters/new")
    form = "form[action='/settings/filters/new']"
    shown = await visitor.send(
        page, form, title=title, new_word_0=word, **{"context": "home", "action": "warn", **fields}
    )
    assert shown.path == "/settings/filters", shown.text
    assert title in shown.text


async def test_who_sees_nothing_of_a_stretch_is_told_so_and_goes_on(
    node: Node, ann: Visitor, bo: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(filling, "MOST", 4)
    monkeypatch.setattr(filling, "FARTHEST", 4)
    await ann.post("Written long ago")
    await follow(ann, "bo")
    for number in range(6):
        await bo.post(f"Muted {number}")
    await ann.send(await ann.open("/@bo/mute"), "form[action$='/mute']")
    await settle(node.runtime)
    first = await ann.open("/home")
    assert "Nothing to show here" in first.text
    assert "Muted" not in first.text
    older = first.form("nav.pager a[rel=next]").attributes["href"]
    assert "Written long ago" in (await ann.open(older or "")).text


async def test_a_list_from_its_name_to_its_end(node: Node, ann: Visitor, bo: Visitor) -> None:
    await bo.post("Nuthatches in the oak")
    await follow(ann, "bo")
    edit = await ann.send(await ann.open("/lists"), "form[action='/lists']", title="Birds")
    assert edit.path.endswith("/edit")
    place = edit.path.removesuffix("/edit")
    found = await ann.open(f"{edit.path}?q=bo")
    after = await ann.send(found, f"form[action='{place}/members/add']")
    assert after.html.css_first(f"form[action='{place}/members/remove']") is not None
    assert "Nuthatches in the oak" in (await ann.open(place)).text
    shown = await ann.send(after, f"form[action='{edit.path}'][method=post]", title="Small birds", exclusive="1")
    assert shown.path == place
    assert "Small birds" in shown.text
    assert "Nuthatches in the oak" not in (await ann.open("/home")).text
    assert "Not in home" in (await ann.open("/lists")).text
    assert (await bo.open(place)).status == 404
    assert (await bo.open(edit.path)).status == 404
    gone = await ann.send(await ann.open(edit.path), f"form[action='{place}/remove']")
    assert gone.path == "/lists"
    assert "Small birds" not in gone.text
    await settle(node.runtime)
    assert "Nuthatches in the oak" in (await ann.open("/home")).text


async def test_somebody_is_put_on_lists_from_their_page(ann: Visitor, bo: Visitor) -> None:
    await follow(ann, "bo")
    await ann.send(await ann.open("/lists"), "form[action='/lists']", title="Birds")
    page = await ann.open("/@bo")
    link = page.form("a[href^='/lists/with/']").attributes["href"] or ""
    boxes = await ann.open(link)
    box = boxes.form("input[name=list]").attributes["value"] or ""
    await ann.send(boxes, f"form[action='{link}']", list=box)
    ticked = (await ann.open(link)).form("input[name=list]")
    assert "checked" in ticked.attributes
    assert (await bo.open(link)).status == 404, "one is on no list of one's own by this page, nor follows oneself"


async def test_a_filtered_post_is_folded_with_a_way_to_show_it(node: Node, ann: Visitor, bo: Visitor) -> None:
    await follow(ann, "bo")
    await bo.post("The dragon dies")
    await new_filter(ann, "Spoilers & more", "dragon")
    await settle(node.runtime)
    home = await ann.open("/home")
    fold = home.form("article.post details.filtered")
    assert "Filtered: Spoilers & more" in " ".join(fold.text(separator=" ").split())
    assert "The dragon dies" in fold.text()
    assert "open" not in fold.attributes
    assert (await ann.open("/public/local")).html.css_first("details.filtered") is None, "only where it was asked for"
    await ann.post("My own dragon")
    assert len((await ann.open("/home")).html.css("details.filtered")) == 1, "nobody's own posts"


async def test_a_hidden_post_is_left_out_and_counted(node: Node, ann: Visitor, bo: Visitor) -> None:
    await follow(ann, "bo")
    await bo.post("The dragon dies")
    await bo.post("Nothing happens")
    await new_filter(ann, "Spoilers", "dragon", action="hide")
    await settle(node.runtime)
    home = await ann.open("/home")
    assert "The dragon dies" not in home.text
    assert "Nothing happens" in home.text
    assert "1 post hidden by your filters" in home.text


async def test_a_filter_is_changed_and_removed(ann: Visitor) -> None:
    await new_filter(ann, "Spoilers", "dragon")
    link = (
        (await ann.open("/settings/filters")).form("a[href^='/settings/filters/']:not([href$=new])").attributes["href"]
    )
    assert link is not None
    page = await ann.open(link)
    refused = await ann.send(page, f"form[action='{link}']", title=" ", context="home", action="warn")
    assert refused.status == 422
    word = page.form("input[name^=word_]").attributes["name"] or ""
    changed = await ann.send(
        page, f"form[action='{link}']", **{word: "", "title": "Beasts", "new_word_0": "lizard", "context": "thread"}
    )
    assert "Beasts" in changed.text
    assert "lizard" in changed.text
    assert "dragon" not in changed.text
    gone = await ann.send(await ann.open(link), f"form[action='{link}/remove']")
    assert "Beasts" not in gone.text
    assert (await ann.open(link)).status == 404


async def test_a_hashtag_is_followed_from_its_page(node: Node, ann: Visitor, bo: Visitor) -> None:
    await bo.post("Up there #Owls")
    page = await ann.send(await ann.open("/tags/owls"), "form[action='/web/tags/owls/follow']")
    assert page.html.css_first("form[action='/web/tags/owls/unfollow']") is not None
    await settle(node.runtime)
    assert "Up there" in (await ann.open("/home")).text
    settings = await ann.open("/settings/hashtags")
    assert "#Owls" in settings.text
    await ann.send(settings, "form[action='/web/tags/owls/unfollow']")
    assert "Up there" not in (await ann.open("/home")).text
    refused = await ann.send(await ann.open("/settings/hashtags"), "form[action='/settings/hashtags']", tag="12")
    assert refused.status == 422
    shown = await ann.send(
        await ann.open("/settings/hashtags"), "form[action='/settings/hashtags/featured']", featured="Barn"
    )
    assert "#Barn" in shown.text
    assert "#Barn" in (await ann.open("/@ann")).text
