"""The pages in a real browser, with and without JavaScript: what people do on their first day."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.chromium import Window, open_browser, open_window
from tests.support.nodes import Node, settle

pytestmark = [pytest.mark.browser]


async def first_day(browser: Browser, node: Node, *, java_script_enabled: bool) -> tuple[Window, Window]:
    """Sign two people up; one writes, the other likes, boosts, follows."""
    ann = await open_window(browser, node.url, java_script_enabled=java_script_enabled)
    bo = await open_window(browser, node.url, java_script_enabled=java_script_enabled)
    await ann.sign_up("ann")
    await ann.write("The rooks are back")
    await bo.sign_up("bo")
    page = await bo.open("/public/local")
    for act in ("like", "boost", "bookmark"):
        async with page.expect_response(lambda answer: "/web/posts/" in answer.url):
            await page.click(f"article.post [data-act={act}]")
        await expect(page.locator(f"article.post [data-act={act}]").first).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("[data-act=like] .n").first).to_have_text("1")
    await bo.open("/@ann")
    async with page.expect_response("**/web/accounts/**"):
        await page.click("form[data-follow] button")
    await expect(page.locator("form[data-follow] button")).to_contain_text("Following")
    await page.reload()
    await expect(page.locator("form[data-follow] button")).to_contain_text("Following")
    await bo.open("/bookmarks")
    await expect(page.locator("article.post")).to_contain_text("The rooks are back")
    return ann, bo


async def test_first_day_without_javascript(node: Node) -> None:
    async with open_browser() as browser:
        for window in await first_day(browser, node, java_script_enabled=False):
            window.check()


async def test_first_day_with_javascript(node: Node) -> None:
    async with open_browser() as browser:
        ann, bo = await first_day(browser, node, java_script_enabled=True)
        page = await bo.open("/public/local")
        await page.evaluate("window.stayed = true")
        async with page.expect_response("**/unlike"):
            await page.click("[data-act=like]")
        await expect(page.locator("[data-act=like]").first).to_have_attribute("aria-pressed", "false")
        assert await page.evaluate("window.stayed"), "the page was loaded anew for a like"
        await page.reload()
        await expect(page.locator("[data-act=like]").first).to_have_attribute("aria-pressed", "false")
        ann.check()
        bo.check()


async def test_a_refused_like_is_taken_back_with_a_message(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        await ann.write("Like me")
        page = ann.page
        await page.route("**/web/posts/*/like", lambda route: route.fulfill(status=503, json={"error": "Try later."}))
        await page.click("[data-act=like]")
        await expect(page.locator(".toast")).to_have_text("Try later.")
        await expect(page.locator("[data-act=like]")).to_have_attribute("aria-pressed", "false")
        await expect(page.locator("[data-act=like] .n")).to_be_empty()
        await page.route("**/web/posts/*/like", lambda route: route.abort())
        await page.click("[data-act=like]")
        await expect(page.locator(".toast").last).to_contain_text("cannot be reached")
        await expect(page.locator("[data-act=like]")).to_have_attribute("aria-pressed", "false")


async def test_the_composer_counts_keeps_drafts_and_posts_by_keys(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        page = await ann.open("/home")
        counter = page.locator("#counter")
        await expect(counter).to_have_text("280")
        await page.fill("#text", "See https://example.org/" + "x" * 300 + " @bo@far.example é👩‍👩‍👧")
        await expect(counter).to_have_text(str(280 - len("See ") - 23 - len(" @bo ") - 2))
        await page.fill("#text", "x" * 281)
        await expect(counter).to_have_text("-1")
        await expect(page.locator(".send .button")).to_be_disabled()
        await page.fill("#text", "Half a thought")
        await page.reload()
        await expect(page.locator("#text")).to_have_value("Half a thought")
        await page.focus("#text")
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("article.post")).to_contain_text("Half a thought")
        await expect(page.locator("#text")).to_have_value("")
        await page.reload()
        await expect(page.locator("#text")).to_have_value("")
        ann.check()


async def test_the_keyboard_reaches_everything(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        for text in ("First", "Second", "Third"):
            await ann.write(text)
        page = ann.page
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("j")
        await expect(page.locator("article.post").nth(0)).to_be_focused()
        await page.keyboard.press("j")
        await expect(page.locator("article.post").nth(1)).to_be_focused()
        await page.keyboard.press("k")
        await page.keyboard.press("l")
        await expect(page.locator("[data-act=like]").nth(0)).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("b")
        await expect(page.locator("[data-act=boost]").nth(0)).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("?")
        await expect(page.locator("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("n")
        await expect(page.locator("#text")).to_be_focused()
        await page.keyboard.press("j")
        await expect(page.locator("#text")).to_have_value("j")
        await page.keyboard.press("Escape")
        await page.keyboard.press("/")
        assert await page.evaluate("document.activeElement.type") == "search"
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await page.keyboard.press("r")
        await page.wait_for_url("**/@ann/**")
        await expect(page.locator("#text")).to_be_focused()
        await ann.open("/home")
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        ann.check()


async def test_new_posts_are_offered_and_older_ones_join(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        person = await node.person("bo")
        for n in range(25):
            await person.post(f"Post {n}.")
        page = await ann.open("/public/local")
        await expect(page.locator("article.post")).to_have_count(20)
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await expect(page.locator("article.post")).to_have_count(25)
        await person.post("Fresh from the nest")
        await page.evaluate("scrollTo(0, 0)")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        offer = page.locator(".fresh a")
        await expect(offer).to_have_text("1 new post")
        await expect(page.locator("article.post").first).to_contain_text("Post 24.")
        await offer.click()
        await expect(page.locator("article.post").first).to_contain_text("Fresh from the nest")
        await expect(page.locator("article.post")).to_have_count(26)
        ann.check()


async def test_home_hears_of_new_posts_at_once(node: Node) -> None:
    """By server-sent events with the session's cookie: offered, nothing moves, and told to screen readers."""
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        person = await node.person("bo")
        await person.post("Read me")
        await ann.open("/@bo")
        await ann.page.click("button[aria-label^='Follow ']")
        await expect(ann.page.locator("button[aria-label^='Unfollow ']")).to_be_visible()
        await settle(node.runtime)
        async with ann.page.expect_response("**/api/v1/streaming/user") as listening:
            page = await ann.open("/home")
        assert (await listening.value).status == 200
        await person.post("One")
        await person.post("Two")
        await settle(node.runtime)
        offer = page.locator(".fresh[role=status] a")
        await expect(offer).to_have_text("2 new posts")
        await expect(page.locator("article.post").first).to_contain_text("Read me")
        await offer.click()
        await expect(page.locator("article.post").first).to_contain_text("Two")
        await expect(page.locator("article.post")).to_have_count(3)
        ann.check()


