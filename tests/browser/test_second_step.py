"""Two-step sign-in by its pages: authenticator app, recovery codes, passkeys (attack rows 89, 95, 99, 102)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from node.accounts.queries import find_local_account
from node.auth.factor_models import Passkey, RecoveryCode, SignInStep, TotpDevice
from node.auth.factor_queries import list_factors
from node.auth.queries import find_token
from node.auth.steps import MAX_FAILURES
from node.auth.totp import MAX_FAILURES as MAX_CODES
from node.base.db.event_log import EventRow
from tests.browser.visitor import Shown, Visitor
from tests.support.make import make_account, make_token
from tests.support.nodes import Node, serve_node
from tests.support.passkey import SoftPasskey
from tests.support.redis_server import RedisServer

PAGE = "/settings/security"
PASSWORD = "correct horse battery"


@pytest.fixture
async def node(redis_server: RedisServer, database_url: str) -> AsyncIterator[Node]:
    """A node with a name: passkeys are made for names."""
    async with serve_node(redis_server, host="localhost", database_url=database_url) as served:
        yield served


@pytest.fixture
async def ann(node: Node) -> AsyncIterator[Visitor]:
    """Ann, signed in."""
    node.clock.hold()
    await make_account(node.runtime, "ann")
    async with Visitor(node.url) as visitor:
        await visitor.sign_in("ann")
        yield visitor


def code_now(node: Node, secret: str) -> str:
    return pyotp.TOTP(secret).at(node.runtime.now())


async def set_up(node: Node, visitor: Visitor) -> tuple[str, list[str]]:
    """Take an authenticator app into use; return its secret and the recovery codes."""
    page = await visitor.open(PAGE)
    page = await visitor.send(page, f"form[action='{PAGE}/totp']", current_password=PASSWORD)
    assert page.path == f"{PAGE}/totp", page.text
    secret = page.form(".key").text().replace(" ", "")
    page = await visitor.send(page, "form[action$='/confirm']", code=code_now(node, secret))
    node.clock.advance(seconds=30)
    return secret, codes_of(page)


def codes_of(page: Shown) -> list[str]:
    return [code.text() for code in page.html.css(".codes code")]


async def json_of(visitor: Visitor, page: Shown, form: str, **typed: str) -> Any:
    """Ask as the page's script does."""
    found = page.form(form)
    token = page.form(f"{form} input[name=csrf_token]").attributes["value"] or ""
    answer = await visitor.http.post(
        found.attributes["data-options"] or "",
        data={"csrf_token": token, **typed},
        headers={"Accept": "application/json"},
    )
    return answer.status_code, answer.json()


async def add_passkey(node: Node, visitor: Visitor, passkey: SoftPasskey, name: str = "Key") -> Shown:
    page = await visitor.open(PAGE)
    form = "form[data-passkey=create]"
    status, asked = await json_of(visitor, page, form, current_password=PASSWORD)
    assert status == 200, asked
    return await visitor.send(
        page, form, name=name, step=asked["step"], credential=passkey.create(asked["options"]), current_password=""
    )


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.open("/settings/security")).path == "/settings/security"


async def factors(node: Node, name: str = "ann") -> Any:
    async with node.runtime.read() as reader:
        account = await find_local_account(reader, name)
        assert account is not None
        return await list_factors(reader, account.id)


async def test_row_102_a_password_alone_lets_nobody_in_any_more(node: Node, ann: Visitor) -> None:
    """Code asked for, then let in, back where one wanted to go; the secret is shown to nobody again."""
    secret, codes = await set_up(node, ann)
    assert len(codes) == len(set(codes)) == 10
    page = await ann.open(PAGE)
    assert secret not in page.response.text
    assert (await ann.open(f"{PAGE}/totp")).path == PAGE
    async with Visitor(node.url) as other:
        page = await other.open("/auth/sign_in?return_to=/settings/apps")
        page = await other.send(page, "form[action='/auth/sign_in']", login="ann", password=PASSWORD)
        assert page.path == "/auth/second"
        assert not await is_in(other)
        page = await other.open("/auth/second?return_to=/settings/apps")
        page = await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
        assert page.path == "/settings/apps"
        assert await is_in(other)


async def test_row_102_a_code_is_good_once_and_near_its_time(node: Node, ann: Visitor) -> None:
    secret, _ = await set_up(node, ann)
    code = code_now(node, secret)
    now, minute = node.runtime.now(), timedelta(minutes=1)
    stale, early = (pyotp.TOTP(secret).at(moment) for moment in (now - minute, now + minute))
    for tries, lets_in in (([stale, early, "", "12345", "abcdef"], False), ([code], True), ([code], False)):
        for typed in tries:
            async with Visitor(node.url) as other:
                page = await other.sign_in("ann")
                page = await other.send(page, "form[action='/auth/second']", code=typed)
                assert await is_in(other) == lets_in, typed
    node.clock.advance(seconds=30)
    async with Visitor(node.url) as other:
        page = await other.send(await other.sign_in("ann"), "form[action='/auth/second']", code=code_now(node, secret))
        assert await is_in(other)


