"""Links of our people's profiles, verified by rel=me (ACT-8)."""

import pytest

from federation.rel_me import me_links
from tests.support.fake_peer import Answer, FakePeer, redirect
from tests.support.nodes import Node, Person, World, settle
from tests.support.stranger import Stranger


def page(body: str, content_type: str = "text/html; charset=utf-8") -> Answer:
    return Answer(body=f"<!doctype html><title>x</title>{body}".encode(), content_type=content_type)


async def set_link(person: Person, *urls: str) -> list[bool]:
    """Set the fields and return which of them are verified once everything is settled."""
    fields = [{"name": f"Site {number}", "value": url} for number, url in enumerate(urls)]
    await person.call("PATCH", "/api/v1/accounts/update_credentials", json={"fields_attributes": fields})
    await settle(person.node.runtime)
    account = await person.get("/api/v1/accounts/verify_credentials")
    return [field["verified_at"] is not None for field in account["fields"]]


async def test_a_link_that_links_back_is_verified(node: Node, peer: FakePeer) -> None:
    ann = await node.person("ann")
    peer.routes["/by-page"] = page(f'<a rel="nofollow ME" href="{node.url}/@ann/">me</a>')
    peer.routes["/by-id"] = page(f'<link rel="me" href="{ann.uri}">')
    peer.routes["/other"] = page(f'<a rel="me" href="{node.url}/@annie">me</a><a href="{node.url}/@ann">no me</a>')
    peer.routes["/json"] = page(f'<a rel="me" href="{node.url}/@ann">me</a>', "application/json")
    urls = [peer.url + path for path in ("/by-page", "/by-id", "/other", "/json")]
    assert await set_link(ann, *urls) == [True, True, False, False]
    profile = (await node.http.get("/@ann")).text
    assert 'class="verified"' in profile
    assert f'<link rel="me" href="{peer.url}/by-page">' in profile
    assert f'<link rel="me" href="{peer.url}/other">' in profile, "that site may want to verify us"


async def test_a_mark_goes_with_what_it_stood_for(node: Node, peer: FakePeer) -> None:
    """Re-checked on a change of the fields; an unchanged link keeps its mark until the page is seen again."""
    ann = await node.person("ann")
    peer.routes["/me"] = page(f'<a rel="me" href="{node.url}/@ann">me</a>')
    assert await set_link(ann, f"{peer.url}/me") == [True]
    assert await set_link(ann, f"{peer.url}/me", "not a link") == [True, False]
    peer.routes["/me"] = page("gone")
    assert await set_link(ann, f"{peer.url}/me", "not a link") == [True, False]  # nothing new was said
    assert await set_link(ann, f"{peer.url}/me", "other text") == [False, False]
    assert await set_link(ann, f"{peer.url}/elsewhere") == [False]


async def test_what_cannot_be_read_is_not_verified(node: Node, peer: FakePeer) -> None:
    """Row 65: the guard holds here as everywhere; sizes too."""
    ann = await node.person("ann")
    back = f'<a rel="me" href="{node.url}/@ann">me</a>'
    peer.routes["/large"] = page("x" * (2 * 1024 * 1024 + 1) + back)
    peer.routes["/private"] = redirect("https://169.254.169.254/me")
    assert await set_link(ann, f"{peer.url}/large", f"{peer.url}/private", f"{node.url}/@ann") == [False] * 3


async def test_people_of_other_servers_have_no_marks(world: World) -> None:
    """Their server's word is not ours."""
    ann, bo = await world["a"].person("ann"), await world["b"].person("bo")
    async with FakePeer() as site:
        site.routes["/me"] = page(f'<a rel="me" href="{world["b"].url}/@bo">me</a>')
        assert await set_link(bo, f"{site.url}/me") == [True]
    seen = await ann.resolve(bo.handle)
    assert [field["verified_at"] for field in seen["fields"]] == [None]


async def test_a_foreign_claim_of_verification_is_not_believed(node: Node, alice: Stranger) -> None:
    """Row 79: what another server says about its own links counts for nothing here."""
    alice.profile["attachment"] = [
        {"type": "PropertyValue", "name": "Site", "value": "x", "verified_at": "2026-01-01T00:00:00Z"}
    ]
    alice.publish_profile()
    ann = await node.person("ann")
    assert (await ann.resolve(alice.handle))["fields"][0]["verified_at"] is None


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a rel=me href="/b#x">', {"https://a.example/b"}),
        ('<link href="//c.example/" rel="me">', {"https://c.example"}),
        ('<a rel="menu" href="/b">', set()),
        ('<a rel="me" href="javascript:alert(1)">', set()),
        ('<a rel="me" href="http://[">', set()),
        ('<!-- <a rel="me" href="/b"> -->', set()),
        ("<a " * 50_000, set()),  # row 58
    ],
)
def test_links_are_read_as_a_browser_would(html: str, found: set[str]) -> None:
    assert me_links(html.encode(), "https://a.example/page") == found
