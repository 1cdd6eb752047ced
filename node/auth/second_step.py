"""The second step of a sign-in: who has one, taking it, and what switching it on and off means. Part of the service.

It is on as soon as somebody has an authenticator app or a passkey. From that moment nothing that was signed in with a
password alone goes on: every other session, every token, code and stream ends (attack row 95). There is no way in
beside it: apps get in by the page on which a person who is signed in agrees, and nowhere is a password traded for a
token (attack row 102).
"""

from datetime import datetime

from sqlalchemy import delete

from node.auth.factor_models import Passkey, SignInStep, TotpDevice
from node.auth.factor_queries import has_second_factor
from node.auth.recovery_codes import make_recovery_codes, remove_recovery_codes, use_recovery_code
from node.auth.security_letters import CODE_USED, CODES_MADE, PASSKEY_ADDED, SECOND_OFF, SECOND_ON
from node.auth.sessions import revoke_access
from node.auth.totp import use_totp
from node.base.db.unit_of_work import UnitOfWork
from node.base.settings import Settings
from node.mail.service import request_mail


async def take_code(uow: UnitOfWork, settings: Settings, account_id: int, code: str, *, now: datetime) -> bool:
    """Take what somebody typed in the second step, of the app or from paper; return whether it was good."""
    if await use_totp(uow, account_id, code, now=now):
        return True
    if not await use_recovery_code(uow, account_id, code):
        return False
    await request_mail(uow, settings, CODE_USED, account_id=account_id, now=now)
    return True


async def note_new_factor(
    uow: UnitOfWork, settings: Settings, account_id: int, *, was_on: bool, keep_secret: str, now: datetime
) -> list[str]:
    """Do what follows from a new app or passkey: with the first one everything else of the person is signed out, and
    there are recovery codes, which are returned."""
    if was_on:
        await request_mail(uow, settings, PASSKEY_ADDED, account_id=account_id, now=now)
        return []
    await revoke_access(uow, account_id, keep_secret=keep_secret, now=now)
    await request_mail(uow, settings, SECOND_ON, account_id=account_id, now=now)
    return await make_recovery_codes(uow, account_id, now=now)


async def note_lost_factor(uow: UnitOfWork, settings: Settings, account_id: int, *, now: datetime) -> None:
    """Do what follows from an app or passkey that was removed: after the last one there are no codes either."""
    if not await has_second_factor(uow, account_id):
        await remove_recovery_codes(uow, account_id)
        await request_mail(uow, settings, SECOND_OFF, account_id=account_id, now=now)


async def renew_recovery_codes(uow: UnitOfWork, settings: Settings, account_id: int, *, now: datetime) -> list[str]:
    """Make new recovery codes and return them."""
    await request_mail(uow, settings, CODES_MADE, account_id=account_id, now=now)
    return await make_recovery_codes(uow, account_id, now=now)


async def switch_off_second_step(uow: UnitOfWork, settings: Settings, account_id: int, *, now: datetime) -> bool:
    """Let somebody who lost everything in by the password alone, and end all that is signed in; return whether there
    was a second step. In an operator's name: the decision is logged by the caller."""
    was_on = await has_second_factor(uow, account_id)
    await forget_factors(uow, account_id)
    if was_on:
        await revoke_access(uow, account_id, now=now)
        await request_mail(uow, settings, SECOND_OFF, account_id=account_id, now=now)
    return was_on


async def forget_factors(uow: UnitOfWork, account_id: int) -> None:
    """Remove the app, the passkeys, the codes and whatever is half way."""
    for table in (TotpDevice, Passkey, SignInStep):
        await uow.write(
            delete(table).where(table.account_id == account_id).execution_options(synchronize_session=False)
        )
    await remove_recovery_codes(uow, account_id)
