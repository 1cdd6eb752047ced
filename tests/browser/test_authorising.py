"""The page on which people let apps in, and the list of those they let in (client-api 23, 26, 27; attack rows 94, 95,
97, 102, 103): by its forms alone, then in a real Chromium."""

from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest
from playwright.async_api import expect

from node.auth.grant_rules import OUT_OF_BAND
from node.auth.rules import SCOPES
from node.auth.service import revoke_token_by_id
from node.web.scope_words import permissions, words_for
from tests.browser.chromium import open_browser, open_window
from tests.browser.visitor import Shown, Visitor
from tests.support.make import make_account, make_token
from tests.support.nodes import Node

PAGE = "/oauth/authorize"
FORM = f"form[action^='{PAGE}']"
BACK = "crowapp://back"
STATE = "a b&c=<ä>/%2F\"'"


async def register(node: Node, **sent: Any) -> Any:
    body = {"client_name": "Crow", "redirect_uris": [BACK, OUT_OF_BAND], "scopes": "read write follow push", **sent}
    answer = await node.http.post("/api/v1/apps", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def address(app: Any, **asked: str) -> str:
    wanted = {"client_id": app["client_id"], "redirect_uri": BACK, "response_type": "code", "scope": "read", **asked}
    return f"{PAGE}?{urlencode(wanted)}"


async def press(visitor: Visitor, page: Shown, **pressed: str) -> httpx.Response:
    """Send the page's form and stay where the answer is."""
    form = page.form(FORM)
    token = page.form(f"{FORM} input[name=csrf_token]").attributes["value"] or ""
    sent = {"csrf_token": token, **pressed}
    return await visitor.http.post(form.attributes["action"] or "", data=sent, follow_redirects=False)


async def trade(node: Node, app: Any, code: str, redirect_uri: str = BACK) -> Any:
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    answer = await node.http.post("/oauth/token", data=body, auth=(app["client_id"], app["client_secret"]))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_sign_in_first_come_back_and_let_it_in(node: Node) -> None:
    """client-api 26; `state` goes back untouched, the app's own scheme letter by letter (client-api 23)."""
    app = await register(node)
    await make_account(node.runtime, "ann")
    async with Visitor(node.url) as ann:
        asked = address(app, state=STATE, lang="de", scope="read write follow push").replace(PAGE, PAGE + "/")
        page = await ann.open(asked)
        assert page.path == "/auth/sign_in"
        page = await ann.send(page, "form", login="ann", password="correct horse battery")
        assert page.path == PAGE
        assert "Let Crow use your account?" in page.text
        assert "Act for you: post, delete, like, boost" in page.text
        assert "New" not in page.text
        answer = await press(ann, page, allow="1")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("crowapp://back?code=")
        assert answer.headers["Cache-Control"] == "no-store"
        found = parse_qs(urlsplit(answer.headers["location"]).query)
        assert found["state"] == [STATE]
        made = await trade(node, app, found["code"][0])
        assert made["scope"] == "follow push read write"
        answer = await press(ann, page, deny="1")
        found = parse_qs(urlsplit(answer.headers["location"]).query)
        assert (found["error"], found["state"]) == (["access_denied"], [STATE])
        assert "code" not in found


async def test_a_code_to_copy(node: Node) -> None:
    """Out of band (client-api 23): for toot and scripts. The code stands on a page that nothing keeps."""
    app = await register(node)
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        page = await ann.send(await ann.open(address(app, redirect_uri=OUT_OF_BAND)), FORM, allow="1")
        assert page.response.headers["Cache-Control"] == "no-store"
        code = page.form("#code").attributes["value"] or ""
        assert (await trade(node, app, code, OUT_OF_BAND))["access_token"]
        page = await ann.send(await ann.open(address(app, redirect_uri=OUT_OF_BAND)), FORM, deny="1")
        assert page.path == "/home"
        assert "Crow was not let in" in page.text


async def test_row_94_it_asks_an_app_of_the_device_every_time_and_marks_what_is_new(node: Node) -> None:
    app = await register(node, scopes="read write follow push")
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        answer = await press(ann, await ann.open(address(app)), allow="1")
        await trade(node, app, parse_qs(urlsplit(answer.headers["location"]).query)["code"][0])
        page = await ann.open(address(app))
        assert "You let it in before" in page.text
        assert not page.html.css(".pill")
        page = await ann.open(address(app, scope="read write"))
        (new,) = [line for line in page.html.css(".permissions li") if line.css_first(".pill")]
        assert new.text().strip().startswith("Act for you")


async def test_row_94_consent_is_remembered_for_no_more_than_was_given(node: Node) -> None:
    """For apps on the web, which are known by their address; `prompt` asks again, or for nothing."""
    web = "https://crow.example/back"
    app = await register(node, redirect_uris=[BACK, web])
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        ask = {"redirect_uri": web, "scope": "read push", "state": STATE}
        none = await ann.open(address(app, **ask, prompt="none"))
        assert (none.status, "You have to be asked" in none.text) == (400, True)
        answer = await press(ann, await ann.open(address(app, **ask)), allow="1")
        await trade(node, app, parse_qs(urlsplit(answer.headers["location"]).query)["code"][0], web)
        for asked in (ask, ask | {"scope": "read:statuses"}, ask | {"prompt": "none"}):
            answer = await ann.http.get(address(app, **asked), follow_redirects=False)
            assert answer.status_code == 303
            found = parse_qs(urlsplit(answer.headers["location"]).query)
            assert found["state"] == [STATE]
            assert (await trade(node, app, found["code"][0], web))["scope"] in ("push read", "read:statuses")
        for asked in (
            ask | {"scope": "read push write"},
            ask | {"scope": "follow"},
            ask | {"prompt": "consent"},
            ask | {"redirect_uri": BACK},
        ):
            page = await ann.open(address(app, **asked))
            assert page.path == PAGE, asked
            assert "You let it in before" in page.text
        for prompt in ("login", "select_account"):
            assert (await ann.open(address(app, **ask, prompt=prompt))).path == "/auth/sign_in"
    async with Visitor(node.url) as nobody:
        page = await nobody.open(address(app, **ask, prompt="none"))
        assert (page.status, page.path) == (400, PAGE)


async def test_row_94_the_form_cannot_be_sent_from_elsewhere_or_framed(node: Node) -> None:
    """CSRF token, SameSite, origin, frame-ancestors; the form may lead back to any app (client-api 27)."""
    app = await register(node)
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        page = await ann.open(address(app))
        policy = page.response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy
        assert "form-action" not in policy
        assert page.response.headers["X-Frame-Options"] == "DENY"
        assert "form-action 'self'" in (await ann.open("/home")).response.headers["Content-Security-Policy"]
        assert (await press(ann, page, allow="1", csrf_token="x")).status_code == 403
        token = page.form(f"{FORM} input[name=csrf_token]").attributes["value"] or ""
        for headers in ({"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}):
            sent = {"csrf_token": token, "allow": "1"}
            answer = await ann.http.post(address(app), data=sent, headers=headers, follow_redirects=False)
            assert answer.status_code == 403


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "nobody"},
        {"client_id": "a\x00b"},
        {"redirect_uri": "https://evil.test/"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": ""},
        {"scope": "admin:write"},
        {"scope": "nonsense"},
        {"response_type": "token"},
        {"code_challenge": "x", "code_challenge_method": "plain"},
        {"response_mode": "form_post"},
    ],
)
async def test_row_103_a_wrong_request_leads_nowhere(node: Node, asked: dict[str, str]) -> None:
    """Not even to an address that is registered: the answer is a page of ours, for reading and for sending alike."""
    app = await register(node)
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        good = await ann.open(address(app))
        page = await ann.open(address(app, **asked))
        assert page.status in (400, 401)
        assert "This app cannot be let in" in page.text
        token = good.form(f"{FORM} input[name=csrf_token]").attributes["value"] or ""
        sent = {"csrf_token": token, "allow": "1"}
        answer = await ann.http.post(address(app, **asked), data=sent, follow_redirects=False)
        assert answer.status_code in (400, 401)
        assert "location" not in answer.headers
        twice = await ann.open(address(app) + "&" + urlencode({"redirect_uri": "https://evil.test/"}))
        assert twice.status == 400


async def test_force_login_asks_for_the_password_and_may_change_who(node: Node) -> None:
    """client-api 26; no loop when one is signed out; the session of before ends (row 95)."""
    app = await register(node)
    await make_account(node.runtime, "bo")
    async with Visitor(node.url) as ann:
        page = await ann.open(address(app, force_login="true"))
        assert page.path == "/auth/sign_in"
        await ann.sign_up("ann")
        page = await ann.open(address(app, force_login="False"))
        assert page.path == PAGE
        page = await ann.open(page.form("a[href*='force_login']").attributes["href"] or "")
        assert page.path == "/auth/sign_in"
        page = await ann.send(page, "form[action='/auth/sign_in']", login="bo", password="wrong wrong")
        assert page.status == 422
        page = await ann.send(page, "form[action='/auth/sign_in']", login="bo", password="correct horse battery")
        assert page.path == PAGE
        assert "@bo@" in page.text
        assert "@ann@" not in page.text


async def test_how_the_answer_is_brought(node: Node) -> None:
    """`response_mode` fragment, and a form for web apps that works without script."""
    web = "https://crow.example/back"
    app = await register(node, redirect_uris=[BACK, web])
    async with Visitor(node.url) as ann:
        await ann.sign_up("ann")
        answer = await press(ann, await ann.open(address(app, response_mode="fragment")), allow="1")
        assert answer.headers["location"].startswith("crowapp://back#code=")
        asked = address(app, response_mode="form_post", redirect_uri=web, state=STATE)
        page = await ann.open(asked)
        assert "You go on to crow.example" in page.text
        page = await ann.send(page, FORM, allow="1")
        form = page.form(f"form[action='{web}']")
        sent = {field.attributes["name"]: field.attributes["value"] for field in form.css("input")}
        assert sent.keys() == {"code", "state"}
        assert sent["state"] == STATE
        assert "form-action" not in page.response.headers["Content-Security-Policy"]


async def test_row_103_back_to_the_page_and_nowhere_else(node: Node) -> None:
    """A long request survives the sign-in; what leads to other hosts does not."""
    app = await register(node)
    async with Visitor(node.url) as ann:
        page = await ann.open(address(app, state="s" * 3000))
        assert page.path == "/auth/sign_in"
        assert (page.form("input[name=return_to]").attributes["value"] or "").endswith("s" * 3000)
        page = await ann.open("/auth/sign_in?again=1&return_to=" + quote("//evil.test" + PAGE))
        assert page.form("input[name=return_to]").attributes["value"] == "/home"


async def test_row_89_the_list_of_apps_is_ones_own(node: Node) -> None:
    """Settings, Apps: what acts for me, and an end to it; another's token stays."""
    app = await register(node, client_name="<b>Crow</b>", website="https://crow.example")
    bo = await make_account(node.runtime, "bo")
    await make_token(node.runtime, bo.id)
    async with Visitor(node.url) as ann, Visitor(node.url) as other:
        await ann.sign_up("ann")
        await other.sign_in("bo")
        assert "None. Sign in with any app" in (await ann.open("/settings/apps")).text
        answer = await press(ann, await ann.open(address(app)), allow="1")
        made = await trade(node, app, parse_qs(urlsplit(answer.headers["location"]).query)["code"][0])
        page = await ann.open("/settings/apps")
        assert "<b>Crow</b>" in page.text
        assert "never used" in page.text
        bos = await other.open("/settings/apps")
        path = page.form("form[action$='/revoke']").attributes["action"] or ""
        token = bos.form("form[action$='/revoke'] input[name=csrf_token]").attributes["value"] or ""
        await other.http.post(path, data={"csrf_token": token})
        headers = {"Authorization": f"Bearer {made['access_token']}"}
        assert (await node.http.get("/api/v1/apps/verify_credentials", headers=headers)).status_code == 200
        page = await ann.send(page, "form[action$='/revoke']")
        assert "That app is signed out" in page.text
        assert (await node.http.get("/api/v1/apps/verify_credentials", headers=headers)).status_code == 401
        assert "A token made by the people who look after" in (await other.open("/settings/apps")).text
    async with node.runtime.write() as uow:
        assert not await revoke_token_by_id(uow, bo.id, 4711, now=node.runtime.now())


def test_every_scope_is_said_in_words() -> None:
    """And a wider one swallows what it contains."""
    said = {words_for(scope) for scope in SCOPES}
    assert len(said) == len(SCOPES)
    assert [line.scope for line in permissions({"read", "read:lists", "write:lists"})] == ["read", "write:lists"]
    assert [line.is_new for line in permissions({"read", "push"}, held=frozenset({"read"}))] == [False, True]


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False])
async def test_in_a_browser(node: Node, script: bool) -> None:
    """The redirect to an app's address is not held up by the page's own policy (client-api 27)."""
    app = await register(node, redirect_uris=["http://localhost:9/back"], website="https://crow.example")
    async with open_browser() as browser:
        ann = await open_window(browser, node.url, java_script_enabled=script)
        await ann.sign_up("ann")
        page = await ann.open(address(app, redirect_uri="http://localhost:9/back", scope="read write push", state="s"))
        await expect(page.locator("h1")).to_have_text("Let Crow use your account?")
        async with page.expect_request("http://localhost:9/back?**") as asked:
            await page.click("button[name=allow]")
        found = parse_qs(urlsplit((await asked.value).url).query)
        assert found["state"] == ["s"]
        assert (await trade(node, app, found["code"][0], "http://localhost:9/back"))["scope"] == "push read write"
