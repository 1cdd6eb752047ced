"""Films and sounds on the pages: posting them with and without a script, waiting for them, playing them."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect
from sqlalchemy import select, update

from node.media.models import Media
from node.media.processing import take_next
from node.web import composing
from tests.browser.chromium import open_browser, open_window
from tests.browser.visitor import Visitor
from tests.support.films import film, sound
from tests.support.nodes import Node


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Somebody without JavaScript."""
    async with Visitor(node.url) as visitor:
        await visitor.sign_up("ann")
        yield visitor


async def waiting(node: Node) -> Media:
    async with node.runtime.read() as reader:
        found: Media = await reader.scalar(select(Media))
    return found


async def test_a_short_film_is_there_when_the_post_is(ann: Visitor) -> None:
    files = {"media_file_1": ("walk.mp4", film(), "video/mp4")}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Look", media_alt_1="A walk", files=files)
    assert page.status == 200, page.text
    video = page.form("article.post video")
    assert video.attributes["src"].endswith(".mp4")
    assert video.attributes["poster"].endswith(".jpg")
    assert video.attributes["aria-label"] == "A walk"
    assert (video.attributes["preload"], video.attributes["width"]) == ("none", "64")
    assert {"controls", "playsinline"} <= video.attributes.keys()
    assert "autoplay" not in page.response.text
    assert page.form("article.post details.alt p").text() == "A walk"


async def test_a_sound_and_a_silent_clip(ann: Visitor) -> None:
    for data, tag in ((sound(), "audio"), (film(sound=None), "video[loop][muted]")):
        files = {"media_file_1": ("x", data, "application/octet-stream")}
        page = await ann.send(await ann.open("/compose"), "form.composer", text="Here", files=files)
        assert "controls" in page.form(f"article.post {tag}").attributes
        assert "autoplay" not in page.response.text


async def test_sensitive_films_are_behind_a_curtain(ann: Visitor) -> None:
    files = {"media_file_1": ("x.mp4", film(), "video/mp4")}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Careful", sensitive="1", files=files)
    assert page.form("details.cw:not([open]) video") is not None


async def test_a_film_that_takes_longer_is_waited_for_without_losing_anything(
    node: Node, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "PAGE_SECONDS", 0.001)
    files = {"media_file_1": ("x.mp4", film(), "video/mp4")}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Soon", media_alt_1="Owl", files=files)
    assert page.status == 422
    assert "not finished processing" in page.form("#media-wrong").text()
    assert "Still being prepared" in page.text
    assert page.form("textarea[name^=media_description]").text().strip() == "Owl"
    media = await waiting(node)
    state = await ann.http.get(f"/web/media/{media.id}")
    assert state.json() == {"state": "processing", "problem": ""}
    assert await take_next(node.runtime)
    assert (await ann.http.get(f"/web/media/{media.id}")).json()["state"] == "ready"
    async with Visitor(node.url) as bo:
        await bo.sign_up("bo")
        assert (await bo.http.get(f"/web/media/{media.id}")).status_code == 404
    sent = await ann.send(page, "form.composer")
    assert sent.form("article.post video").attributes["aria-label"] == "Owl"


async def test_a_film_that_fails_later_is_said_and_let_go(
    node: Node, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "PAGE_SECONDS", 0.001)
    files = {"media_file_1": ("x.mp4", film(), "video/mp4")}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Soon", files=files)
    async with node.runtime.write() as uow:
        await uow.write(update(Media).values(state="failed", problem="It broke", due_at=None))
    again = await ann.send(page, "form.composer")
    assert "could not be processed" in again.form("#media-wrong").text()
    assert again.html.css_first("input[name=media_ids]") is None
    assert (await ann.send(again, "form.composer", text="Without")).status == 200


async def test_two_films_in_one_post_are_refused_in_words(ann: Visitor) -> None:
    files = {f"media_file_{n}": (f"{n}.mp4", film(), "video/mp4") for n in (1, 2)}
    page = await ann.send(await ann.open("/compose"), "form.composer", text="Two", files=files)
    assert page.status == 422
    assert "has other files" in page.form("#media-wrong").text()


@pytest.mark.browser
async def test_a_film_is_posted_and_played_in_chromium(node: Node) -> None:
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        page = await ann.open("/home")
        await page.check(".wants-media", force=True)
        data = film("webm", video="libvpx-vp9", sound="libopus", seconds=2)
        await page.set_input_files("#media_file_1", {"name": "a.webm", "mimeType": "video/webm", "buffer": data})
        await page.fill("#media_alt_1", "A square that changes")
        await page.fill("#text", "Look")
        await page.click(".send .button")
        video = page.locator("article.post video")
        await expect(video).to_have_attribute("aria-label", "A square that changes")
        moved = "new Promise(done => v.addEventListener('timeupdate', done, {once: true}))"
        await video.evaluate(f"v => {{ v.muted = true; v.play(); return {moved}.then(() => {{}}) }}")
        found = await video.evaluate("v => [Math.round(v.duration), v.videoWidth, v.error]")
        assert found == [2, 64, None]
        sought = "new Promise(done => v.addEventListener('seeked', done, {once: true}))"
        await video.evaluate(f"v => {{ const there = {sought}; v.currentTime = 1.5; return there.then(() => {{}}) }}")
        ann.check()


@pytest.mark.browser
async def test_the_composer_says_when_a_film_is_ready(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "PAGE_SECONDS", 0.001)
    async with open_browser() as browser:
        ann = await open_window(browser, node.url)
        await ann.sign_up("ann")
        page = await ann.open("/home")
        await page.check(".wants-media", force=True)
        await page.set_input_files("#media_file_1", {"name": "a.mp4", "mimeType": "video/mp4", "buffer": film()})
        await page.fill("#media_alt_1", "A square")
        await page.fill("#text", "Look")
        await page.click(".send .button")
        note = page.locator("[data-processing]")
        await expect(note).to_contain_text("Still being prepared")
        assert await take_next(node.runtime)
        await expect(note).to_contain_text("Ready")
        await page.click(".send .button")
        await expect(page.locator("article.post video")).to_have_count(1)
