"""Codes of authenticator apps (RFC 6238): set up, check, remove. Part of the service.

A code holds for its half minute and the ones beside it, and once: the half minute of the newest one is kept, and the
row is claimed with it, so of two requests with one code only one is let in (attack row 102). After ten wrong codes
the app is of no use for a quarter of an hour, whoever asks and whether Redis is there; passkeys and recovery codes
are.
"""

from datetime import datetime, timedelta
from hmac import compare_digest

import pyotp
from sqlalchemy import delete, update

from node.auth.factor_models import TotpDevice
from node.auth.factor_queries import find_totp
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Conflict

SECONDS = 30
DRIFT = 1
"""Half minutes that a clock may be wrong, to either side."""
MAX_FAILURES = 10
PAUSE = timedelta(minutes=15)


def fitting_step(secret: str, code: str, now: datetime, *, after: int = 0) -> int | None:
    """Return the half minute whose code this is, if it is near and newer than `after`. Pure."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdigit()):
        return None
    generator, current = pyotp.TOTP(secret), int(now.timestamp()) // SECONDS
    for step in range(current - DRIFT, current + DRIFT + 1):
        if step > after and compare_digest(generator.generate_otp(step), digits):
            return step
    return None


def setup_address(secret: str, *, name: str, issuer: str) -> str:
    """Return the `otpauth:` address that a QR code carries to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


async def begin_totp(uow: UnitOfWork, account_id: int, *, now: datetime) -> None:
    """Make a secret to be taken over by an app; an earlier one that was not confirmed is forgotten.

    Raises Conflict when there is an app already.
    """
    device = await find_totp(uow, account_id)
    if device is not None and device.confirmed_at is not None:
        raise Conflict("There is an authenticator app already")
    await remove_totp(uow, account_id)
    uow.add(TotpDevice(account_id=account_id, secret=pyotp.random_base32(), created_at=now))
    await uow.flush()


async def confirm_totp(uow: UnitOfWork, account_id: int, code: str, *, now: datetime) -> bool:
    """Take an app into use by its first code; return whether the code is right."""
    device = await find_totp(uow, account_id)
    if device is None or device.confirmed_at is not None:
        return False
    step = fitting_step(device.secret, code, now)
    if step is None:
        return False
    return bool(
        await uow.write(
            update(TotpDevice)
            .where(TotpDevice.account_id == account_id, TotpDevice.confirmed_at.is_(None))
            .values(confirmed_at=now, last_step=step)
        )
    )


async def use_totp(uow: UnitOfWork, account_id: int, code: str, *, now: datetime) -> bool:
    """Take a code; return whether it is right and new. What this notes of wrong ones has to be committed too."""
    device = await find_totp(uow, account_id)
    if device is None or device.confirmed_at is None or _is_paused(device, now):
        return False
    step = fitting_step(device.secret, code, now, after=device.last_step)
    this = update(TotpDevice).where(TotpDevice.account_id == account_id)
    if step is None:
        is_old = device.failing_since is None or now - device.failing_since >= PAUSE
        await uow.write(
            this.values(
                failures=1 if is_old else TotpDevice.failures + 1,
                failing_since=now if is_old else device.failing_since,
            )
        )
        return False
    unused = TotpDevice.last_step < step
    return bool(await uow.write(this.where(unused).values(last_step=step, failures=0, failing_since=None)))


def _is_paused(device: TotpDevice, now: datetime) -> bool:
    since = device.failing_since
    return device.failures >= MAX_FAILURES and since is not None and now - since < PAUSE


async def remove_totp(uow: UnitOfWork, account_id: int) -> bool:
    """Forget an app; return whether it was in use."""
    device = await find_totp(uow, account_id)
    await uow.write(delete(TotpDevice).where(TotpDevice.account_id == account_id))
    return device is not None and device.confirmed_at is not None
