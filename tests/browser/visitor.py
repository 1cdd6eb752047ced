"""A browser without JavaScript, and without a window: follows links and sends the forms a page really has."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support.serving import TRUSTS_NOBODY


@dataclass
class Shown:
    """A page as it was answered."""

    response: httpx.Response
    html: LexborHTMLParser

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.url.path

    @property
    def text(self) -> str:
        main = self.html.css_first("main")
        return " ".join((main or self.html.root).text(separator=" ").split()) if self.html.root else ""

    def form(self, selector: str) -> LexborNode:
        found = self.html.css_first(selector)
        assert found is not None, f"{selector} is not on {self.path}:\n{self.text[:800]}"
        return found


class Visitor:
    """Keeps cookies, follows redirects, posts forms with every hidden field they carry."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(
            base_url=url, follow_redirects=True, trust_env=False, timeout=20, verify=TRUSTS_NOBODY
        )

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.http.aclose()

    async def open(self, path: str) -> Shown:
        return self._shown(await self.http.get(path, headers={"Accept": "text/html"}))

    async def send(self, page: Shown, selector: str, *, button: str = "", files: Any = None, **typed: str) -> Shown:
        """Fill and send the form at `selector`; `button` is a part of the formaction to press."""
        form = page.form(selector)
        data: dict[str, Any] = {}
        for field in form.css("input, textarea, select"):
            name, kind = field.attributes.get("name"), field.attributes.get("type")
            if not name or kind in ("file", "submit"):
                continue
            if kind in ("checkbox", "radio") and "checked" not in field.attributes:
                continue
            data.setdefault(name, []).append(_value(field))
        action = form.attributes.get("action") or page.path
        if button:
            found = [b for b in form.css("button") if button in (b.attributes.get("formaction") or "")]
            assert found, f"no button {button} in {selector}"
            action = found[0].attributes["formaction"] or action
        data.update(typed)
        return self._shown(await self.http.post(action, data=data, files=files, headers={"Accept": "text/html"}))

    async def sign_up(self, name: str, password: str = "correct horse battery") -> Shown:
        return await self.send(
            await self.open("/auth/sign_up"),
            "form[action='/auth/sign_up']",
            username=name,
            email=f"{name}@example.com",
            password=password,
            password_again=password,
        )

    async def sign_in(self, name: str, password: str = "correct horse battery") -> Shown:
        page = await self.open("/auth/sign_in")
        return await self.send(page, "form[action='/auth/sign_in']", login=name, password=password)

    async def post(self, text: str, **more: Any) -> Shown:
        return await self.send(await self.open("/compose"), "form.composer", text=text, **more)

    def _shown(self, response: httpx.Response) -> Shown:
        return Shown(response, LexborHTMLParser(response.text))


def _value(field: LexborNode) -> str:
    if field.tag == "textarea":
        return unescape(re.sub(r"^\n", "", field.text()))
    if field.tag == "select":
        options = field.css("option")
        chosen = [o for o in options if "selected" in o.attributes] or options
        return chosen[0].attributes.get("value") or ""
    return field.attributes.get("value") or ""
