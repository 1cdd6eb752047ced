"""One `rookery up` for all of these tests, with people who let an app in as people do: on the page, by pressing."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from mastodon import Mastodon

from tests.browser.visitor import Visitor
from tests.chaos.real_nodes import RealNode

PASSWORD = "correct horse battery"
SCOPES = ["read", "write", "follow", "push"]
FORM = "form[action^='/oauth/authorize']"


@dataclass(frozen=True)
class Live:
    """The running node."""

    node: RealNode

    @property
    def url(self) -> str:
        return self.node.settings.public_url

    def code(self, address: str, name: str) -> str:
        """Sign in, press "Allow" on the page at `address`, and return the code that is shown or sent along."""

        async def press() -> str:
            async with Visitor(self.url) as browser:
                await browser.sign_in(name, PASSWORD)
                page = await browser.open(address)
                form = page.form(FORM)
                token = page.form(f"{FORM} input[name=csrf_token]").attributes["value"] or ""
                answer = await browser.http.post(
                    form.attributes["action"] or "", data={"csrf_token": token, "allow": "1"}, follow_redirects=False
                )
                if answer.status_code == 303 and "code=" in answer.headers["location"]:
                    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
                shown = await browser.open(answer.headers["location"]) if answer.is_redirect else browser._shown(answer)
                return shown.form("#code").attributes["value"] or ""

        return asyncio.run(press())

    def client(self, name: str) -> Mastodon:
        """Return Mastodon.py, signed in as somebody by the whole of OAuth."""
        id_, secret = Mastodon.create_app("suite", scopes=SCOPES, api_base_url=self.url)
        api = Mastodon(client_id=id_, client_secret=secret, api_base_url=self.url)
        address = api.auth_request_url(scopes=SCOPES, allow_http=True)
        api.log_in(code=self.code(address, name), scopes=SCOPES, allow_http=True)
        return api


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A node with Ann, Bob and Cy."""
    node = RealNode(Path(tmp_path_factory.mktemp("clients")), "node")

    async def prepare() -> None:
        node.launch()
        await node.ready()
        for name in ("ann", "bob", "cy"):
            await node.person(name)
        await node.http.aclose()

    try:
        asyncio.run(prepare())
        yield Live(node)
    finally:
        node.close()


@pytest.fixture(scope="session")
def ann(live: Live) -> Mastodon:
    return live.client("ann")


@pytest.fixture(scope="session")
def bob(live: Live) -> Mastodon:
    return live.client("bob")


Eventually = Callable[[Callable[[], object]], object]