async def test_row_102_a_recovery_code_is_good_once(node: Node, ann: Visitor) -> None:
    _, codes = await set_up(node, ann)
    async with node.runtime.read() as reader:
        kept = list(await reader.scalars(select(RecoveryCode.code_hash)))
    assert not set(codes) & set(kept)
    for typed, lets_in in (
        (codes[0].upper().replace("-", " ").replace("O", "0").replace("L", "1"), True),
        (codes[0], False),
    ):
        async with Visitor(node.url) as other:
            await other.send(await other.sign_in("ann"), "form[action='/auth/second']", code=typed)
            assert await is_in(other) == lets_in
    assert (await factors(node)).codes == 9
    page = await ann.send(await ann.open(PAGE), f"form[action='{PAGE}/codes']", current_password=PASSWORD)
    new = codes_of(page)
    assert len(new) == 10
    assert not set(new) & set(codes)
    async with Visitor(node.url) as other:
        await other.send(await other.sign_in("ann"), "form[action='/auth/second']", code=codes[1])
        assert not await is_in(other)


async def test_row_102_guessing_ends(node: Node, ann: Visitor) -> None:
    """The step ends after five wrong codes, and the app takes none for a while after ten, with Redis or without."""
    secret, _ = await set_up(node, ann)
    async with Visitor(node.url) as other:
        for _ in range(2):
            page = await other.sign_in("ann")
            for number in range(MAX_FAILURES):
                assert page.path == "/auth/second"
                page = await other.send(page, "form[action='/auth/second']", code=f"00000{number}")
            assert page.path == "/auth/sign_in"
            assert "Start again with your password" in page.text
        assert MAX_CODES == 2 * MAX_FAILURES
        page = await other.sign_in("ann")
        page = await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
        assert page.status == 422
        node.clock.advance(minutes=15)
        page = await other.sign_in("ann")
        await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
        assert await is_in(other)


async def test_row_102_an_app_does_not_get_round_it(node: Node, ann: Visitor) -> None:
    """The page on which apps are let in leads through both steps, asked anew or not, and back."""
    secret, _ = await set_up(node, ann)
    body = {"client_name": "Crow", "redirect_uris": "crowapp://back", "scopes": "read write"}
    app = (await node.http.post("/api/v1/apps", json=body)).json()
    asked = f"/oauth/authorize?client_id={app['client_id']}&redirect_uri=crowapp://back&response_type=code&state=s"
    for place in (asked, asked + "&force_login=true"):
        node.clock.advance(seconds=30)
        async with Visitor(node.url) as other:
            page = await other.open(place)
            page = await other.send(page, "form[action='/auth/sign_in']", login="ann", password=PASSWORD)
            assert page.path == "/auth/second"
            assert (await other.open(place)).path == "/auth/sign_in"
            page = await other.open(str(page.response.url.raw_path, "ascii"))
            page = await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
            assert page.path == "/oauth/authorize"
            assert "state=s" in str(page.response.url)


async def test_row_99_tries_are_counted_by_account(redis_server: RedisServer) -> None:
    """Ten second steps in five minutes, from wherever; another account is not held up."""
    async with serve_node(redis_server, host="localhost", rate_limits=True) as node:
        node.clock.hold()
        await make_account(node.runtime, "ann")
        async with Visitor(node.url) as ann:
            await ann.sign_in("ann")
            await set_up(node, ann)
            statuses = []
            for _ in range(3):
                async with Visitor(node.url) as other:
                    page = await other.sign_in("ann")
                    for number in range(4):
                        page = await other.send(page, "form[action='/auth/second']", code=f"00000{number}")
                        statuses.append(page.status)
                        if page.status == 429:
                            break
            assert statuses == [422] * 10 + [429]


async def test_row_95_the_second_step_cannot_be_prepared_or_outlived(node: Node, ann: Visitor) -> None:
    """A step belongs to the browser that said the password, for ten minutes, and ends with a new password."""
    secret, _ = await set_up(node, ann)
    async with Visitor(node.url) as other, Visitor(node.url) as thief:
        await other.sign_in("ann")
        assert (await thief.open("/auth/second")).path == "/auth/sign_in"
        thief.http.cookies.set("rookery_step", "x" * 43)
        assert (await thief.open("/auth/second")).path == "/auth/sign_in"
        page = await other.open("/auth/second")
        node.clock.advance(minutes=10)
        page = await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
        assert page.path == "/auth/sign_in"
        page = await other.sign_in("ann")
        await ann.send(
            await ann.open(PAGE), "form[action$='/password']",
            current_password=PASSWORD, password="another good horse", password_again="another good horse",
        )  # fmt: skip
        page = await other.send(page, "form[action='/auth/second']", code=code_now(node, secret))
        assert not await is_in(other)
    async with node.runtime.read() as reader:
        assert await reader.scalar(select(func.count()).select_from(SignInStep)) <= 1


