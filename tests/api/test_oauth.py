"""OAuth between programs: register, trade a code for a token, revoke (client-api 23 to 26; attack rows 90, 93, 102).

The page on which people let apps in is in tests/browser/test_authorising.py.
"""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from node.accounts.queries import get_account
from node.auth import tokens
from node.auth.codes import issue_code, read_consent
from node.auth.grant_rules import OUT_OF_BAND, answer_address, check_challenge, is_redirect
from node.auth.models import OAuthApp, OAuthToken
from node.auth.rules import SCOPES
from node.auth.service import revoke_access
from node.base.db.event_log import EventRow
from node.base.errors import GrantRefused
from tests.support.make import make_post
from tests.support.nodes import Node, Person

BACK = "https://app.example/back?kept=1"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

App = Mapping[str, Any]


async def register(node: Node, *, expect: int = 200, **sent: Any) -> Any:
    body = {"client_name": "Crow", "redirect_uris": [BACK, OUT_OF_BAND], "scopes": "read write follow push", **sent}
    answer = await node.http.post("/api/v1/apps", json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def code_for(node: Node, person: Person, app: App, **asked: str) -> str:
    """Let an app in, as the page does."""
    wanted = {"client_id": app["client_id"], "response_type": "code", "redirect_uri": BACK, "scope": "read write"}
    async with node.runtime.write() as uow:
        consent = await read_consent(uow, {**wanted, **asked})
        return await issue_code(uow, person.account_id, consent, now=node.runtime.now())


async def trade(node: Node, app: App, code: str, *, expect: int = 200, **sent: Any) -> Any:
    body = {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "code": code,
        "redirect_uri": BACK,
        **sent,
    }
    answer = await node.http.post("/oauth/token", data={name: value for name, value in body.items() if value})
    assert answer.status_code == expect, answer.text
    return answer.json()


async def who(node: Node, token: str) -> int:
    answer = await node.http.get("/api/v1/accounts/verify_credentials", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.fixture
async def app(node: Node) -> App:
    found: App = await register(node, website="https://crow.example")
    return found


async def test_an_app_registers_in_every_way_apps_do(node: Node) -> None:
    """client-api 23 and 24: a list or lines, JSON or form; everything Mastodon answers."""
    made = await register(node, website="https://crow.example")
    assert {"id", "name", "website", "scopes", "redirect_uri", "redirect_uris", "vapid_key"} < made.keys()
    assert made["client_secret_expires_at"] == 0
    assert made["redirect_uris"] == [BACK, OUT_OF_BAND]
    assert made["redirect_uri"] == f"{BACK}\n{OUT_OF_BAND}"
    assert sorted(made["scopes"]) == ["follow", "push", "read", "write"]
    lines = {"client_name": " Tu\u202es\x01k ", "redirect_uris": f"icecubesapp://\n{OUT_OF_BAND}"}
    answer = (await node.http.post("/api/v1/apps", data=lines)).json()
    assert (answer["redirect_uris"], answer["scopes"]) == (["icecubesapp://", OUT_OF_BAND], ["read"])
    assert (answer["name"], answer["website"]) == ("Tusk", None)
    async with node.runtime.read() as reader:
        rows = list(await reader.scalars(select(OAuthApp)))
    assert all(made["client_secret"] not in str(vars(row)) for row in rows)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_name": ""},
        {"client_name": "x" * 61},
        {"website": "javascript:alert(1)"},
        {"website": "https://a.example/ \nx"},
        {"scopes": "read everything"},
        {"redirect_uris": ""},
        {"redirect_uris": ["https://a.example", "javascript:alert(1)"]},
        {"redirect_uris": [f"https://a.example/{n}" for n in range(21)]},
    ],
)
async def test_row_103_what_may_not_be_registered(node: Node, wrong: dict[str, Any]) -> None:
    answer = await register(node, expect=422, **wrong)
    assert answer["error"].startswith("Validation failed: ")


