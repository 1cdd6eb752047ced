"""The second step below its pages: codes that count once also in a race, what ends, what is mailed (rows 95, 102)."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from node.accounts.service import delete_account, suspend_account
from node.auth.factor_models import Passkey, RecoveryCode, TotpDevice
from node.auth.factor_queries import find_step, find_totp, has_second_factor, list_factors
from node.auth.leaving import erase_user
from node.auth.queries import find_token
from node.auth.recovery_codes import make_recovery_codes
from node.auth.second_step import note_new_factor, renew_recovery_codes, switch_off_second_step, take_code
from node.auth.service import change_password
from node.auth.steps import begin_step, end_step
from node.auth.totp import MAX_FAILURES, PAUSE, begin_totp, confirm_totp, fitting_step, setup_address, use_totp
from node.base.errors import Conflict
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.mail.letters import COMPOSERS, Occasion, message_of
from node.mail.models import OutgoingMail
from tests.support.make import make_account, make_token
from tests.support.nodes import clock_of


async def with_app(runtime: Runtime, account_id: int) -> str:
    """Give somebody an authenticator app; return its secret. Time stands still from then on, a code later."""
    clock_of(runtime).hold()
    async with runtime.write() as uow:
        await begin_totp(uow, account_id, now=runtime.now())
        device = await find_totp(uow, account_id)
        assert device is not None
        assert await confirm_totp(uow, account_id, pyotp.TOTP(device.secret).at(runtime.now()), now=runtime.now())
    clock_of(runtime).advance(seconds=30)
    return device.secret


async def take(runtime: Runtime, account_id: int, code: str) -> bool:
    async with runtime.write() as uow:
        return await take_code(uow, runtime.settings, account_id, code, now=runtime.now())


def test_a_code_is_near_its_time() -> None:
    """RFC 6238's own example, in six digits, and how wrong a clock may be."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    now = datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC)
    step = fitting_step(secret, "005924", now)
    assert step == 41152263
    assert fitting_step(secret, " 005 924", now) == step
    for seconds, fits in ((-31, False), (-30, True), (30, True), (59, True), (60, False)):
        assert (fitting_step(secret, "005924", now + timedelta(seconds=seconds)) == step) is fits, seconds
    assert fitting_step(secret, "005924", now, after=step) is None
    for nonsense in ("", "5924", "0059240", "００５９２４", "abcdef", "-05924"):
        assert fitting_step(secret, nonsense, now) is None
    assert setup_address(secret, name="ann@x.test", issuer="x.test").startswith("otpauth://totp/x.test:ann%40x.test")


