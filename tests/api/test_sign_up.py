"""Signing up by an app, and the letter that confirms an address (attack rows 59, 73, 90, 99, 101)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from node.accounts.queries import find_local_account
from node.auth.models import OAuthApp, User
from node.auth.queries import find_user
from node.auth.service import confirm_email, create_link, create_token
from node.base.runtime import Runtime
from node.http.models import KeyedCall
from node.mail.models import OutgoingMail
from tests.api.conftest import make_app
from tests.support.make import make_account
from tests.support.nodes import Node, open_node
from tests.support.redis_server import RedisServer

PLACE = "/api/v1/accounts"
GOOD = {
    "username": "dora",
    "email": "dora@example.com",
    "password": "long enough now",
    "agreement": True,
    "locale": "en",
    "date_of_birth": "1990-01-01",
}


async def app_token(node: Node, scopes: str = "read write") -> str:
    body = {"client_name": "Crow", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes}
    app = (await node.http.post("/api/v1/apps", json=body)).json()
    body = {"grant_type": "client_credentials", "scope": scopes}
    client = (app["client_id"], app["client_secret"])
    return str((await node.http.post("/oauth/token", data=body, auth=client)).json()["access_token"])


async def call(node: Node, method: str, path: str, token: str, **sent: Any) -> httpx.Response:
    return await node.http.request(method, path, headers={"Authorization": f"Bearer {token}"}, json=sent or None)


async def serve(runtime: Runtime) -> AsyncIterator[Node]:
    transport = httpx.ASGITransport(app=make_app(runtime))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=runtime.settings.public_url, trust_env=False) as http:
        yield Node(runtime, runtime.settings.public_url, http)


@pytest.fixture
async def mailing(redis_server: RedisServer) -> AsyncIterator[Node]:
    """A node that asks for confirmed addresses."""
    async with open_node(redis_server, smtp_url="smtp://127.0.0.1:9") as runtime:
        async for node in serve(runtime):
            yield node


async def test_the_token_is_of_use_at_once(node: Node) -> None:
    """Where nothing has to be confirmed or approved: with the scopes of the app's own token."""
    answer = await call(node, "POST", PLACE, await app_token(node, "read write:statuses write:accounts"), **GOOD)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["token_type"], made["scope"]) == ("Bearer", "read write:accounts write:statuses")
    assert isinstance(made["created_at"], int)
    me = (await call(node, "GET", f"{PLACE}/verify_credentials", made["access_token"])).json()
    assert me["username"] == "dora"
    answer = await call(node, "POST", "/api/v1/statuses", made["access_token"], status="Hello")
    assert answer.json()["application"]["name"] == "Crow"
    answer = await call(node, "GET", "/api/v1/emails/check_confirmation", made["access_token"])
    assert answer.json() is True


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"username": ""}, "username", "ERR_BLANK"),
        ({"username": "d o r a"}, "username", "ERR_INVALID"),
        ({"username": "аdmin"}, "username", "ERR_INVALID"),
        ({"username": "dora\u200b"}, "username", "ERR_INVALID"),
        ({"username": "dora."}, "username", "ERR_INVALID"),
        ({"username": "Admin"}, "username", "ERR_RESERVED"),
        ({"username": "adm1n"}, "username", "ERR_RESERVED"),
        ({"username": "supp0rt"}, "username", "ERR_RESERVED"),
        ({"username": "ANN"}, "username", "ERR_TAKEN"),
        ({"email": ""}, "email", "ERR_BLANK"),
        ({"email": "a%b@x.example"}, "email", "ERR_INVALID"),
        ({"email": '"a,b"@x.example'}, "email", "ERR_INVALID"),
        ({"email": "a@x.example\r\nBcc: b@x.example"}, "email", "ERR_INVALID"),
        ({"email": "x" * 400 + "@x.example"}, "email", "ERR_INVALID"),
        ({"email": "dоra@example.com"}, "email", "ERR_INVALID"),
        ({"password": ""}, "password", "ERR_BLANK"),
        ({"password": "short"}, "password", "ERR_TOO_SHORT"),
        ({"password": "x" * 257}, "password", "ERR_TOO_LONG"),
        ({"password": "dora@example.com"}, "password", "ERR_INVALID"),
        ({"agreement": False}, "agreement", "ERR_ACCEPTED"),
        ({"locale": "no language"}, "locale", "ERR_INCLUSION"),
        ({"reason": "x" * 1001}, "reason", "ERR_TOO_LONG"),
    ],
)
async def test_rows_73_and_101_what_is_wrong_is_said_in_codes(
    node: Node, wrong: dict[str, Any], field: str, code: str
) -> None:
    await make_account(node.runtime, "ann")
    answer = await call(node, "POST", PLACE, await app_token(node), **GOOD | wrong)
    assert answer.status_code == 422
    said = answer.json()
    assert said["error"].startswith("Validation failed: ")
    assert [detail["error"] for detail in said["details"][field]] == [code]
    assert all(detail["description"] for details in said["details"].values() for detail in details)
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(User)) == 1


async def test_all_that_is_wrong_at_once(node: Node) -> None:
    answer = await call(node, "POST", PLACE, await app_token(node), username="a b", agreement=False)
    assert set(answer.json()["details"]) == {"username", "email", "password", "agreement"}


async def test_row_90_who_may_sign_people_up(node: Node) -> None:
    """An app, by a token with the scope."""
    assert (await node.http.post(PLACE, json=GOOD)).status_code == 401
    assert (await call(node, "POST", PLACE, await app_token(node, "read"), **GOOD)).status_code == 403
    async with node.runtime.write() as uow:
        by_hand = await create_token(uow, None, "write", now=node.runtime.now())
    assert (await call(node, "POST", PLACE, by_hand, **GOOD)).status_code == 403


