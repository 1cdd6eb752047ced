"""Passwords, sessions and tokens: who is let in, and when that ends (rows 89, 90, 95, 99)."""

import pytest
from sqlalchemy import select

from node.accounts.service import delete_account, suspend_account
from node.auth.models import OAuthToken, User, WebSession
from node.auth.queries import find_session, find_token, get_user, list_sessions
from node.auth.service import (
    authenticate,
    change_password,
    close_other_sessions,
    close_session,
    close_session_by_id,
    create_token,
    open_session,
    revoke_token,
    touch_activity,
    update_preferences,
)
from node.base.db.inserts import insert_if_absent
from node.base.errors import Conflict, Invalid, NotFound
from node.base.ids import new_id
from node.base.runtime import Runtime
from tests.support.make import make_account, make_token
from tests.support.nodes import clock_of

PASSWORD = "correct horse battery"


async def sign_in(runtime: Runtime, login: str, password: str = PASSWORD) -> User | None:
    async with runtime.read() as reader:
        return await authenticate(reader, login, password)


async def session(runtime: Runtime, account_id: int) -> str:
    async with runtime.write() as uow:
        return await open_session(uow, account_id, user_agent="x" * 999, address="::1", now=runtime.now())


async def is_in(runtime: Runtime, secret: str) -> bool:
    async with runtime.read() as reader:
        return await find_session(reader, secret, runtime.now()) is not None


async def speaks(runtime: Runtime, token: str) -> bool:
    async with runtime.read() as reader:
        return await find_token(reader, token, runtime.now()) is not None


@pytest.mark.parametrize("login", ["ann", "ANN", "@ann", "ann@example.com", " Ann@Example.com "])
async def test_name_and_address_both_sign_in(runtime: Runtime, login: str) -> None:
    ann = await make_account(runtime, "ann")
    user = await sign_in(runtime, login)
    assert user is not None
    assert user.account_id == ann.id


@pytest.mark.parametrize(("login", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("", ""), ("ann", "")])
async def test_wrong_password_and_unknown_name_get_one_answer(runtime: Runtime, login: str, password: str) -> None:
    """Row 99."""
    await make_account(runtime, "ann")
    assert await sign_in(runtime, login, password) is None