@pytest.mark.parametrize(
    "address",
    ["https://a.example/x?y=1", "http://localhost:8000/", "http://127.0.0.1/cb", "http://[::1]:99/", "icecubesapp://",
     "oauth2redirect://com.keylesspalace.tusky/", "com.example.app:/back", OUT_OF_BAND],
)  # fmt: skip
def test_where_a_code_may_go(address: str) -> None:
    assert is_redirect(address)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc", "blob:x", "about:x",
     "http://a.example/", "http://127.0.0.1.a.example/", "https://", "https:///x", "/back", "//a.example", "a.example",
     "https://a.example/#x", "https://a.example/ x", "https://a.example/\r\nSet-Cookie: a=b", "https://a.example/\\x",
     "https://a.example/<x>", "https://ä.example/", "urn:x", "x:", "", "https://[::1",
     "https://a.example/" + "x" * 2000],
)  # fmt: skip
def test_row_103_where_no_code_may_go(address: str) -> None:
    assert not is_redirect(address)


def test_what_was_registered_stays_letter_by_letter() -> None:
    """client-api 23: the framework's redirect would tidy up `app://`."""
    answer = [("code", "c"), ("state", "a b&c=ä")]
    tail = "code=c&state=a+b%26c%3D%C3%A4"
    assert answer_address("icecubesapp://", answer) == f"icecubesapp://?{tail}"
    assert answer_address(BACK, answer) == f"{BACK}&{tail}"
    assert answer_address("https://a.example?", answer) == f"https://a.example?{tail}"
    assert answer_address("https://a.example/", answer, response_mode="fragment") == f"https://a.example/#{tail}"
    assert parse_qs(urlsplit(answer_address(BACK, answer)).query)["state"] == ["a b&c=ä"]


async def test_a_code_for_a_token_that_acts(node: Node, app: App, ann: Person) -> None:
    """The whole way of an app: code, token, post, revoke (client-api 25)."""
    made = await trade(node, app, await code_for(node, ann, app))
    assert (made["token_type"], made["scope"]) == ("Bearer", "read write")
    assert isinstance(made["created_at"], int)
    ann.token = made["access_token"]
    post = await ann.post("from an app")
    assert post["application"] == {"name": "Crow", "website": "https://crow.example"}
    assert (await ann.get("/api/v1/apps/verify_credentials"))["name"] == "Crow"
    client = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": ann.token}
    answer = await node.http.post("/oauth/revoke", data=client)
    assert (answer.status_code, answer.json()) == (200, {})
    assert await who(node, ann.token) == 401
    assert (await node.http.post("/oauth/revoke", data=client)).status_code == 200


async def test_the_app_of_a_post_is_for_who_may_know(node: Node, app: App, ann: Person, bob: Person) -> None:
    """Open posts name it to everybody, the rest to their author alone; posts of the pages have none."""
    ann.token = (await trade(node, app, await code_for(node, ann, app)))["access_token"]
    open_post = await ann.post("open")
    closed = await ann.post("closed @bob", visibility="direct")
    assert closed["application"]["name"] == "Crow"
    assert (await ann.get(f"/api/v1/statuses/{closed['id']}"))["application"]["name"] == "Crow"
    assert (await bob.get(f"/api/v1/statuses/{closed['id']}"))["application"] is None
    assert (await bob.get(f"/api/v1/statuses/{open_post['id']}"))["application"]["name"] == "Crow"
    async with node.runtime.read() as reader:
        author = await get_account(reader, ann.account_id)
    by_hand = await make_post(node.runtime, author, "by hand")
    assert (await ann.get(f"/api/v1/statuses/{by_hand.id}"))["application"] is None


async def test_row_93_a_code_is_good_once(node: Node, app: App, ann: Person) -> None:
    """The second use is refused and revokes what the first one gave, and says so to whatever is open (rule 9)."""
    code = await code_for(node, ann, app)
    other = (await trade(node, app, await code_for(node, ann, app)))["access_token"]
    first = (await trade(node, app, code))["access_token"]
    assert await who(node, first) == 200
    assert (await trade(node, app, code, expect=400))["error"] == "invalid_grant"
    assert (await who(node, first), await who(node, other)) == (401, 200)
    async with node.runtime.read() as reader:
        events = list(await reader.scalars(select(EventRow).where(EventRow.name == "AccessChanged")))
    assert [event.payload for event in events] == [{"account_id": ann.account_id}]


