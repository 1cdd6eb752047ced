"""Pages that fill themselves from other servers, with and without JavaScript (COL-7, COL-8)."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from federation.vocabulary import PUBLIC
from node.posts.models import Post
from node.remote.actors import fetch_actor
from node.remote.posts import fetch_post
from tests.browser.chromium import open_browser, open_window
from tests.support.fake_peer import document
from tests.support.nodes import Node, settle
from tests.support.stranger import Stranger

pytestmark = [pytest.mark.browser]

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


async def a_thread(node: Node, alice: Stranger) -> Post:
    """Make a remote post known here, of whose two replies one is known as well."""
    root = alice.note("Root", published=START)
    replies = [alice.note(f"Reply {n}", inReplyTo=root["id"], published=START + timedelta(hours=n)) for n in (1, 2)]
    uri = f"{root['id']}/replies"
    page = {"id": f"{uri}?page=1", "type": "CollectionPage", "items": [reply["id"] for reply in replies]}
    alice.peer.routes[f"/users/alice/statuses/{root['id'].rpartition('/')[2]}"] = document(
        root | {"replies": {"id": uri, "type": "Collection", "first": page}}
    )
    post = await fetch_post(node.runtime, root["id"])
    assert post is not None
    assert await fetch_post(node.runtime, replies[1]["id"]) is not None
    return post


async def test_replies_are_offered_as_they_come(node: Node, alice: Stranger) -> None:
    """COL-7: nothing moves under the reader; on a press each stands in its place."""
    post = await a_thread(node, alice)
    async with open_browser() as browser:
        window = await open_window(browser, node.url)
        await window.sign_up("ann")
        page = await window.open(f"/@{alice.handle}/{post.id}")
        await expect(page.locator("[data-refresh]")).to_contain_text("Looking for more replies on other servers")
        await expect(page.locator("article.post")).to_have_count(2)
        await settle(node.runtime)
        await page.click("[data-refresh] button:has-text('Show 1 new reply')")
        await expect(page.locator("article.post")).to_have_count(3)
        await expect(page.locator("article.post.is-focus + article.post")).to_have_count(0)
        texts = await page.locator("article.post .prose").all_inner_texts()
        assert [text.strip() for text in texts] == ["Root", "Reply 1", "Reply 2"]
        await expect(page.locator("[data-refresh]")).to_be_hidden()
        window.check()


async def test_without_javascript_a_link_shows_what_has_come(node: Node, alice: Stranger) -> None:
    """COL-7"""
    post = await a_thread(node, alice)
    async with open_browser() as browser:
        window = await open_window(browser, node.url, java_script_enabled=False)
        await window.sign_up("ann")
        page = await window.open(f"/@{alice.handle}/{post.id}")
        await settle(node.runtime)
        await page.click("[data-refresh] a:has-text('Reload')")
        await expect(page.locator("article.post")).to_have_count(3)
        await expect(page.locator("[data-refresh]")).to_have_count(0)


async def test_an_empty_profile_fills_itself(node: Node, alice: Stranger) -> None:
    """COL-4, COL-8: the posts appear at once, since there is nothing to move; counts are the origin's."""
    uri = f"{alice.uri}/outbox"
    items = [alice.create(alice.note(f"Post {n}", published=START + timedelta(hours=n), to=[PUBLIC])) for n in (2, 1)]
    alice.peer.routes["/users/alice/outbox"] = document(
        {"id": uri, "type": "OrderedCollection", "totalItems": 1204, "orderedItems": items}
    )
    await fetch_actor(node.runtime, alice.uri)
    async with open_browser() as browser:
        window = await open_window(browser, node.url)
        await window.sign_up("ann")
        page = await window.open(f"/@{alice.handle}")
        await expect(page.locator("[data-refresh]")).to_contain_text(f"Looking for posts on {alice.peer.domain}")
        await settle(node.runtime)
        await expect(page.locator("article.post")).to_have_count(2)
        await expect(page.locator("article.post").first).to_contain_text("Post 2")
        await page.reload()
        await expect(page.locator(".tallies")).to_contain_text(f"as reported by {alice.peer.domain}")
        window.check()
