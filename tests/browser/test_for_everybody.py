"""For people who cannot see, or see little, or use a phone: names, headings, contrast, size, in light and dark."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from node.announcements.service import Notice, publish_announcement
from node.relays.service import add_relay
from node.remote.actors import fetch_actor
from node.remote.posts import fetch_post
from node.site.writing import add_rule
from tests.browser.chromium import Window, open_browser, open_window
from tests.support.fake_peer import document
from tests.support.make import make_token
from tests.support.nodes import Node, Person, settle
from tests.support.stranger import Stranger

pytestmark = [pytest.mark.browser]

AUDIT = (Path(__file__).parent / "audit.js").read_text()

OF_A_PERSON = (
    "/home", "/public/local", "/public", "/notifications", "/notifications/requests", "/settings/notifications",
    "/search", "/search?q=ann", "/@bo", "/@ann",
    "/@bo/followers",
    "/tags/corvids", "/bookmarks", "/favourites", "/follow_requests", "/settings/profile", "/settings/account",
    "/settings/security",
    "/settings/appearance", "/settings/mutes", "/settings/blocks", "/settings/servers", "/settings/move",
    "/settings/delete",
    "/settings/filters", "/settings/filters/new", "/settings/hashtags", "/lists",
    "/settings/apps", "/compose", "/about", "/nothing-here", "/drafts", "/scheduled",
    "/quote_requests", "/@bo/report", "/messages", "/directory", "/settings/posting", "/@bo/mute", "/@bo/block",
    "/@bo/options", "/privacy", "/admin/announcements", "/admin/site",
    "/admin", "/admin/accounts", "/admin/domains", "/admin/reports", "/admin/log", "/admin/discovery", "/admin/trends",
    "/admin/pulls",
    "/explore", "/moments", "/moments/mine", "/packs",
)  # fmt: skip
OF_A_STRANGER = (
    "/", "/auth/sign_in", "/auth/sign_up", "/public/local", "/@bo", "/about", "/api", "/search?q=zzz", "/explore",
    "/packs", "/moments",
)  # fmt: skip


@pytest.mark.parametrize(("scheme", "width", "scripts"), [("light", 1280, True), ("dark", 390, False)])
async def test_no_page_shuts_anybody_out(node: Node, alice: Stranger, scheme: str, width: int, scripts: bool) -> None:
    """Each page in the light on a desk, and in the dark on a phone that runs no script."""
    from node.auth.service import set_role

    bo = await node.person("bo", display_name="Bo Lindqvist")
    post = await bo.post("The #corvids are **back** https://example.org/a", spoiler_text="Birds")
    await bo.post("Their nests, @ann, are " + "very " * 40 + "high")
    asked = await bo.post("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    its_poll = "/web/posts/" + asked["id"]
    bo_seen = await bo.post("A nest of #corvids with a view")
    quote = await bo.post("As I said", quoted_status_id=asked["id"])
    await bo.act(f"/api/v1/statuses/{asked['id']}/react/🎉")
    await bo.act(f"/api/v1/statuses/{quote['id']}/pin")
    moved, thread = await from_elsewhere(node, alice)
    registered = {"client_name": "Crow", "website": "https://crow.example", "redirect_uris": "crow://"}
    app = (await node.http.post("/api/v1/apps", data=registered)).json()
    its_request = f"/oauth/authorize?client_id={app['client_id']}&redirect_uri=crow://&response_type=code"
    async with open_browser() as browser:
        looks: dict[str, Any] = {
            "color_scheme": scheme,
            "viewport": {"width": width, "height": 900},
            "reduced_motion": "reduce",
            "java_script_enabled": scripts,
        }
        ann = await open_window(browser, node.url, **looks)
        await ann.sign_up("ann")
        account = await bo.resolve(f"@ann@{node.runtime.settings.domain}")
        await bo.act("/api/v1/reports", account_id=account["id"], comment="Rude " * 40)
        async with node.runtime.write() as uow:
            await set_role(uow, int(account["id"]), "admin")
            await add_relay(uow, node.runtime.settings, "https://relay.example/inbox", now=node.runtime.now())
        await fill(ann, "/admin/pulls", "/admin/pulls", handle=f"@{alice.handle}")
        await fill(ann, "/admin/domains", "/admin/domains", domain="a-long-name-of-a-server.example", reason="Spam")
        await fill(ann, "/settings/servers", "/settings/servers", domain="loud.example")
        await ann.write("Mine")
        await bo.act(f"/api/v1/accounts/{account['id']}/follow")
        await bo.post("Just us, @ann", visibility="direct")
        ann_token = await make_token(node.runtime, int(account["id"]))
        as_ann = {"Authorization": f"Bearer {ann_token}"}
        for path in ("follow", "pin", "note"):
            await node.http.post(
                f"/api/v1/accounts/{bo.account_id}/{path}", headers=as_ann, json={"comment": "Met at the fair"}
            )
        to_explore = await put_together(node, bo, ann_token, [bo_seen["id"], quote["id"]])
        begun = await node.http.post(
            "/api/v1/drafts", headers=as_ann, json={"status": "", "thread": [{"status": "Two"}]}
        )
        later = {"status": "Good morning", "scheduled_at": "2999-01-01T10:00:00Z"}
        await node.http.post("/api/v1/statuses", headers=as_ann, json=later)
        async with node.runtime.write() as uow:
            now = node.runtime.now()
            await publish_announcement(uow, Notice(text="**Tonight** we update. Ask @bo"), now=now)
            await add_rule(uow, "Be kind", hint="To everybody.", now=now)
        await settle(node.runtime)
        faults: list[str] = []
        own = await ann.page.locator("a.permalink").first.get_attribute("href") or ""
        for path in (
            *OF_A_PERSON,
            f"/@bo/{post['id']}",
            its_poll,
            f"/compose?draft={begun.json()['id']}",
            moved,
            thread,
            f"{its_poll.replace('/web/posts', '/@bo')}/quotes",
            f"{its_poll.replace('/web/posts', '/@bo')}/react",
            f"/@bo/report?post={asked['id']}",
            f"/@bo/{quote['id']}",
            f"/compose?quote={quote['id']}",
            "/quote_requests",
            its_request,
            f"{its_request}&scope=admin:write",
            *to_explore,
            f"/moments/with/{bo_seen['id']}",
            f"{own}/quotes",
            own,
            f"{own}/edit",
            f"{own}/delete",
            f"{own}/history",
        ):
            page = await ann.open(path)
            faults += [f"{path} {fault}" for fault in await page.evaluate(AUDIT)]
        await ann.open("/auth/sign_in")
        stranger = await open_window(browser, node.url, **looks)
        for path in (*OF_A_STRANGER, f"/@bo/{post['id']}", its_poll):
            page = await stranger.open(path)
            faults += [f"(stranger) {path} {fault}" for fault in await page.evaluate(AUDIT)]
        await page.goto(node.url + "/auth/sign_up")
        await page.evaluate("document.querySelector('form[action=\"/auth/sign_up\"] button').click()")
        await page.wait_for_selector(".wrong")
        faults += [f"(refused) {fault}" for fault in await page.evaluate(AUDIT)]
        assert not faults, "\n".join(faults)
        assert not ann.strays + stranger.strays


async def put_together(node: Node, bo: Person, token: str, post_ids: list[str]) -> list[str]:
    """A moment and a starter pack, both with Bo in them; return their pages, and those of their forms."""
    await bo.call("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": True})
    ann = Person(node, 0, "ann", token)
    moment = await ann.act("/api/v1/moments", title="Corvids", description="All of them", status_ids=post_ids)
    await ann.act(f"/api/v1/moments/{moment['id']}/publish")
    pack = await ann.act("/api/v1/starter_packs", title="Bird people", published=True)
    await ann.act(f"/api/v1/starter_packs/{pack['id']}/accounts", account_ids=[bo.account_id])
    places = [f"/moments/{moment['id']}", f"/packs/{pack['id']}"]
    return [*places, *(f"{place}/edit" for place in places), f"/packs/{pack['id']}/edit?q=bo"]


async def from_elsewhere(node: Node, alice: Stranger) -> tuple[str, str]:
    """Make a profile that says it moved, and a thread whose replies are still being looked for; return their pages."""
    there = Stranger(alice.peer, "alice2", profile={"alsoKnownAs": [alice.uri]})
    alice.profile = {"movedTo": there.uri}
    alice.publish_profile()
    note = alice.note("Root", published=node.runtime.now())
    note["replies"] = {"id": note["id"] + "/replies", "type": "Collection"}
    alice.peer.routes[urlsplit(note["id"]).path] = document(note)
    await fetch_actor(node.runtime, there.uri)
    post = await fetch_post(node.runtime, note["id"])
    assert post is not None
    return f"/@{alice.handle}", f"/@{alice.handle}/{post.id}"


async def fill(window: Window, path: str, action: str, **fields: str) -> None:
    """Send a form of a page, as somebody does who only has the keyboard: Enter in its last field."""
    page = await window.open(path)
    for name, value in fields.items():
        await page.fill(f"form[action='{action}'] [name='{name}']", value)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".flash")
