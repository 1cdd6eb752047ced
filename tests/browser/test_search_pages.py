"""The page of search without a script: tabs, order, help, errors, empty answers, consent. Attack rows 75 and 105."""

from collections.abc import AsyncIterator

import pytest

from tests.browser.visitor import Visitor
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node that searches posts."""
    async with serve_node(redis_server, search_engine="whoosh") as served:
        yield served


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Somebody who just signed up."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


@pytest.fixture
async def bo(node: Node) -> Person:
    """Somebody whose posts may be searched."""
    person = await node.person("bo", display_name="Bo Heron")
    await person.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": True})
    return person


async def test_posts_people_and_hashtags_each_have_a_tab(node: Node, ann: Visitor, bo: Person) -> None:
    liked = await bo.post("An old heron by the weir #heron")
    await bo.post("A young heron in the reeds")
    await bo.act(f"/api/v1/statuses/{liked['id']}/favourite")
    await settle(node.runtime)
    everything = await ann.open("/search?q=heron")
    for words in ("Bo Heron", "#heron", "by the weir", "in the reeds"):
        assert words in everything.text
    posts = await ann.open("/search?q=heron&type=posts&sort=latest")
    assert posts.text.index("in the reeds") < posts.text.index("by the weir")
    assert posts.html.css_first("ul.people") is None
    people = await ann.open("/search?q=heron&type=accounts")
    assert (len(people.html.css("ul.people > li")), people.html.css("article.post")) == (1, [])
    tags = await ann.open("/search?q=heron&type=hashtags")
    assert tags.html.css_first("a[href='/tags/heron']") is not None
    assert "by the weir" in (await ann.open("/search?q=from:bo+weir")).text
    async with Visitor(node.url) as stranger:
        assert "by the weir" in (await stranger.open("/search?q=weir")).text, "indexable and public: for everybody"


async def test_posts_that_are_not_quite_what_was_asked_for_are_said_to_be_so(
    node: Node, ann: Visitor, bo: Person
) -> None:
    await bo.post("A guide to accommodation by the weir")
    await settle(node.runtime)
    slip = await ann.open("/search?q=accomodation")
    assert slip.text.index("No post has these very words") < slip.text.index("by the weir")
    assert slip.text.count("No post has these very words") == 1
    assert "No post has all of these words" in (await ann.open("/search?q=guide+accommodation+lisbon")).text
    assert "No post has" not in (await ann.open("/search?q=accommodation")).text
    assert "There is no word in this" in (await ann.open("/search?q=:-)")).text


async def test_more_is_behind_a_link_for_who_is_signed_in(
    node: Node, ann: Visitor, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.web.search.FOUND", 2)
    for n in range(3):
        await bo.post(f"Rook number {n}")
    await settle(node.runtime)
    for sort in ("relevance", "latest"):
        first = await ann.open(f"/search?q=rook&type=posts&sort={sort}")
        link = first.form("a[rel=next]").attributes["href"] or ""
        second = await ann.open(link)
        shown = [page.html.css("article.post") for page in (first, second)]
        assert [len(posts) for posts in shown] == [2, 1]
        assert len({post.attributes["id"] for posts in shown for post in posts}) == 3
    async with Visitor(node.url) as stranger:
        page = await stranger.open("/search?q=rook&type=posts")
        assert page.html.css_first("a[rel=next]") is None
        assert "Sign in to see more" in page.text


async def test_what_is_wrong_is_shown_where_it_is_wrong(ann: Visitor) -> None:
    """The query is shown as text (row 75)."""
    page = await ann.open("/search?q=tea+has:<b>nonsense")
    assert page.form("#q").attributes["aria-invalid"] == "true"
    assert "After has: comes one of" in page.form("#q-problem").text()
    assert page.html.css_first("main b") is None
    assert "open" in page.form("details.operators").attributes
    assert "open" not in (await ann.open("/search")).form("details.operators").attributes
    assert "from:@ann@example.com" in page.form("details.operators").text()


async def test_an_empty_answer_says_why(node: Node, ann: Visitor, bo: Person) -> None:
    """Three authors who allow no search are counted; the words of none of them are told (row 105)."""
    for name in ("dora", "eve", "finn"):
        person = await node.person(name)
        await person.post("The kingfisher is back")
    await settle(node.runtime)
    page = await ann.open("/search?q=kingfisher")
    assert "Nothing found" in page.text
    assert "3 matching authors do not allow indexing." in page.text
    assert page.html.css("article.post") == []
    closed = await ann.open("/search?q=from:dora+kingfisher")
    assert "@dora does not allow others to search their posts." in closed.text
    assert "Nobody known here is called @nobody." in (await ann.open("/search?q=from:nobody+tea")).text
