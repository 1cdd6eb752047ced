"""Every form of the pages, found in the table of routes: without its token, with another's, from elsewhere, and by
nobody it does nothing (attack rows 89, 91, 94, 95, 103); and no page is framed (row 81)."""

import re
from collections.abc import AsyncIterator
from itertools import cycle

import httpx
import pytest

from admin.serve import build_app
from node.accounts.queries import find_local_account
from node.auth.factor_models import TotpDevice
from node.auth.queries import find_session
from node.auth.recovery_codes import make_recovery_codes
from node.base.runtime import Runtime
from tests.browser.visitor import Visitor
from tests.support.make import make_account
from tests.support.nodes import Node, serve_node
from tests.support.redis_server import RedisServer

MACHINES = (
    "/api/",
    "/inbox",
    "/actor",
    "/users/",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/userinfo",
)
NAMED = {"<any(": re.compile(r"<any\(([a-z]+)[^>]*>"), "<": re.compile(r"<[^>]*>")}


@pytest.fixture
async def node(redis_server: RedisServer) -> AsyncIterator[Node]:
    """The whole application."""
    async with serve_node(redis_server) as served:
        yield served


def forms(runtime: Runtime) -> list[str]:
    """Return the path of every form there is."""
    found = []
    for rule in build_app(runtime).url_map.iter_rules():
        if (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"} and not rule.rule.startswith(MACHINES):
            path = NAMED["<any("].sub(r"\1", rule.rule)
            found.append(NAMED["<"].sub("1", path))
    assert len(found) > 20
    return found


async def test_row_94_no_form_without_its_token(node: Node) -> None:
    """For somebody signed in (an admin, who may do most) and for nobody. Each form without a token, with a wrong one,
    from elsewhere and by nobody; the ways to be wrong or elsewhere take turns, since one guard stands before all."""
    await make_account(node.runtime, "chief", role="admin")
    async with Visitor(node.url) as chief, Visitor(node.url) as stranger:
        await chief.sign_in("chief")
        await stranger.open("/auth/sign_in")
        page = await chief.open("/compose")
        token = page.form("form.composer input[name=csrf_token]").attributes["value"] or ""
        wrong = cycle(({"csrf_token": ""}, {"csrf_token": "x"}, {"csrf_token": token + "x"}))
        elsewhere = cycle(
            (
                {"Origin": "https://evil.test"},
                {"Origin": node.url.replace("http:", "https:")},
                {"Origin": node.url + ".evil.test"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Sec-Fetch-Site": "same-site"},
            )
        )
        for path in forms(node.runtime):
            for sent in ({}, next(wrong)):
                answer = await chief.http.post(path, data=sent, follow_redirects=False)
                assert answer.status_code == 403, (path, sent)
            headers = next(elsewhere)
            answer = await chief.http.post(path, data={"csrf_token": token}, headers=headers, follow_redirects=False)
            assert answer.status_code == 403, (path, headers)
            answer = await stranger.http.post(path, data={"csrf_token": token}, follow_redirects=False)
            assert answer.status_code == 403 or answer.headers.get("location", "").startswith("/auth/sign_in"), path
        assert (await chief.open("/home")).status == 200


async def test_row_91_no_operators_form_for_others(node: Node) -> None:
    await make_account(node.runtime, "bob")
    async with Visitor(node.url) as bob:
        await bob.sign_in("bob")
        page = await bob.open("/compose")
        token = page.form("form.composer input[name=csrf_token]").attributes["value"] or ""
        for path in forms(node.runtime):
            if path.startswith("/admin"):
                answer = await bob.http.post(path, data={"csrf_token": token}, follow_redirects=False)
                assert answer.status_code == 403, path


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "https://evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "/\t/evil.test",
        " //evil.test",
        "/%0d%0aLocation: https://evil.test",
        "//evil.test/%2f..",
        "/\r\nSet-Cookie: a=b",
        "http://127.0.0.1@evil.test/",
    ],
)
async def test_row_103_nobody_is_led_away(node: Node, wanted: str) -> None:
    """After signing in, and after any button."""
    await make_account(node.runtime, "bob")
    async with Visitor(node.url) as bob:
        page = await bob.open("/auth/sign_in")
        token = page.form("input[name=csrf_token]").attributes["value"] or ""
        sent = {"csrf_token": token, "login": "bob", "password": "correct horse battery", "return_to": wanted}
        answer = await bob.http.post("/auth/sign_in", data=sent, follow_redirects=False)
        assert answer.status_code == 303
        _stays(node, answer)
        answer = await bob.http.get("/auth/sign_in", params={"return_to": wanted}, follow_redirects=False)
        _stays(node, answer)
        async with node.runtime.write() as uow:
            now, bobs = node.runtime.now(), await find_local_account(uow, "bob")
            assert bobs is not None
            uow.add(TotpDevice(account_id=bobs.id, secret="A" * 32, created_at=now, confirmed_at=now))
            codes = await make_recovery_codes(uow, bobs.id, now=now)
        async with Visitor(node.url) as other:
            page = await other.open("/auth/sign_in")
            token = page.form("input[name=csrf_token]").attributes["value"] or ""
            sent = {"csrf_token": token, "login": "bob", "password": "correct horse battery", "return_to": wanted}
            _stays(node, await other.http.post("/auth/sign_in", data=sent, follow_redirects=False))
            sent = {"csrf_token": token, "code": codes[0], "return_to": wanted}
            answer = await other.http.post("/auth/second", data=sent, follow_redirects=False)
            assert answer.status_code == 303
            _stays(node, answer)
        page = await bob.open("/compose")
        token = page.form("form.composer input[name=csrf_token]").attributes["value"] or ""
        sent = {"csrf_token": token, "text": "Hello", "return_to": wanted}
        _stays(node, await bob.http.post("/web/posts", data=sent, follow_redirects=False))