async def test_row_93_two_uses_at_once_leave_no_token(node: Node, app: App, ann: Person) -> None:
    code = await code_for(node, ann, app)
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    client = (app["client_id"], app["client_secret"])
    answers = await asyncio.gather(*(node.http.post("/oauth/token", data=body, auth=client) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    async with node.runtime.read() as reader:
        alive = select(func.count()).where(OAuthToken.app_id.is_not(None), OAuthToken.revoked_at.is_(None))
        assert await reader.scalar(alive) == 0


async def test_row_93_a_code_of_another_app_or_address_or_age(node: Node, app: App, ann: Person) -> None:
    other = await register(node)
    code = await code_for(node, ann, app)
    assert (await trade(node, other, code, expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, redirect_uri=OUT_OF_BAND, expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, redirect_uri="", expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, "nonsense", expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, client_secret="wrong", expect=401))["error"] == "invalid_client"
    assert (await trade(node, app, code, client_id="wrong", expect=401))["error"] == "invalid_client"
    node.clock.advance(minutes=10)
    refused = await trade(node, app, code, expect=400)
    assert refused.keys() == {"error", "error_description"}
    node.clock.advance(minutes=-1)
    assert (await trade(node, app, code))["scope"] == "read write"


async def test_row_93_pkce(node: Node, app: App, ann: Person) -> None:
    """A public app must, another may; a challenge asks for its verifier, and a verifier for its challenge."""
    asked = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    code = await code_for(node, ann, app, **asked)
    assert (await trade(node, app, code, expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, code_verifier="w" * 43, expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, code_verifier="v" * 42, expect=400))["error"] == "invalid_grant"
    assert (await trade(node, app, code, code_verifier=VERIFIER))["access_token"]
    public = await code_for(node, ann, app, **asked)
    assert (await trade(node, app, public, client_secret="", code_verifier=VERIFIER))["access_token"]
    plain = await code_for(node, ann, app)
    assert (await trade(node, app, plain, client_secret="", expect=401))["error"] == "invalid_client"
    assert (await trade(node, app, plain, code_verifier=VERIFIER, expect=400))["error"] == "invalid_grant"


@pytest.mark.parametrize(("challenge", "method"), [(CHALLENGE, ""), (CHALLENGE, "plain"), ("", "S256"), ("x", "S256")])
def test_row_93_only_s256(challenge: str, method: str) -> None:
    with pytest.raises(GrantRefused):
        check_challenge(challenge, method)


async def test_row_93_no_scope_wider_than_asked(node: Node, ann: Person) -> None:
    """Neither than the app registered, nor than the person agreed to; a narrower one is given."""
    app = await register(node, scopes="read:accounts write")
    for scope in ("read", "read:accounts push", "admin:read", "nonsense"):
        with pytest.raises(GrantRefused) as refused:
            await code_for(node, ann, app, scope=scope)
        assert refused.value.word == "invalid_scope"
    code = await code_for(node, ann, app, scope="read:accounts write:statuses")
    assert (await trade(node, app, code, scope="write", expect=400))["error"] == "invalid_scope"
    made = await trade(node, app, code, scope="write:statuses")
    assert made["scope"] == "write:statuses"
    assert await who(node, made["access_token"]) == 403
    wide = await register(node, scopes="read write")
    assert (await trade(node, wide, await code_for(node, ann, wide, scope="follow")))["scope"] == "follow"


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://app.example/back"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": BACK.upper()},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"response_type": ""},
        {"response_mode": "web_message"},
        {"response_mode": "form_post", "redirect_uri": OUT_OF_BAND},
        {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
    ],
)
async def test_row_94_what_cannot_be_asked_of_a_person(
    node: Node, app: App, ann: Person, asked: dict[str, str]
) -> None:
    with pytest.raises(GrantRefused):
        await code_for(node, ann, app, **asked)


async def test_an_app_for_itself(node: Node, app: App) -> None:
    """client_credentials: no person behind it, so people's routes are shut (row 90)."""
    body = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"]}
    made = (await node.http.post("/oauth/token", json=body | {"scope": "read write"})).json()
    assert made["scope"] == "read write"
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    assert (await node.http.get("/api/v1/apps/verify_credentials", headers=headers)).json()["id"] == app["id"]
    assert await who(node, made["access_token"]) == 403
    assert (await node.http.post("/oauth/token", data=body)).json()["scope"] == "read"
    for wrong in ({"client_secret": ""}, {"client_secret": "x"}, {"client_id": "x"}):
        answer = await node.http.post("/oauth/token", json={**body, **wrong})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.json()["error_description"].startswith("Client authentication failed")
    answer = await node.http.post("/oauth/token", json=body | {"scope": "admin:write"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    answer = await node.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("x", "y"))
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("grant", "word"),
    [("password", "unsupported_grant_type"), ("refresh_token", "unsupported_grant_type"), ("", "invalid_request")],
)
async def test_row_102_no_way_round_the_page(node: Node, app: App, ann: Person, grant: str, word: str) -> None:
    """client-api 25: the password grant is not there, so nothing that guards sign-in is passed by."""
    body = {"grant_type": grant, "username": "ann@example.com", "password": "correct horse battery"}
    client = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    answer = await node.http.post("/oauth/token", data=body | client)
    assert (answer.status_code, answer.json()["error"]) == (400, word)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_row_89_an_app_revokes_its_own_tokens_alone(node: Node, app: App, ann: Person) -> None:
    """The answer does not tell whether there was such a token (RFC 7009)."""
    made = (await trade(node, app, await code_for(node, ann, app)))["access_token"]
    other = await register(node)
    for client, status in ((other, 200), ({**app, "client_secret": "x"}, 401), ({**app, "client_id": "x"}, 401)):
        body = {"client_id": client["client_id"], "client_secret": client["client_secret"], "token": made}
        assert (await node.http.post("/oauth/revoke", data=body)).status_code == status
        assert await who(node, made) == 200
    answer = await node.http.post("/oauth/revoke", data={"client_id": app["client_id"]})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    await node.http.post("/oauth/revoke", data={"client_id": app["client_id"], "token": made})
    assert await who(node, made) == 401


async def test_row_95_a_new_password_ends_tokens_and_codes(node: Node, app: App, ann: Person) -> None:
    made = (await trade(node, app, await code_for(node, ann, app)))["access_token"]
    code = await code_for(node, ann, app)
    async with node.runtime.write() as uow:
        await revoke_access(uow, ann.account_id, now=node.runtime.now())
    assert await who(node, made) == 401
    await trade(node, app, code, expect=400)
    async with node.runtime.read() as reader:
        events = list(await reader.scalars(select(EventRow).where(EventRow.name == "AccessChanged")))
    assert [event.payload for event in events] == [{"account_id": ann.account_id}]


async def test_row_59_tokens_are_not_piled_up(
    node: Node, app: App, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest make room, in an app, for a person and for apps alone; others' and operators' stay."""
    monkeypatch.setattr(tokens, "MAX_OF_PERSON_AND_APP", 2)
    monkeypatch.setattr(tokens, "MAX_OF_PERSON", 3)
    monkeypatch.setattr(tokens, "MAX_OF_APP", 2)
    other = await register(node)

    async def made(of: App, person: Person) -> str:
        return str((await trade(node, of, await code_for(node, person, of)))["access_token"])

    bobs = await made(app, bob)
    mine = [await made(app, ann) for _ in range(3)]
    assert [await who(node, token) for token in mine] == [401, 200, 200]
    mine += [await made(other, ann) for _ in range(2)]
    assert [await who(node, token) for token in mine] == [401, 401, 200, 200, 200]
    assert [await who(node, token) for token in (bobs, ann.token)] == [200, 200]
    body = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"]}
    alone = [(await node.http.post("/oauth/token", data=body)).json()["access_token"] for _ in range(3)]
    assert [await who(node, token) for token in alone] == [401, 403, 403]


async def test_what_a_token_is_good_for(node: Node, app: App, ann: Person) -> None:
    """Introspection (RFC 7662): for the app that holds it, with its secret; of others nothing is said (row 89)."""
    made = (await trade(node, app, await code_for(node, ann, app)))["access_token"]
    client, other = (app["client_id"], app["client_secret"]), await register(node)

    async def ask(token: str, auth: tuple[str, str]) -> Any:
        return (await node.http.post("/oauth/introspect", data={"token": token}, auth=auth)).json()

    found = await ask(made, client)
    assert (found["active"], found["scope"], found["username"]) == (True, "read write", "ann")
    assert await ask(made, (other["client_id"], other["client_secret"])) == {"active": False}
    assert await ask("nonsense", client) == await ask(ann.token, client) == {"active": False}
    assert (await ask(made, (app["client_id"], "x")))["error"] == "invalid_client"
    answer = await node.http.post("/oauth/introspect", data={"token": made, "client_id": app["client_id"]})
    assert answer.status_code == 401
    await node.http.post("/oauth/revoke", data={"token": made}, auth=client)
    assert await ask(made, client) == {"active": False}


async def test_who_a_token_is(node: Node, app: App, ann: Person) -> None:
    """userinfo: `profile` and nothing else opens it."""
    app = await register(node, scopes="profile read")
    token = (await trade(node, app, await code_for(node, ann, app, scope="profile")))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for method in ("GET", "POST"):
        found = (await node.http.request(method, "/oauth/userinfo", headers=headers)).json()
        assert (found["sub"], found["preferred_username"], found["name"]) == (ann.uri, "ann", "Ann")
    reader = (await trade(node, app, await code_for(node, ann, app, scope="read")))["access_token"]
    answer = await node.http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {reader}"})
    assert answer.status_code == 403
    assert (await node.http.get("/oauth/userinfo")).status_code == 401


async def test_what_there_is_of_oauth(node: Node) -> None:
    """Tier A: without this document Phanpy leaves PKCE out; every address in it is one of ours."""
    answer = await node.http.get("/.well-known/oauth-authorization-server")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    found = answer.json()
    assert found["issuer"] == node.runtime.settings.public_url
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert set(found["scopes_supported"]) == SCOPES
    assert all(value.startswith(found["issuer"]) for name, value in found.items() if name.endswith("_endpoint"))


async def test_row_111_nonsense_at_the_machine_endpoints(node: Node) -> None:
    """Refused in JSON, never an accident."""
    for path in ("/oauth/token", "/oauth/revoke", "/api/v1/apps"):
        for sent in (
            {"json": {"grant_type": ["x"], "client_id": {}, "token": 1}},
            {"json": {"grant_type": "authorization_code", "client_id": 5, "code": None, "redirect_uri": {"a": 1}}},
            {"json": {"client_name": {}, "redirect_uris": {"a": {"b": 1}}, "scopes": 7}},
            {"data": {"grant_type": "client_credentials", "client_id": "\x00", "client_secret": "\x00\ud7ff"}},
            {"content": b"\xff", "headers": {"Content-Type": "application/json"}},
            {"data": {"grant_type": "client_credentials"}, "headers": {"Authorization": "Basic ////"}},
            {"data": {"grant_type": "client_credentials", "token": "x"}, "auth": ("a\x00b", "\x00")},
        ):
            answer = await node.http.post(path, **sent)  # type: ignore[arg-type]
            assert 400 <= answer.status_code < 500, (path, sent)
            assert isinstance(answer.json()["error"], str)


async def test_a_token_is_seen_in_use(node: Node, app: App, ann: Person) -> None:
    """For the list in the settings: noted at first use and then twice a day."""
    ann.token = (await trade(node, app, await code_for(node, ann, app)))["access_token"]

    async def last_used() -> Any:
        async with node.runtime.read() as reader:
            return await reader.scalar(select(OAuthToken.last_used_at).where(OAuthToken.app_id.is_not(None)))

    assert await last_used() is None
    await ann.get("/api/v1/preferences")
    first = await last_used()
    node.clock.advance(hours=1)
    await ann.get("/api/v1/preferences")
    assert await last_used() == first
    node.clock.advance(hours=12)
    await ann.get("/api/v1/preferences")
    assert await last_used() > first