async def test_notifications_are_heard_of_at_once(node: Node) -> None:
    """The number in the navigation grows, and the page of notifications offers what is new; nothing moves."""
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        person = await node.person("bo")
        async with ann.page.expect_response("**/api/v1/streaming/user") as listening:
            page = await ann.open("/home")
        assert (await listening.value).status == 200
        badge = page.locator("nav.nav a[href='/notifications'] .badge")
        await expect(badge).to_have_count(0)
        await person.post("@ann one")
        await settle(node.runtime)
        await expect(badge).to_have_text("1 new")
        async with ann.page.expect_response("**/api/v1/streaming/user/notification") as listening:
            page = await ann.open("/notifications")
        assert (await listening.value).status == 200
        await expect(badge).to_have_count(0)
        await person.post("@ann two")
        await person.post("@ann three")
        await settle(node.runtime)
        offer = page.locator(".fresh[role=status] a")
        await expect(offer).to_have_text("2 new notifications")
        await expect(badge).to_have_text("2 new")
        await expect(page.locator("article.post")).to_have_count(1)
        await offer.click()
        await expect(page.locator("article.post")).to_have_count(3)
        ann.check()


async def test_pictures_are_added_described_and_viewed(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        page = await ann.open("/home")
        await page.check(".wants-media", force=True)
        await expect(page.locator("[data-slot]:visible")).to_have_count(1)
        picture = await page.screenshot()
        await page.set_input_files("#media_file_1", {"name": "a.png", "mimeType": "image/png", "buffer": picture})
        await expect(page.locator("[data-slot]:visible")).to_have_count(2)
        await page.fill("#text", "Look")
        await page.click(".send .button")
        await expect(page.locator(".toast")).to_contain_text("no description")
        await page.fill("#media_alt_1", "A page of an old book")
        await page.click(".send .button")
        image = page.locator("article.post .media img")
        await expect(image).to_have_attribute("alt", "A page of an old book")
        await image.scroll_into_view_if_needed()
        await page.wait_for_function("document.querySelector('article.post .media img').naturalWidth > 0")
        await page.click("article.post .media a")
        await expect(page.locator("dialog.viewer")).to_be_visible()
        await expect(page.locator("dialog.viewer p")).to_have_text("A page of an old book")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog.viewer")).to_be_hidden()
        ann.check()
