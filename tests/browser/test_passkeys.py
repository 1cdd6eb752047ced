"""Passkeys in a real Chromium, with a key made of software: kept, used in place of the password, and after it."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import open_browser, open_window
from tests.browser.test_for_everybody import AUDIT
from tests.support.make import make_account
from tests.support.nodes import Node, serve_node
from tests.support.redis_server import RedisServer

PASSWORD = "correct horse battery"


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node with a name: passkeys are made for names."""
    async with serve_node(redis_server, host="localhost") as served:
        yield served


async def plug_in_a_key(page: Page) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": key})


@pytest.mark.browser
async def test_a_passkey_from_the_settings_to_the_sign_in(node: Node) -> None:
    await make_account(node.runtime, "ann")
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        page = await ann.open("/auth/sign_in")
        await plug_in_a_key(page)
        faults: list[str] = []

        async def look() -> None:
            faults.extend(f"{page.url} {fault}" for fault in await page.evaluate(AUDIT))

        async def sign_in() -> None:
            await page.goto(f"{node.url}/auth/sign_in?return_to=/settings/security")
            await page.fill("#login", "ann")
            await page.fill("#password", PASSWORD)
            await page.click("form[action='/auth/sign_in'] button")

        await sign_in()
        await expect(page.locator("#passkeys")).to_be_visible()
        await page.fill("#name", "Laptop")
        await page.fill("#new-passkey-password", "wrong wrong")
        await page.click("form[data-passkey] button")
        await expect(page.locator("form[data-passkey] .wrong")).to_have_text("This is not your password.")
        await page.fill("#new-passkey-password", PASSWORD)
        await page.click("form[data-passkey] button")
        await expect(page.locator(".codes li")).to_have_count(10)
        await look()

        await page.context.clear_cookies()
        await page.goto(f"{node.url}/auth/sign_in?return_to=/settings/security")
        await page.click("form[data-passkey] button")
        await expect(page.locator("h3", has_text="Laptop")).to_be_visible()
        await page.click("summary:has-text('Set up an app')")
        await look()
        await page.fill("#totp-password", PASSWORD)
        await page.click("button:has-text('Go on')")
        await expect(page.locator(".key")).to_be_visible()
        await look()

        await page.context.clear_cookies()
        await sign_in()
        await expect(page.locator("h1")).to_have_text("One more step")
        await look()
        await page.click("form[data-passkey] button")
        await expect(page.locator("#passkeys")).to_be_visible()
        assert not faults, "\n".join(faults)
        assert not ann.strays


@pytest.mark.browser
async def test_without_script_the_pages_say_what_to_do(node: Node) -> None:
    await make_account(node.runtime, "ann")
    async with open_browser() as browser:
        ann = await open_window(browser, node.url, java_script_enabled=False)
        page = await ann.open("/auth/sign_in?return_to=/settings/security")
        await expect(page.locator("form[data-passkey] button")).to_be_disabled()
        assert "Sign in with your password" in await page.locator("form[data-passkey] noscript").inner_html()
        await page.fill("#login", "ann")
        await page.fill("#password", PASSWORD)
        await page.click("form[action='/auth/sign_in'] button")
        await expect(page.locator("#passkeys")).to_be_visible()
        assert "An authenticator app works without" in await page.locator("form[data-passkey] noscript").inner_html()