async def test_row_95_switching_it_on_signs_everything_else_out(node: Node, ann: Visitor) -> None:
    """By an app and by a passkey alike; this browser stays."""
    bo = await make_account(node.runtime, "bo")
    async with Visitor(node.url) as second, Visitor(node.url) as bos, Visitor(node.url) as bos_other:
        await second.sign_in("ann")
        await bos.sign_in("bo")
        await bos_other.sign_in("bo")
        async with node.runtime.read() as reader:
            account = await find_local_account(reader, "ann")
        assert account is not None
        tokens = [await make_token(node.runtime, each) for each in (account.id, bo.id)]
        await set_up(node, ann)
        assert [await is_in(each) for each in (ann, second, bos, bos_other)] == [True, False, True, True]
        page = await add_passkey(node, bos, SoftPasskey(node.url))
        assert len(codes_of(page)) == 10
        assert [await is_in(each) for each in (bos, bos_other)] == [True, False]
        async with node.runtime.read() as reader:
            assert [await find_token(reader, token, node.runtime.now()) for token in tokens] == [None, None]
            told = set(await reader.scalars(select(EventRow.name)))
        assert "AccessChanged" in told


async def test_a_passkey_in_place_of_the_password(node: Node, ann: Visitor) -> None:
    """Several with names; each signs in alone, or takes the second step; a lost one is removed."""
    first, second = SoftPasskey(node.url), SoftPasskey(node.url)
    await add_passkey(node, ann, first, "My <b>phone</b>")
    await add_passkey(node, ann, second, "Key ring")
    page = await ann.open(PAGE)
    assert "My <b>phone</b>" in page.text
    assert "Key ring" in page.text
    for passkey in (first, second):
        async with Visitor(node.url) as other:
            page = await other.open("/auth/sign_in?return_to=/settings/apps")
            form = "form[data-passkey=get]"
            _, asked = await json_of(other, page, form)
            assert asked["options"]["allowCredentials"] == []
            assert asked["options"]["userVerification"] == "required"
            page = await other.send(page, form, step=asked["step"], credential=passkey.get(asked["options"]))
            assert page.path == "/settings/apps"
        async with Visitor(node.url) as other:
            page = await other.sign_in("ann")
            _, asked = await json_of(other, page, form)
            assert len(asked["options"]["allowCredentials"]) == 2
            passkey.verified = False  # the password was right: that somebody is there is enough
            await other.send(page, form, credential=passkey.get(asked["options"]))
            assert await is_in(other)
            passkey.verified = True
    page = await ann.open(PAGE)
    form = page.form("form[action*='/passkeys/']").attributes["action"]
    page = await ann.send(page, f"form[action='{form}']", current_password="wrong wrong")
    assert page.status == 422
    page = await ann.send(page, f"form[action='{form}']", current_password=PASSWORD)
    assert "My <b>phone</b>" not in page.text
    async with Visitor(node.url) as other:
        page = await other.open("/auth/sign_in")
        _, asked = await json_of(other, page, "form[data-passkey=get]")
        page = await other.send(
            page, "form[data-passkey=get]", step=asked["step"], credential=first.get(asked["options"])
        )
        assert page.status == 422


