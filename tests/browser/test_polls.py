"""Polls through the pages' own forms, no JavaScript: ask, vote, read the results, change, be told of the end."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.visitor import Shown, Visitor
from tests.support.nodes import Node, World, settle


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


async def ask(visitor: Visitor, **more: str) -> Shown:
    options = {"poll_option_1": "Tea", "poll_option_2": "Coffee & cake"}
    return await visitor.post("What shall we have?", has_poll="1", **{**options, **more})


def results(page: Shown) -> list[str]:
    return [" ".join(line.text(separator=" ").split()) for line in page.html.css(".poll .poll-line")]


async def test_ask_vote_and_read(node: Node, ann: Visitor, bo: Visitor) -> None:
    """The author and who voted see the results, everybody else may vote; the end is told."""
    page = await ask(ann)
    assert page.html.css_first("form[action$='/votes']") is None
    assert results(page) == ["Tea 0 % , 0 votes", "Coffee & cake 0 % , 0 votes"]
    assert "0 people · closes in" in page.text
    there = await bo.open(page.path)
    inputs = there.form("form[action$='/votes']").css("input[name='choices']")
    assert [field.attributes["type"] for field in inputs] == ["radio", "radio"]
    voted = await bo.send(there, "form[action$='/votes']", choices="1")
    assert voted.path == page.path
    assert results(voted) == ["Tea 0 % , 0 votes", "Coffee & cake (your vote) 100 % , 1 vote"]
    assert "1 person · closes in" in voted.text
    again = await bo.send(there, "form[action$='/votes']", choices="0")
    assert "You have already voted on this poll." in again.response.text
    async with Visitor(node.url) as stranger:
        shown = await stranger.open(page.path)
        assert results(shown)[1] == "Coffee & cake 100 % , 1 vote"
        assert shown.html.css_first("form[action$='/votes']") is None
    node.clock.advance(days=2)
    await settle(node.runtime)
    assert "Your poll has ended" in (await ann.open("/notifications")).text
    assert "A poll you voted in has ended" in (await bo.open("/notifications")).text
    assert "1 person · closed 1 d ago" in (await bo.open(page.path)).text


async def test_several_answers_and_hidden_results(ann: Visitor, bo: Visitor) -> None:
    page = await ask(ann, poll_multiple="1", poll_hide_totals="1", poll_option_5="Water", poll_expires_in="300")
    there = await bo.open(page.path)
    inputs = there.form("form[action$='/votes']").css("input[name='choices']")
    assert [field.attributes["type"] for field in inputs] == ["checkbox"] * 3
    voted = await bo.send(there, "form[action$='/votes']", choices=["0", "2"])  # type: ignore[arg-type]
    assert results(voted) == ["Tea (your vote)", "Coffee & cake", "Water (your vote)"]
    assert "The results are shown when the poll is over." in voted.text


async def test_a_refused_poll_comes_back_as_it_was_typed(ann: Visitor) -> None:
    page = await ask(ann, poll_option_2="tea", poll_expires_in="604800", poll_multiple="1")
    assert page.status == 422
    assert "Options contain duplicate items." in page.text
    form = page.form("form.composer")
    assert form.css_first("#poll_option_2").attributes["value"] == "tea"
    assert form.css_first("#poll_expires_in option[selected]").attributes["value"] == "604800"
    assert "checked" in form.css_first("[name='poll_multiple']").attributes
    fixed = await ann.send(page, "form.composer", poll_option_2="Coffee")
    assert results(fixed) == ["Tea 0 % , 0 votes", "Coffee 0 % , 0 votes"]


async def test_a_poll_is_changed(ann: Visitor, bo: Visitor) -> None:
    """OBJ-11: other words leave the votes alone, other options void them."""
    page = await ask(ann)
    await bo.send(await bo.open(page.path), "form[action$='/votes']", choices="0")
    form = await ann.open(f"{page.path}/edit")
    same = await ann.send(form, "form.composer", text="What do we drink?")
    assert results(same)[0] == "Tea 100 % , 1 vote"
    other = await ann.send(await ann.open(f"{page.path}/edit"), "form.composer", poll_option_3="Water")
    assert [line.rpartition(" ")[0] for line in results(other)] == [
        "Tea 0 % , 0",
        "Coffee & cake 0 % , 0",
        "Water 0 % , 0",
    ]


async def test_a_poll_of_another_server_is_refreshed(world: World) -> None:
    """OBJ-9: by the button and by looking at its page, at most once a minute."""
    ann, eve = await world["a"].person("ann"), await world["a"].person("eve")
    poll = {"options": ["Tea", "Coffee"], "expires_in": 3600}
    post = await ann.post("What shall we have?", poll=poll)
    async with Visitor(world["b"].url) as bo:
        await bo.sign_up("bo")
        found = await bo.open(f"/search?q={post['uri']}")
        link = found.form("article.post a.permalink").attributes["href"] or ""
        await eve.act(f"/api/v1/polls/{post['id']}/votes", choices=[1])
        world["b"].clock.advance(minutes=2)
        page = await bo.send(await bo.open(link), "form[action$='/refresh']")
        assert results(page) == ["Tea 0 % , 0 votes", "Coffee 100 % , 1 vote"]
        await ann.call("POST", f"/api/v1/polls/{post['id']}/votes", json={"choices": [0]}, expect=422)
        dee = await world["a"].person("dee")
        await dee.act(f"/api/v1/polls/{post['id']}/votes", choices=[0])
        world["b"].clock.advance(minutes=2)
        await bo.open(link)
        await world.settle()
        assert results(await bo.open(link)) == ["Tea 50 % , 1 vote", "Coffee 50 % , 1 vote"]