async def test_a_damaged_hash_lets_nobody_in(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        (await get_user(uow, ann.id)).password_hash = ""
    assert await sign_in(runtime, "ann", "") is None


async def test_a_session_is_found_by_its_secret_which_is_kept_nowhere(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", role="moderator")
    secret = await session(runtime, ann.id)
    async with runtime.read() as reader:
        facts = await find_session(reader, secret, runtime.now())
        row = await reader.scalar(select(WebSession))
    assert facts is not None
    assert (facts.account_id, facts.role, facts.is_moderator, facts.is_admin) == (ann.id, "moderator", True, False)
    assert secret not in (row.secret_hash, row.csrf_token, facts.csrf_token)
    assert len(row.user_agent) == 300
    for wrong in ("", secret + "x", row.secret_hash):
        assert not await is_in(runtime, wrong)


async def test_sessions_end_in_time(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    secret = await session(runtime, ann.id)
    clock_of(runtime).advance(days=61)
    assert not await is_in(runtime, secret)


async def test_signing_out_ends_one_session_or_all_others(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    one, two, three, other = [await session(runtime, owner.id) for owner in (ann, ann, ann, bo)]
    async with runtime.write() as uow:
        assert await close_session(uow, one)
        assert not await close_session(uow, one)
        assert await close_other_sessions(uow, ann.id, keep_secret=two) == 1
    assert [await is_in(runtime, secret) for secret in (one, two, three, other)] == [False, True, False, True]


async def test_nobody_closes_anothers_session(runtime: Runtime) -> None:
    """Row 89."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    secret = await session(runtime, ann.id)
    async with runtime.write() as uow:
        row = (await list_sessions(uow, ann.id, runtime.now()))[0]
        assert not await close_session_by_id(uow, bo.id, row.id)
    assert await is_in(runtime, secret)
    async with runtime.write() as uow:
        assert await close_session_by_id(uow, ann.id, row.id)
    assert not await is_in(runtime, secret)


async def test_a_new_password_ends_every_other_session_and_every_token(runtime: Runtime) -> None:
    """Row 95."""
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    mine, other, hers = [await session(runtime, owner.id) for owner in (ann, ann, bo)]
    token, her_token = await make_token(runtime, ann.id), await make_token(runtime, bo.id)
    async with runtime.write() as uow:
        now = runtime.now()
        await change_password(uow, runtime.settings, ann.id, "another one entirely", keep_secret=mine, now=now)
    assert [await is_in(runtime, secret) for secret in (mine, other, hers)] == [True, False, True]
    assert [await speaks(runtime, value) for value in (token, her_token)] == [False, True]
    assert await sign_in(runtime, "ann") is None
    assert await sign_in(runtime, "ann", "another one entirely") is not None


async def test_a_weak_new_password_changes_nothing(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    secret = await session(runtime, ann.id)
    async with runtime.write() as uow:
        with pytest.raises(Invalid):
            await change_password(uow, runtime.settings, ann.id, "short", now=runtime.now())
        with pytest.raises(NotFound):
            await change_password(uow, runtime.settings, 12345, "long enough now", now=runtime.now())
    assert await is_in(runtime, secret)


@pytest.mark.parametrize("end", [suspend_account, delete_account])
async def test_who_is_gone_has_no_session_no_token_and_no_way_in(runtime: Runtime, end: object) -> None:
    """Row 90, rule 9: from the commit on."""
    ann = await make_account(runtime, "ann")
    secret, token = await session(runtime, ann.id), await make_token(runtime, ann.id)
    assert callable(end)
    async with runtime.write() as uow:
        await end(uow, ann.id, now=runtime.now())
    assert not await is_in(runtime, secret)
    assert not await speaks(runtime, token)
    assert await sign_in(runtime, "ann") is None


async def test_a_principal_says_who_what_and_whether_they_may_act_yet(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann", role="admin")
    token = await make_token(runtime, ann.id, "read write:statuses")
    async with runtime.write() as uow:
        (await get_user(uow, ann.id)).approved_at = None
    async with runtime.read() as reader:
        principal = await find_token(reader, token, runtime.now())
    assert principal is not None
    assert (principal.account_id, principal.role, principal.is_usable) == (ann.id, "admin", False)
    assert principal.may("read:accounts")
    assert not principal.may("write:media")


async def test_an_apps_own_token_speaks_for_nobody(runtime: Runtime) -> None:
    async with runtime.write() as uow:
        token = await create_token(uow, None, "read", now=runtime.now())
    async with runtime.read() as reader:
        principal = await find_token(reader, token, runtime.now())
    assert principal is not None
    assert (principal.account_id, principal.is_usable, principal.role) == (None, True, "user")


async def test_a_token_is_kept_as_a_hash_and_can_be_revoked(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    token = await make_token(runtime, ann.id)
    async with runtime.read() as reader:
        assert await reader.scalar(select(OAuthToken.token_hash)) != token
    for wrong in ("", token + "x", "x" * 2000, "\ud800"):
        assert not await speaks(runtime, wrong)
    async with runtime.write() as uow:
        assert await revoke_token(uow, token, now=runtime.now())
        assert not await revoke_token(uow, token, now=runtime.now())
    assert not await speaks(runtime, token)


async def test_a_given_token_value_must_fit_a_header_and_be_new(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        assert await create_token(uow, ann.id, "read", value="testbed-ann", now=runtime.now()) == "testbed-ann"
        with pytest.raises(Conflict):
            await create_token(uow, ann.id, "read", value="testbed-ann", now=runtime.now())
        for bad in ("short", "with space!", "x" * 256, "line\nbreak"):
            with pytest.raises(Invalid):
                await create_token(uow, ann.id, "read", value=bad, now=runtime.now())
        with pytest.raises(Invalid):
            await create_token(uow, ann.id, "read everything", now=runtime.now())


async def test_activity_is_noted_at_most_every_ten_minutes(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")

    async def seen() -> object:
        async with runtime.read() as reader:
            return (await get_user(reader, ann.id)).last_active_at

    first = await seen()
    clock_of(runtime).advance(minutes=9)
    await touch_activity(runtime, ann.id)
    assert await seen() == first
    clock_of(runtime).advance(minutes=2)
    async with runtime.read() as reader:
        last = (await get_user(reader, ann.id)).last_active_at
    await touch_activity(runtime, ann.id, last_active_at=last)
    second = await seen()
    assert second != first
    await touch_activity(runtime, ann.id, last_active_at=runtime.now())
    assert await seen() == second


async def test_preferences_change_one_by_one(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        user = await update_preferences(uow, ann.id, default_visibility="followers", default_language="de-CH")
        assert (user.default_visibility, user.default_language, user.theme) == ("followers", "de-CH", "auto")
        user = await update_preferences(uow, ann.id, theme="dark", default_language="")
        assert (user.default_visibility, user.default_language, user.theme) == ("followers", None, "dark")
        with pytest.raises(Invalid) as refused:
            await update_preferences(uow, ann.id, default_visibility="secret", theme="pink", default_language="<b>")
        assert set(refused.value.fields) == {"source[privacy]", "theme", "source[language]"}


async def test_an_insert_says_whether_the_row_is_new(runtime: Runtime) -> None:
    """`insert_if_absent`, on which every counter and every name stands."""
    ann = await make_account(runtime, "ann")
    values = {"id": new_id(), "token_hash": "h", "account_id": ann.id, "scopes": "read", "created_at": runtime.now()}
    async with runtime.write() as uow:
        assert await insert_if_absent(uow, OAuthToken, values)
        assert not await insert_if_absent(uow, OAuthToken, values | {"id": new_id()})
        assert not await insert_if_absent(uow, OAuthToken, values | {"token_hash": "other"})
