"""A real Chromium for tests: Debian's, or whatever `ROOKERY_CHROMIUM` names. Without one the tests are skipped."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


def chromium_path() -> str | None:
    """Return where a Chromium is."""
    named = os.environ.get("ROOKERY_CHROMIUM")
    return named or next((found for name in CANDIDATES if (found := shutil.which(name))), None)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start a Chromium; skips the test when there is none."""
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium found (install chromium, or set ROOKERY_CHROMIUM): browser tests skipped")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        try:
            yield browser
        finally:
            await browser.close()


class Window:
    """A window of its own cookies; remembers every complaint of the console and every request to another host."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.strays: list[str] = []
        self.forgiven: tuple[str, ...] = ()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, address: str) -> None:
        if not address.startswith((self.url, "blob:", "data:")):
            self.strays.append(address)

    async def open(self, path: str) -> Page:
        await self.page.goto(self.url + path)
        return self.page

    async def sign_up(self, name: str) -> None:
        await self.open("/auth/sign_up")
        await self.page.fill("#username", name)
        await self.page.fill("#email", f"{name}@example.com")
        await self.page.fill("#password", "correct horse battery")
        await self.page.fill("#password_again", "correct horse battery")
        await self.page.click("form[action='/auth/sign_up'] button")
        await self.page.wait_for_url("**/home")

    async def write(self, text: str) -> None:
        await self.open("/home")
        await self.page.fill("#text", text)
        await self.page.click(".composer .send .button")
        await self.page.wait_for_selector(f"article.post:has-text('{text}')")

    def check(self) -> None:
        """Fail when the console complained or another host was asked."""
        left = [line for line in self.complaints if not any(word in line for word in self.forgiven)]
        assert not left, left
        assert not self.strays, self.strays


async def open_window(browser: Browser, url: str, **settings: Any) -> Window:
    """Open a window; `settings` are Playwright's for a context, such as `java_script_enabled`."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    context.set_default_timeout(20_000)
    return Window(context, await context.new_page(), url)