@pytest.mark.parametrize("registrations", ["closed", "invite", "approval"])
async def test_the_modes_of_registration(redis_server: RedisServer, registrations: str) -> None:
    async with open_node(redis_server, registrations=registrations) as runtime:
        async for node in serve(runtime):
            token = await app_token(node)
            answer = await call(node, "POST", PLACE, token, **GOOD)
            if registrations == "approval":
                assert answer.status_code == 200
                answer = await call(node, "GET", f"{PLACE}/verify_credentials", answer.json()["access_token"])
                assert answer.json()["error"] == "Your login is currently pending approval"
                continue
            assert answer.status_code == 403
            if registrations == "invite":
                async with runtime.write() as uow:
                    code = await create_link(uow, "invite", now=runtime.now())
                assert (await call(node, "POST", PLACE, token, **GOOD, invite_code=code)).status_code == 200
                again = GOOD | {"username": "eva", "email": "eva@example.com", "invite_code": code}
                answer = await call(node, "POST", PLACE, token, **again)
                assert answer.json()["details"]["invite_code"][0]["error"] == "ERR_INVALID"


async def test_row_99_a_taken_address_looks_as_any_other(mailing: Node) -> None:
    """The same answer; the letter alone tells, and it goes to the owner."""
    await make_account(mailing.runtime, "ann")
    token = await app_token(mailing)
    answers = [
        await call(mailing, "POST", PLACE, token, **GOOD | {"username": name, "email": email})
        for name, email in (("dora", "dora@example.com"), ("eva", "ann+2@example.com"))
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json().keys() == answers[1].json().keys()
    async with mailing.runtime.read() as reader:
        mails = list(await reader.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
        eva = await find_local_account(reader, "eva")
        assert eva is not None
        user = await find_user(reader, eva.id)
    assert [(mail.kind, mail.addressee) for mail in mails] == [
        ("confirm", "dora@example.com"),
        ("taken", "ann+2@example.com"),
    ]
    assert user is not None
    assert user.email.endswith(".invalid")


async def test_until_the_address_is_confirmed(mailing: Node) -> None:
    """The token opens what is needed to get the letter again, for the app of the sign-up alone."""
    token = await app_token(mailing)
    mine = (await call(mailing, "POST", PLACE, token, **GOOD)).json()["access_token"]
    refused = await call(mailing, "GET", f"{PLACE}/verify_credentials", mine)
    assert (refused.status_code, refused.json()["error"]) == (403, "Your login is missing a confirmed e-mail address")
    assert (await call(mailing, "GET", "/api/v1/emails/check_confirmation", mine)).json() is False
    place = "/api/v1/emails/confirmations"
    assert (await call(mailing, "POST", place, mine)).json() == {}
    answer = await call(mailing, "POST", place, mine, email="nonsense")
    assert answer.json()["details"]["email"][0]["error"] == "ERR_INVALID"
    assert (await call(mailing, "POST", place, mine, email="new@example.com")).status_code == 200
    async with mailing.runtime.write() as uow:
        dora = await find_local_account(uow, "dora")
        assert dora is not None
        user = await find_user(uow, dora.id)
        assert user is not None
        assert user.email == "new@example.com"
        other = await create_token(uow, dora.id, "read write", now=mailing.runtime.now())
        link = await create_link(uow, "confirm", account_id=dora.id, now=mailing.runtime.now())
    assert (await call(mailing, "POST", place, other)).status_code == 403
    await make_account(mailing.runtime, "ann")
    assert (await call(mailing, "POST", place, mine, email="ann@example.com")).json() == {}
    async with mailing.runtime.read() as reader:
        newest = select(OutgoingMail.kind).order_by(OutgoingMail.id.desc()).limit(1)
        assert await reader.scalar(newest) == "taken"
    assert (await call(mailing, "POST", place, mine)).json() == {}
    assert (await call(mailing, "POST", place, mine, email="dora@example.com")).json() == {}
    async with mailing.runtime.write() as uow:
        link = await create_link(uow, "confirm", account_id=dora.id, now=mailing.runtime.now())
        await confirm_email(uow, link, now=mailing.runtime.now())
    assert (await call(mailing, "GET", f"{PLACE}/verify_credentials", mine)).status_code == 200
    assert (await call(mailing, "POST", place, mine)).status_code == 403


async def test_no_answer_with_a_secret_is_kept(node: Node) -> None:
    """Calls with an Idempotency-Key are answered again with the first answer; not those that answer with a token."""
    ann = await make_account(node.runtime, "ann")
    await app_token(node)
    async with node.runtime.write() as uow:
        app_id = await uow.scalar(select(OAuthApp.id))
        mine = await create_token(uow, ann.id, "read write", app_id=app_id, now=node.runtime.now())
    headers = {"Authorization": f"Bearer {mine}", "Idempotency-Key": "k"}
    body = {"client_name": "Crow", "redirect_uris": "crowapp://back"}
    assert (await node.http.post(PLACE, json=GOOD, headers=headers)).status_code == 200
    assert (await node.http.post("/api/v1/apps", json=body, headers=headers)).status_code == 200
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(KeyedCall)) == 0


async def test_row_99_five_sign_ups_in_half_an_hour(redis_server: RedisServer) -> None:
    """By address, on the very path of the sign-up."""
    async with open_node(redis_server, rate_limits=True) as runtime:
        async for node in serve(runtime):
            token = await app_token(node)
            tries = [await call(node, "POST", PLACE, token, **GOOD | {"password": "x"}) for _ in range(6)]
            assert [answer.status_code for answer in tries] == [422] * 5 + [429]
            assert "Retry-After" in tries[-1].headers
