"""For people who cannot see, or see little, or use a phone: names, headings, contrast, size, in light and dark."""

from pathlib import Path

import pytest

from tests.browser.chromium import open_browser, open_window
from tests.support.nodes import Node

pytestmark = [pytest.mark.browser]

AUDIT = (Path(__file__).parent / "audit.js").read_text()

OF_A_PERSON = (
    "/home", "/public/local", "/public", "/notifications", "/search", "/search?q=ann", "/@bo", "/@ann",
    "/@bo/followers",
    "/tags/corvids", "/bookmarks", "/favourites", "/follow_requests", "/settings/profile", "/settings/account",
    "/settings/appearance", "/settings/mutes", "/settings/blocks", "/settings/servers", "/settings/move",
    "/settings/delete", "/compose", "/about", "/nothing-here",
    "/admin", "/admin/accounts", "/admin/domains",
)  # fmt: skip
OF_A_STRANGER = ("/", "/auth/sign_in", "/auth/sign_up", "/public/local", "/@bo", "/about", "/search?q=zzz")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
async def test_no_page_shuts_anybody_out(node: Node, scheme: str, width: int) -> None:
    """Each page in the light on a desk and in the dark on a phone."""
    from node.auth.service import set_role

    bo = await node.person("bo", display_name="Bo Lindqvist")
    post = await bo.post("The #corvids are **back** https://example.org/a", spoiler_text="Birds")
    await bo.post("Their nests, @ann, are " + "very " * 40 + "high")
    asked = await bo.post("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    its_poll = "/web/posts/" + asked["id"]
    quote = await bo.post("As I said", quoted_status_id=asked["id"])
    async with open_browser() as browser:
        size = {"width": width, "height": 900}
        ann = await open_window(browser, node.url, color_scheme=scheme, viewport=size, reduced_motion="reduce")
        await ann.sign_up("ann")
        account = await bo.resolve(f"@ann@{node.runtime.settings.domain}")
        async with node.runtime.write() as uow:
            await set_role(uow, int(account["id"]), "admin")
        await ann.write("Mine")
        faults: list[str] = []
        own = await ann.page.locator("a.permalink").first.get_attribute("href") or ""
        for path in (
            *OF_A_PERSON,
            f"/@bo/{post['id']}",
            its_poll,
            f"{its_poll.replace('/web/posts', '/@bo')}/quotes",
            f"/@bo/{quote['id']}",
            f"/compose?quote={quote['id']}",
            "/quote_requests",
            f"{own}/quotes",
            own,
            f"{own}/edit",
            f"{own}/delete",
            f"{own}/history",
        ):
            page = await ann.open(path)
            faults += [f"{path} {fault}" for fault in await page.evaluate(AUDIT)]
        await ann.open("/auth/sign_in")
        stranger = await open_window(browser, node.url, color_scheme=scheme, viewport=size, reduced_motion="reduce")
        for path in (*OF_A_STRANGER, f"/@bo/{post['id']}", its_poll):
            page = await stranger.open(path)
            faults += [f"(stranger) {path} {fault}" for fault in await page.evaluate(AUDIT)]
        await page.goto(node.url + "/auth/sign_up")
        await page.evaluate("document.querySelector('form[action=\"/auth/sign_up\"] button').click()")
        await page.wait_for_selector(".wrong")
        faults += [f"(refused) {fault}" for fault in await page.evaluate(AUDIT)]
        assert not faults, "\n".join(faults)
        assert not ann.strays + stranger.strays
