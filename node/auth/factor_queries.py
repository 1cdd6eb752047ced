"""Every SELECT over authenticator apps, passkeys, recovery codes and sign-ins half way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from node.auth.factor_models import Passkey, RecoveryCode, SignInStep, TotpDevice
from node.auth.hashing import hash_secret
from node.base.db.unit_of_work import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """With what somebody takes the second step. `is_on`: a password alone does not let them in."""

    totp: bool
    passkeys: int
    codes: int

    @property
    def is_on(self) -> bool:
        """Whether there is a second step."""
        return self.totp or self.passkeys > 0


async def list_factors(reader: Reader, account_id: int) -> Factors:
    """Return with what somebody takes the second step."""
    ((totp, passkeys, codes),) = await reader.execute(
        select(
            select(func.count()).where(_is_on(account_id)).scalar_subquery(),
            select(func.count()).where(Passkey.account_id == account_id).scalar_subquery(),
            select(func.count()).where(RecoveryCode.account_id == account_id).scalar_subquery(),
        )
    )
    return Factors(totp=bool(totp), passkeys=passkeys, codes=codes)


async def has_second_factor(reader: Reader, account_id: int) -> bool:
    """Whether a password alone does not let somebody in."""
    return bool(await reader.scalar(select(second_step_of(account_id))))


def second_step_of(account_id: Any) -> ColumnElement[bool]:
    """Return the condition that somebody, named by an id or a column, has a second step; part of other queries."""
    with_passkey = exists(select(Passkey.id).where(Passkey.account_id == account_id))
    with_totp = exists(select(TotpDevice.account_id).where(_is_on(account_id)))
    return or_(with_passkey, with_totp)


def _is_on(account_id: Any) -> ColumnElement[bool]:
    return and_(TotpDevice.account_id == account_id, TotpDevice.confirmed_at.is_not(None))


async def find_totp(reader: Reader, account_id: int) -> TotpDevice | None:
    """Return somebody's authenticator app, confirmed or being set up."""
    found: TotpDevice | None = await reader.scalar(select(TotpDevice).where(TotpDevice.account_id == account_id))
    return found


async def list_passkeys(reader: Reader, account_id: int) -> list[Passkey]:
    """Return somebody's passkeys, oldest first."""
    return list(await reader.scalars(select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)))


async def find_passkey(reader: Reader, credential_id: str) -> Passkey | None:
    """Return the passkey of this credential."""
    found: Passkey | None = await reader.scalar(select(Passkey).where(Passkey.credential_id == credential_id))
    return found


async def find_step(reader: Reader, secret: str, purpose: str, now: datetime) -> SignInStep | None:
    """Return the ceremony a browser's secret stands for, unless it is over."""
    if not secret:
        return None
    found: SignInStep | None = await reader.scalar(
        select(SignInStep).where(
            SignInStep.secret_hash == hash_secret(secret), SignInStep.purpose == purpose, SignInStep.expires_at > now
        )
    )
    return found
