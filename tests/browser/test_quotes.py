"""Quotes through the pages' own forms, no JavaScript: quote, be asked, allow, take back, say who may (OBJ-14)."""

from collections.abc import AsyncIterator

import pytest

from federation.vocabulary import PUBLIC
from node.remote.posts import fetch_post
from tests.browser.visitor import Visitor
from tests.support.fake_peer import FakePeer
from tests.support.nodes import Node, settle
from tests.support.stranger import Stranger


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


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


async def test_quote_and_take_back(node: Node, ann: Visitor, bo: Visitor) -> None:
    """The link in the menu leads to the composer, the card stands in the post, its author removes it."""
    original = await ann.post("What I **said**")
    menu = (await bo.open(original.path)).html.css_first("a[href^='/compose?quote=']")
    assert menu is not None
    form = await bo.open(menu.attributes["href"] or "")
    assert "What I" in form.form("form.composer .quoted").text()
    quote = await bo.send(form, "form.composer", text="Hear, hear")
    assert "What I" in quote.form("article.is-focus .quoted").text()
    await settle(node.runtime)
    assert "quoted your post" in (await ann.open("/notifications")).text
    listed = await ann.open(f"{original.path}/quotes")
    assert "Hear, hear" in listed.text
    await ann.send(listed, "form[action$='/revoke']")
    assert "Nobody quotes this post" in (await ann.open(f"{original.path}/quotes")).text
    assert "Its author took it back." in (await bo.open(quote.path)).text
    refused = await bo.http.post(f"/web/posts/{id_of(original.path)}/quotes/{id_of(quote.path)}/revoke", data={})
    assert refused.status_code >= 400


async def test_who_may_quote(ann: Visitor, bo: Visitor) -> None:
    """Nobody: no link, and a refusal that keeps what was typed; changed later, on the page of the quotes."""
    original = await ann.post("Mine", quote_policy="nobody")
    page = await bo.open(original.path)
    assert page.html.css_first("a[href^='/compose?quote=']") is None
    form = await bo.open(f"/compose?quote={id_of(original.path)}")
    refused = await bo.send(form, "form.composer", text="But I want to")
    assert refused.status == 422
    assert "its author does not wish it" in refused.text
    assert "But I want to" in refused.form("#text").text()
    policy = await ann.open(f"{original.path}/quotes")
    await ann.send(policy, "form[action$='/quote_policy']", quote_policy="public")
    assert (await bo.open(original.path)).html.css_first("a[href^='/compose?quote=']") is not None


async def test_be_asked_each_time(node: Node, ann: Visitor, bo: Visitor) -> None:
    """The author reads who asks, allows one and refuses another."""
    original = await ann.post("Ask me", quote_policy="manual")
    page = await bo.open(original.path)
    assert "Ask to quote" in page.text
    paths = []
    for text in ("May I?", "And this?"):
        form = await bo.open(f"/compose?quote={id_of(original.path)}")
        paths.append((await bo.send(form, "form.composer", text=text)).path)
    assert "Its author has not agreed yet." in (await bo.open(paths[0])).text
    assert "2 people ask to quote you" in (await ann.open("/notifications")).text
    requests = await ann.open("/quote_requests")
    requests = await ann.send(requests, "form[action$='/allow']", button="/refuse")
    await ann.send(requests, "form[action$='/allow']")
    await settle(node.runtime)
    assert (await bo.open(paths[0])).html.css_first("article.is-focus a.quoted") is not None
    assert "its author did not agree" in (await bo.open(paths[1])).text
    assert "No requests waiting" in (await ann.open("/quote_requests")).text


async def test_authors_elsewhere_who_want_to_be_asked(node: Node, ann: Visitor, peer: FakePeer) -> None:
    """OBJ-16: no button for what the author does not want, and a word about a reply that waits for them."""
    sloth = Stranger(peer, "sloth")
    ask = {"automaticApproval": [], "manualApproval": [PUBLIC]}
    nobody = {"automaticApproval": [], "manualApproval": []}
    policy = {"canReply": ask, "canLike": nobody, "canAnnounce": nobody}
    stored = await fetch_post(node.runtime, sloth.note("Hush", interactionPolicy=policy)["id"])
    assert stored is not None
    page = await ann.open(f"/web/posts/{stored.id}")
    for act in ("like", "boost"):
        assert "disabled" in page.form(f"article.is-focus [data-act={act}]").attributes
    said = await ann.send(page, "form.composer", text="May I?", visibility="public")
    assert "only they can read your reply" in said.response.text

    stored = await fetch_post(node.runtime, sloth.note("Hush!", interactionPolicy={"canReply": nobody})["id"])
    assert stored is not None
    page = await ann.open(f"/web/posts/{stored.id}")
    assert "Its author wants no replies" in page.text
    refused = await ann.send(page, "form.composer", text="But", visibility="public")
    assert refused.status == 422
    assert "does not want you to reply" in refused.text
