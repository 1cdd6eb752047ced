"""The notifications page, requests, and what people choose, through the pages' own forms, no JavaScript."""

from collections.abc import AsyncIterator

import pytest

from node.notifications.mail_queries import find_mail_wish
from node.notifications.mail_rules import unsubscribe_token
from tests.browser.visitor import Visitor
from tests.support.nodes import Node, Person, serve_node, settle
from tests.support.redis_server import RedisServer


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node that could send mail."""
    async with serve_node(redis_server, smtp_url="smtp://127.0.0.1:9", email_confirmation=False) as served:
        yield served


@pytest.fixture
async def ann(node: Node) -> Person:
    return await node.person("ann")


@pytest.fixture
async def page(node: Node, ann: Person) -> AsyncIterator[Visitor]:
    """Ann's browser."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_in("ann")
        yield visitor


async def test_likes_are_one_line_marked_until_seen_and_can_be_removed(node: Node, ann: Person, page: Visitor) -> None:
    post = await ann.post("A thing I made")
    people = [await node.person(f"fan{number}") for number in range(3)]
    for person in people:
        await person.act(f"/api/v1/statuses/{post['id']}/favourite")
    await people[0].post("@ann lovely")
    await settle(node.runtime)
    shown = await page.open("/notifications")
    assert "fan2 and 2 others liked your post" in shown.text
    assert len(shown.html.css(".note .faces img")) == 3
    assert len(shown.html.css(".is-new")) == 2
    assert "New:" in shown.text
    shown = await page.open("/notifications")
    assert shown.html.css(".is-new") == []
    marker = (await ann.get("/api/v1/markers", timeline="notifications"))["notifications"]
    newest = (await ann.get("/api/v1/notifications", limit=1))[0]
    assert (marker["last_read_id"], marker["version"]) == (newest["id"], 1), (
        "apps see it, and no opening writes in vain"
    )
    mentions = await page.open("/notifications?only=mentions")
    assert "lovely" in mentions.text
    assert "liked" not in mentions.text
    left = await page.send(shown, "form[action*='/favourite-']")
    assert left.path == "/notifications"
    assert "liked" not in left.text
    cleared = await page.send(left, "form[action='/web/notifications/clear']")
    assert "All quiet" in cleared.text


async def test_requests_are_let_through_or_thrown_away(node: Node, ann: Person, page: Visitor) -> None:
    """Row 110; and what is nobody's request is none (row 89)."""
    bob, cy = await node.person("bob"), await node.person("cy")
    for person in (bob, cy):
        await person.post(f"@ann it is {person.username}", visibility="direct")
    await settle(node.runtime)
    shown = await page.open("/notifications")
    assert "2 people you may not know wrote to you" in shown.text
    waiting = await page.open("/notifications/requests")
    assert "it is bob" in waiting.text
    after = await page.send(waiting, "form[action*='notification_requests']", button="/dismiss")
    assert "it is cy" not in after.text
    done = await page.send(after, "form[action*='notification_requests']")
    assert "Nobody waits" in done.text
    assert "it is bob" in (await page.open("/notifications")).text
    token = done.form("input[name=csrf_token]").attributes["value"] or ""
    refused = await page.http.post("/web/notification_requests/1/accept", data={"csrf_token": token})
    assert refused.status_code == 404


async def test_the_settings_and_the_link_that_ends_letters(node: Node, ann: Person, page: Visitor) -> None:
    form = await page.open("/settings/notifications")
    saved = await page.send(form, "form[action='/settings/notifications']", for_not_following="drop", mail="mention")
    assert "Your choice is saved." in saved.response.text
    chosen = saved.html.css_first("#for_not_following option[selected]")
    assert chosen is not None
    assert chosen.attributes["value"] == "drop"
    assert [box.attributes["value"] for box in saved.html.css("input[name=mail][checked]")] == ["mention"]
    refused = await page.send(form, "form[action='/settings/notifications']", for_new_accounts="maybe")
    assert refused.status == 422
    async with node.runtime.read() as reader:
        wish = await find_mail_wish(reader, ann.account_id)
        assert wish is not None
        token = unsubscribe_token(ann.account_id, wish.secret)
    async with Visitor(node.url) as mailbox:
        asked = await mailbox.open(f"/unsubscribe?token={token}")
        assert "Do you want no more letters" in asked.text
        assert (await mailbox.http.post("/unsubscribe?token=1-x")).status_code == 403
        done = await mailbox.http.post(f"/unsubscribe?token={token}", data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    again = await page.open("/settings/notifications")
    assert again.html.css("input[name=mail][checked]") == []