async def test_row_102_what_no_passkey_may_do(node: Node, ann: Visitor) -> None:
    """Another origin or host, an old answer, nobody verified, a clone, another's step or key, nonsense."""
    await make_account(node.runtime, "bo")
    mine, his = SoftPasskey(node.url), SoftPasskey(node.url)
    await add_passkey(node, ann, mine)
    async with Visitor(node.url) as bo:
        await bo.sign_in("bo")
        await add_passkey(node, bo, his)
    form = "form[data-passkey=get]"
    async with Visitor(node.url) as other:

        async def refused(change: Any = None, *, answer: str = "", step: str = "") -> None:
            page = await other.open("/auth/sign_in")
            _, asked = await json_of(other, page, form)
            saved = dict(vars(mine))
            vars(mine).update(change or {})
            credential = answer or mine.get(asked["options"])
            vars(mine).update({name: saved[name] for name in change or {}})
            page = await other.send(page, form, step=step or asked["step"], credential=credential)
            assert page.status == 422, change
            assert not await is_in(other)

        await refused({"origin": "https://evil.test"})
        await refused({"host": "evil.test"})
        await refused({"verified": False})
        await refused({"key": his.key})
        await refused({"id": b"x" * 16})
        await refused({"id": his.id})
        for nonsense in (
            "{}",
            "[]",
            "x",
            '{"id": 5}',
            '{"id": "x", "response": 5}',
            "[" * 5000,
            '{"id":"' + "x" * 30000,
        ):
            await refused(answer=nonsense)
        await refused(step="x")
        page = await other.open("/auth/sign_in")
        _, asked = await json_of(other, page, form)
        answer = mine.get(asked["options"])
        await refused(answer=answer)
        page = await other.send(page, form, step=asked["step"], credential=answer)
        assert await is_in(other)
        other.http.cookies.clear()
        await refused(answer=answer, step=asked["step"])
        mine.count = 0
        await refused()
        page = await other.open("/auth/sign_in?again=1")
        page = await other.send(page, "form[action='/auth/sign_in']", login="ann", password=PASSWORD)
        _, asked = await json_of(other, page, form)
        page = await other.send(page, form, credential=his.get(asked["options"]))
        assert page.status == 422


async def test_row_89_nobody_removes_anothers_passkey_or_takes_anothers_step(node: Node, ann: Visitor) -> None:
    await make_account(node.runtime, "bo")
    await add_passkey(node, ann, SoftPasskey(node.url))
    async with node.runtime.read() as reader:
        passkey_id = await reader.scalar(select(Passkey.id))
    async with Visitor(node.url) as bo:
        await bo.sign_in("bo")
        page = await bo.open(PAGE)
        token = page.form(f"form[action='{PAGE}/totp'] input[name=csrf_token]").attributes["value"] or ""
        sent = {"csrf_token": token, "current_password": PASSWORD}
        await bo.http.post(f"{PAGE}/passkeys/{passkey_id}/remove", data=sent)
        assert (await factors(node)).passkeys == 1
        page = await ann.open(PAGE)
        _, asked = await json_of(ann, page, "form[data-passkey=create]", current_password=PASSWORD)
        made = SoftPasskey(node.url).create(asked["options"])
        page = await bo.open(PAGE)
        page = await bo.send(page, "form[data-passkey=create]", name="x", step=asked["step"], credential=made)
        assert page.status == 422
        assert (await factors(node, "bo")).passkeys == 0


@pytest.mark.parametrize("place", ["totp", "totp/remove", "codes", "passkeys/options"])
async def test_row_95_a_browser_left_alone_changes_nothing(node: Node, ann: Visitor, place: str) -> None:
    """Every change of who can sign in asks for the password."""
    if place != "totp":
        await set_up(node, ann)
    before = await factors(node)
    page = await ann.open(PAGE)
    token = page.form("form[action$='/password'] input[name=csrf_token]").attributes["value"] or ""
    for password in ("", "wrong wrong"):
        answer = await ann.http.post(f"{PAGE}/{place}", data={"csrf_token": token, "current_password": password})
        assert answer.status_code == 422
    assert await factors(node) == before
    async with node.runtime.read() as reader:
        unconfirmed = select(func.count()).select_from(TotpDevice).where(TotpDevice.confirmed_at.is_(None))
        assert await reader.scalar(unconfirmed) == 0


async def test_switching_it_off(node: Node, ann: Visitor) -> None:
    """With the last factor the recovery codes go too, and the password is enough again."""
    await set_up(node, ann)
    page = await add_passkey(node, ann, SoftPasskey(node.url))
    assert "Your passkey is kept" in page.text
    page = await ann.send(page, f"form[action='{PAGE}/totp/remove']", current_password=PASSWORD)
    assert (await factors(node)).codes == 10
    form = page.form("form[action*='/passkeys/']").attributes["action"]
    await ann.send(page, f"form[action='{form}']", current_password=PASSWORD)
    assert (await factors(node)).codes == 0
    async with Visitor(node.url) as other:
        await other.sign_in("ann")
        assert await is_in(other)


async def test_staff_without_a_second_step_find_their_pages_closed(redis_server: RedisServer) -> None:
    async with serve_node(redis_server, host="localhost", staff_second_step=True) as node:
        node.clock.hold()
        await make_account(node.runtime, "ann", role="moderator")
        async with Visitor(node.url) as ann:
            await ann.sign_in("ann")
            page = await ann.open("/admin/accounts")
            assert page.status == 403
            assert "two-step sign-in" in page.text
            assert "closed to you" in (await ann.open(PAGE)).text
            await set_up(node, ann)
            assert (await ann.open("/admin/accounts")).status == 200
