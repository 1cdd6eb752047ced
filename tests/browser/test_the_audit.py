"""The audit itself must be able to fail: a page with one of each fault."""

import pytest

from tests.browser.chromium import open_browser, open_window
from tests.browser.test_for_everybody import AUDIT

pytestmark = [pytest.mark.browser]

FAULTY = """<!doctype html><title>x</title><main><h1>a</h1><h3>b</h3><img src="data:,"><button></button>
<p id=p style="color:#aaa;background:#fff">pale</p><p id=p>twice</p><input aria-describedby="gone" aria-label="i">
<nav><a href="/x"></a></nav><div class="prose"><p class="grey">not dark enough for long reading</p></div></main>
<style>.grey { color: #777; background: #fff }</style>"""


async def test_the_audit_finds_each_fault() -> None:
    async with open_browser() as browser:
        window = await open_window(browser, "about:blank", viewport={"width": 390, "height": 800})
        await window.page.set_content(FAULTY)
        faults = " ".join(await window.page.evaluate(AUDIT))
    for word in (
        "no title or language", "id twice: p", "no alt", "no name", "describes nothing", "nav without a name",
        "heading skips", "inline style", "of 4.5", "of 7", "px high",
    ):  # fmt: skip
        assert word in faults, word
