"""Pages for people's tools, without a script: messages, notes, endorsements, mutes that end, announcements, rules."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from node.announcements.service import Notice, publish_announcement
from node.auth.service import set_role
from node.base.paging import Page
from node.blocks.queries import list_mute_ends, list_mutes
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, Person, settle


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Somebody who just signed up."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


@pytest.fixture
async def bo(node: Node) -> AsyncIterator[Visitor]:
    """Somebody else."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("bo")
        yield visitor


@pytest.fixture
async def stranger(node: Node) -> AsyncIterator[Visitor]:
    """Nobody who is signed in."""
    async with Visitor(node.url) as visitor:
        yield visitor


@pytest.fixture
async def cy(node: Node) -> Person:
    """Somebody to have to do with, with a token."""
    return await node.person("cy", display_name="Cy")


async def test_messages_are_listed_opened_and_put_away(node: Node, ann: Visitor, cy: Person) -> None:
    await cy.post("@ann psst", visibility="direct")
    await settle(node.runtime)
    listed = await ann.open("/messages")
    assert "psst" in listed.text
    assert "New" in listed.text
    link = listed.form("a.talk").attributes["href"] or ""
    assert "psst" in (await ann.open(link)).text
    listed = await ann.open("/messages")
    assert listed.html.css_first(".is-unread") is None
    await ann.send(listed, ".talks form")
    assert (await ann.open("/messages")).html.css_first(".is-unread") is not None
    await ann.send(await ann.open("/messages"), ".talks form", button="/remove")
    assert "psst" not in (await ann.open("/messages")).text


async def test_a_mute_asks_how_long_and_a_block_asks_first(node: Node, ann: Visitor, cy: Person) -> None:
    await ann.send(await ann.open("/@cy/mute?return_to=/home"), "form[action$='/mute']", duration="1800")
    me = (await node.http.get("/api/v1/accounts/lookup?acct=ann")).json()["id"]
    async with node.runtime.read() as reader:
        (entry,) = await list_mutes(reader, int(me), Page())
        ends = await list_mute_ends(reader, int(me), [entry.account_id])
    left = ends[cy.account_id] - node.runtime.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert "ends in" in (await ann.open("/settings/mutes")).text
    post = await cy.post("hello")
    shown = await ann.open(f"/@cy/{post['id']}")
    assert shown.html.css_first("[formaction*='/block'], [formaction$='/accounts/mute']") is None
    assert shown.html.css_first("a[href^='/@cy/block']") is not None
    assert (await ann.open("/@ann/block")).status == 404


async def test_a_note_stays_with_its_writer(node: Node, ann: Visitor, bo: Visitor, cy: Person) -> None:
    await ann.send(await ann.open("/@cy"), "form[action$='/note']", note="Met at the <fair>")
    assert "Met at the <fair>" in (await ann.open("/@cy")).text
    assert "Met at the" not in (await bo.open("/@cy")).text


async def test_somebody_followed_is_recommended_and_options_are_kept(
    node: Node, ann: Visitor, bo: Visitor, cy: Person
) -> None:
    await ann.send(await ann.open("/@cy"), "form[action$='/follow']")
    await ann.send(await ann.open("/@cy"), "form.items", button="/endorse")
    assert "Cy" in (await bo.open("/@ann")).form("#recommended + p").text()
    page = await ann.open("/@cy/options")
    assert page.form("[name='boosts']").attributes.get("checked", "no") != "no"
    await ann.send(page, "form[action$='/options']", languages="de")
    page = await ann.open("/@cy/options")
    assert "checked" in page.form("[name='languages'][value='de']").attributes
    await ann.send(await ann.open("/@cy"), "form.items", button="/unendorse")
    assert (await bo.open("/@ann")).html.css_first("#recommended") is None
    assert (await bo.open("/@cy/options")).status == 404


async def test_a_thread_is_muted_from_the_menu_of_a_post(node: Node, ann: Visitor, cy: Person) -> None:
    post = await cy.post("a long story")
    path = f"/@cy/{post['id']}"
    await ann.send(await ann.open(path), "form.actions", button="/mute")
    assert "Hear of this thread again" in (await ann.open(path)).text
    await ann.send(await ann.open(path), "form.actions", button="/unmute")
    assert "Mute this thread" in (await ann.open(path)).text


async def test_an_announcement_stands_on_top_until_it_is_put_away(
    node: Node, ann: Visitor, bo: Visitor, stranger: Visitor
) -> None:
    async with node.runtime.write() as uow:
        await publish_announcement(uow, Notice(text="We *update*"), now=node.runtime.now())
    page = await ann.open("/home")
    assert "We update" in page.form(".announcement").text(separator=" ").replace("  ", " ")
    page = await ann.send(page, ".announcement .reactions", emoji="🎉")
    assert page.form(".announcement [aria-pressed='true']").attributes["value"] == "🎉"
    page = await ann.send(page, ".announcement form[action$='/dismiss']")
    assert page.html.css_first(".announcement") is None
    assert (await bo.open("/home")).html.css_first(".announcement") is not None
    assert (await stranger.open("/public/local")).html.css_first(".announcement") is None


async def test_operators_announce_and_write_rules_and_others_do_not(
    node: Node, ann: Visitor, bo: Visitor, stranger: Visitor
) -> None:
    """Attack row 91."""
    for path in ("/admin/announcements", "/admin/site"):
        assert (await bo.open(path)).status == 403
    me = (await node.http.get("/api/v1/accounts/lookup?acct=ann")).json()["id"]
    async with node.runtime.write() as uow:
        await set_role(uow, int(me), "admin")
    wrong = await ann.send(
        await ann.open("/admin/announcements"),
        "main form",
        text="x",
        starts_at="2027-01-02T10:00",
        ends_at="2027-01-01T10:00",
    )  # fmt: skip
    assert wrong.status == 422
    page = await ann.send(wrong, "main form", text="Party", starts_at="2027-01-01T10:00", ends_at="2027-01-02T10:00")
    assert "Party" in page.text
    edit = await ann.open(page.form("td a").attributes["href"] or "")
    page = await ann.send(edit, "main form[action*='/admin/announcements/']", text="Big party")
    assert "Big party" in page.text
    page = await ann.send(page, "td form")
    assert "Nothing announced" in page.text
    site = await ann.open("/admin/site")
    site = await ann.send(site, "form[action='/admin/site/rules']", text="Be kind")
    site = await ann.send(site, "form[action='/admin/site/pages/terms']", terms="# Our terms")
    about = await stranger.open("/about")
    assert "Be kind" in about.text
    assert "Our terms" in (await stranger.open("/terms")).text
    site = await ann.send(site, "form[action$='/change']", button="/remove")
    assert "Be kind" not in (await stranger.open("/about")).text
    assert "Added the rule" in (await ann.open("/admin/log")).text


async def test_how_new_posts_begin_is_kept(ann: Visitor) -> None:
    page = await ann.send(
        await ann.open("/settings/posting"), "form[action='/settings/posting']",
        visibility="unlisted", quote_policy="nobody", language="de", sensitive="1",
    )  # fmt: skip
    for name, value in (("visibility", "unlisted"), ("quote_policy", "nobody"), ("language", "de")):
        assert "selected" in page.form(f"[name='{name}'] option[value='{value}']").attributes
    assert "checked" in page.form("[name='sensitive']").attributes
    refused = await ann.send(page, "form[action='/settings/posting']", language="no language at all")
    assert refused.status == 422
