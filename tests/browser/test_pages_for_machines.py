"""What pages tell programs: link previews, canonical and ActivityPub addresses, and people of other servers."""

from tests.browser.visitor import Shown, Visitor
from tests.support.nodes import Node, World


def meta(page: Shown, name: str) -> str | None:
    found = page.html.css_first(f"meta[property='{name}'], meta[name='{name}']")
    return found.attributes["content"] if found else None


async def test_a_public_post_previews_well(node: Node) -> None:
    ann = await node.person("ann", display_name="Ann Whitfield")
    post = await ann.post("The rooks are back. #corvids")
    async with Visitor(node.url) as stranger:
        page = await stranger.open(f"/@ann/{post['id']}")
    assert meta(page, "og:title") == f"Ann Whitfield ({ann.handle})"
    assert meta(page, "og:description") == "The rooks are back. #corvids"
    assert page.form("link[rel=canonical]").attributes["href"] == f"{node.url}/@ann/{post['id']}"
    alternate = page.form("link[rel=alternate][type='application/activity+json']")
    assert alternate.attributes["href"] == post["uri"]


async def test_private_words_are_in_no_preview(node: Node) -> None:
    """What is for few stands in no link preview, even on the page of one who may see it (Akkoma's OpenGraph leak)."""
    ann = await node.person("ann")
    post = await ann.post("For followers only", visibility="private")
    async with Visitor(node.url) as reader:
        await reader.sign_in("ann")
        page = await reader.open(f"/@ann/{post['id']}")
    assert "For followers only" in page.text
    assert meta(page, "og:description") is None
    assert meta(page, "robots") == "noindex"


async def test_a_warned_post_previews_as_its_warning(node: Node) -> None:
    ann = await node.person("ann")
    post = await ann.post("The owl did it", spoiler_text="The end of the film")
    async with Visitor(node.url) as stranger:
        page = await stranger.open(f"/@ann/{post['id']}")
    assert meta(page, "og:description") == "The end of the film"


async def test_servers_that_ask_for_data_are_led_to_it(node: Node) -> None:
    ann = await node.person("ann")
    post = await ann.post("Hello")
    for path, uri in (("/@ann", ann.uri), (f"/@ann/{post['id']}", post["uri"])):
        answer = await node.http.get(path, headers={"Accept": "application/activity+json"})
        assert answer.status_code == 302
        assert answer.headers["Location"] == uri


async def test_names_are_found_in_any_case(node: Node) -> None:
    await node.person("Ann")
    async with Visitor(node.url) as stranger:
        page = await stranger.open("/@aNN")
    assert page.status == 200
    assert page.path == "/@Ann"


async def test_somebody_elsewhere_is_found_followed_and_read(world: World) -> None:
    bo = await world["b"].person("bo", display_name="Bo Lindqvist")
    async with Visitor(world["a"].url) as ann:
        await ann.sign_up("ann")
        found = await ann.open(f"/search?q={bo.handle}")
        assert "Bo Lindqvist" in found.text
        await ann.send(found, "form[data-follow]")
        await world.settle()
        profile = await ann.open(f"/{bo.handle}")
        assert "Following" in profile.text
        await bo.post("Word from elsewhere")
        await world.settle()
        home = await ann.open("/home")
        assert "Word from elsewhere" in home.text
        assert bo.handle in home.text
        liked = await ann.send(home, "form[data-post]", button="/like")
        assert liked.status == 200
        await world.settle()
    async with Visitor(world["b"].url) as reader:
        await reader.sign_in("bo")
        told = await reader.open("/notifications")
        assert "followed you" in told.text
        assert "liked your post" in told.text


async def test_fep_2_who_does_not_want_it_is_not_indexed(node: Node) -> None:
    """FEP-2: a profile asks to stay out of search engines until its owner agrees."""
    ann = await node.person("ann")
    async with Visitor(node.url) as stranger:
        assert meta(await stranger.open("/@ann"), "robots") == "noindex"
        await ann.call("PATCH", "/api/v1/accounts/update_credentials", json={"indexable": True})
        assert meta(await stranger.open("/@ann"), "robots") is None