@pytest.mark.parametrize(
    "path",
    [
        "/web//evil.test", "/web/\\evil.test", "//evil.test", "/%2f%2fevil.test", "/auth/sign_in//evil.test",
        "/authorize_interaction?uri=javascript:alert(1)", "/authorize_interaction?uri=https://evil.test",
        "/home?return_to=//evil.test", "/auth/second?return_to=//evil.test",
    ],
)  # fmt: skip
async def test_row_103_no_address_leads_away(node: Node, path: str) -> None:
    """For somebody signed in and for nobody."""
    await make_account(node.runtime, "bob")
    async with Visitor(node.url) as bob, Visitor(node.url) as stranger:
        await bob.sign_in("bob")
        for visitor in (bob, stranger):
            answer = await visitor.http.request("GET", httpx.URL(node.url + path), follow_redirects=False)
            assert answer.status_code < 500
            if "location" in answer.headers:
                _stays(node, answer)


async def test_row_81_no_page_is_framed(node: Node) -> None:
    """Every page and answer that takes no id, for an admin and for nobody; embeds are made to be framed."""
    await make_account(node.runtime, "chief", role="admin")
    paths = {
        rule.rule
        for rule in build_app(node.runtime).url_map.iter_rules()
        if "GET" in (rule.methods or set()) and not rule.arguments and not rule.rule.startswith("/api/v1/streaming")
    }
    assert len(paths) > 80
    async with Visitor(node.url) as chief, Visitor(node.url) as stranger:
        await chief.sign_in("chief")
        for path in sorted(paths):
            for visitor in (stranger,) if path.startswith(MACHINES) else (chief, stranger):
                answer = await visitor.http.get(path, follow_redirects=False)
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
                assert answer.headers["X-Frame-Options"] == "DENY", path


def _stays(node: Node, answer: httpx.Response) -> None:
    location = httpx.URL(node.url).join(answer.headers["location"])
    assert (location.host, location.port) == (httpx.URL(node.url).host, httpx.URL(node.url).port), answer.headers
    assert "set-cookie: a=b" not in str(answer.headers).lower()
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))


async def test_row_95_a_session_that_was_planted_is_not_taken_up(node: Node) -> None:
    """Signing in gives a secret of its own; the planted one, and after signing out the own one, open nothing."""
    await make_account(node.runtime, "bob")
    async with Visitor(node.url) as bob:
        name = f"rookery_session_{httpx.URL(node.url).port}"
        bob.http.cookies.set(name, "planted", domain="127.0.0.1", path="/")
        await bob.sign_in("bob")
        secrets = {cookie.value for cookie in bob.http.cookies.jar if cookie.name == name} - {"planted"}
        assert len(secrets) == 1
        secret = str(secrets.pop())
        await bob.send(await bob.open("/home"), "form[action='/auth/sign_out']")
    async with node.runtime.read() as reader:
        for value in (secret, "planted", ""):
            assert await find_session(reader, value, node.runtime.now()) is None
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as thief:
        answer = await thief.get("/home", headers={"Cookie": f"{name}={secret}"})
        assert answer.status_code == 303
