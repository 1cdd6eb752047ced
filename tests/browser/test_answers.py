"""Reacting and voting in a timeline without losing one's place, by script, by keyboard and without either (ACV-6)."""

import pytest
from playwright.async_api import expect

from tests.browser.chromium import open_browser, open_window
from tests.support.nodes import Node

pytestmark = [pytest.mark.browser]


async def test_react_and_vote_where_one_reads(node: Node) -> None:
    """ACV-6: the emoji are offered over the page; OBJ-9: the results take the place of the choice, and the focus."""
    bo = await node.person("bo")
    await bo.post("The rooks are back")
    await bo.post("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    async with open_browser() as browser:
        window = await open_window(browser, node.url)
        await window.sign_up("ann")
        page = await window.open("/public/local")
        asked, told = (page.locator(f"article.post:has-text('{text}')") for text in ("Tea?", "The rooks are back"))
        await told.locator("a.react").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
        await expect(told.locator("a.react")).to_be_focused()
        await told.locator("a.react").click()
        await page.click("dialog button[value='🎉']")
        mine = told.locator(".reactions button[aria-pressed='true']")
        await expect(mine).to_have_attribute("aria-label", "🎉, 1 reaction")
        await page.locator("a.react").nth(1).click()
        await page.fill("dialog #emoji", "nonsense")
        await page.click("dialog button:has-text('React')")
        await expect(page.locator("dialog [role='alert']")).to_have_text(
            "Choose one emoji, or the name of one of this server."
        )
        await page.click("dialog button:has-text('Cancel')")
        await mine.click()
        await expect(told.locator(".reactions")).to_have_count(0)
        await expect(told.locator("a.react")).to_be_focused()
        await asked.locator("input[value='1']").check()
        await asked.locator("button:has-text('Vote')").click()
        await expect(asked.locator(".poll-results .is-mine")).to_contain_text("No")
        await expect(asked.locator(".poll")).to_be_focused()
        assert page.url == f"{node.url}/public/local"
        window.forgiven = ("422",)
        window.check()


async def test_without_a_script_the_page_comes_back_to_the_post(node: Node) -> None:
    """OBJ-9, ACV-6: what was answered stands where the eye left it."""
    bo = await node.person("bo")
    asked = await bo.post("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    for number in range(8):
        await bo.post(f"Later {number}")
    async with open_browser() as browser:
        window = await open_window(browser, node.url, java_script_enabled=False)
        await window.sign_up("ann")
        page = await window.open("/public/local")
        await page.locator(f"#post-{asked['id']} input[value='0']").check()
        await page.locator(f"#post-{asked['id']} button:has-text('Vote')").click()
        await expect(page.locator(f"#post-{asked['id']} .is-mine")).to_be_in_viewport()
        assert page.url == f"{node.url}/public/local#post-{asked['id']}"
        await page.locator(f"#post-{asked['id']} a.react").click()
        await page.click("button[value='🔥']")
        await expect(page.locator(".reactions button[value='🔥'][aria-pressed='true']")).to_be_visible()
        window.check()