async def test_row_102_of_two_requests_with_one_code_one_is_let_in(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    secret = await with_app(runtime, ann.id)
    code = pyotp.TOTP(secret).at(runtime.now())
    found = await asyncio.gather(*(take(runtime, ann.id, code) for _ in range(4)))
    assert sorted(found) == [False, False, False, True]
    async with runtime.write() as uow:
        (written, *_) = await make_recovery_codes(uow, ann.id, now=runtime.now())
    found = await asyncio.gather(*(take(runtime, ann.id, written) for _ in range(4)))
    assert sorted(found) == [False, False, False, True]


async def test_row_102_ten_wrong_codes_are_enough(runtime: Runtime) -> None:
    """A right one sets the count back; recovery codes go on; after the pause the app does."""
    ann = await make_account(runtime, "ann")
    secret = await with_app(runtime, ann.id)
    totp = pyotp.TOTP(secret)
    for _ in range(MAX_FAILURES - 1):
        assert not await take(runtime, ann.id, "000000")
    assert await take(runtime, ann.id, totp.at(runtime.now()))
    clock_of(runtime).advance(seconds=30)
    for _ in range(MAX_FAILURES):
        assert not await take(runtime, ann.id, "000000")
    assert not await take(runtime, ann.id, totp.at(runtime.now()))
    async with runtime.write() as uow:
        (written, *_) = await make_recovery_codes(uow, ann.id, now=runtime.now())
    assert await take(runtime, ann.id, written)
    clock_of(runtime).advance(seconds=PAUSE.total_seconds())
    assert await take(runtime, ann.id, totp.at(runtime.now()))


async def test_an_app_that_was_never_confirmed_counts_for_nothing(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    now = runtime.now()
    async with runtime.write() as uow:
        await begin_totp(uow, ann.id, now=now)
        first = await find_totp(uow, ann.id)
        await begin_totp(uow, ann.id, now=now)
        second = await find_totp(uow, ann.id)
        assert first is not None
        assert second is not None
        assert first.secret != second.secret
        assert not await use_totp(uow, ann.id, pyotp.TOTP(second.secret).at(now), now=now)
        assert not await has_second_factor(uow, ann.id)
        assert not await confirm_totp(uow, ann.id, "000000", now=now)
        assert await confirm_totp(uow, ann.id, pyotp.TOTP(second.secret).at(now), now=now)
        assert not await confirm_totp(uow, ann.id, pyotp.TOTP(second.secret).at(now), now=now)
        assert await has_second_factor(uow, ann.id)
        with pytest.raises(Conflict):
            await begin_totp(uow, ann.id, now=now)


async def test_row_95_switching_off_for_somebody_ends_their_access(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    await with_app(runtime, ann.id)
    now = runtime.now()
    async with runtime.write() as uow:
        uow.add(Passkey(id=new_id(), account_id=ann.id, credential_id="x", public_key="x", name="x", created_at=now))
        await make_recovery_codes(uow, ann.id, now=now)
    token = await make_token(runtime, ann.id)
    async with runtime.write() as uow:
        factors = await list_factors(uow, ann.id)
        assert (factors.totp, factors.passkeys, factors.codes, factors.is_on) == (True, 1, 10, True)
        assert await switch_off_second_step(uow, runtime.settings, ann.id, now=now)
        assert not await switch_off_second_step(uow, runtime.settings, ann.id, now=now)
        factors = await list_factors(uow, ann.id)
        assert (factors.totp, factors.passkeys, factors.codes, factors.is_on) == (False, 0, 0, False)
        assert await find_token(uow, token, now) is None


async def test_nothing_of_it_outlives_the_account(runtime: Runtime) -> None:
    ann, bo = await make_account(runtime, "ann"), await make_account(runtime, "bo")
    for each in (ann, bo):
        await with_app(runtime, each.id)
    async with runtime.write() as uow:
        await make_recovery_codes(uow, ann.id, now=runtime.now())
        await suspend_account(uow, ann.id, now=runtime.now())
        await delete_account(uow, ann.id, now=runtime.now())
        await erase_user(uow, ann.id)
    async with runtime.read() as reader:
        assert list(await reader.scalars(select(TotpDevice.account_id))) == [bo.id]
        assert await reader.scalar(select(func.count()).select_from(RecoveryCode)) == 0


async def test_a_step_is_used_once(runtime: Runtime) -> None:
    ann = await make_account(runtime, "ann")
    async with runtime.write() as uow:
        begun = await begin_step(uow, "second", account_id=ann.id, now=runtime.now())
        row = await find_step(uow, begun.secret, "second", runtime.now())
        assert row is not None
        assert begun.secret not in (row.secret_hash, row.challenge)
        assert await find_step(uow, begun.secret, "passkey", runtime.now()) is None
        assert await end_step(uow, row)
        assert not await end_step(uow, row)


async def test_letters_tell_of_every_change(runtime: Runtime) -> None:
    """To the stored address, in words, with the way to what can be done."""
    ann = await make_account(runtime, "ann")
    settings, now = dataclasses.replace(runtime.settings, smtp_url="smtp://127.0.0.1:9"), runtime.now()
    async with runtime.write() as uow:
        codes = await note_new_factor(uow, settings, ann.id, was_on=False, keep_secret="", now=now)
        assert await note_new_factor(uow, settings, ann.id, was_on=True, keep_secret="", now=now) == []
        assert await take_code(uow, settings, ann.id, codes[0], now=now)
        await renew_recovery_codes(uow, settings, ann.id, now=now)
        uow.add(TotpDevice(account_id=ann.id, secret="A" * 32, created_at=now, confirmed_at=now))
        await uow.flush()
        await switch_off_second_step(uow, settings, ann.id, now=now)
        await change_password(uow, settings, ann.id, "another good horse", now=now)
    async with runtime.write() as uow:
        mails = list(await uow.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
        kinds = ["second-on", "factor-added", "code-used", "codes-made", "second-off", "changed"]
        assert [mail.kind for mail in mails] == kinds
        for mail in mails:
            letter = await COMPOSERS[mail.kind](Occasion(uow, settings, mail, now))
            assert letter is not None
            assert letter.to == "ann@example.com"
            message = message_of(letter, kind=mail.kind, mail_id=mail.id, settings=settings, now=now)
            assert "If that was you, all is well." in message.as_string()
            assert codes[0] not in message.as_string()
