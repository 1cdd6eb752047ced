"""Ceremonies that take two requests: a sign-in half way, a passkey being asked. Part of the service.

The browser holds a secret that was made for it after what came before was right, so nobody can prepare one for
somebody else (attack row 95). A step is used up by what it leads to, ends by itself after some minutes, and after a
few wrong answers: then the password has to be said again (attack row 102).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, update

from node.auth.factor_models import SignInStep
from node.auth.hashing import hash_secret, new_secret
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id

Purpose = Literal["second", "passkey", "register"]

STEP_LIFE = timedelta(minutes=10)
MAX_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A ceremony that has just begun: the browser's secret, and what a passkey has to sign."""

    secret: str
    challenge: str


async def begin_step(uow: UnitOfWork, purpose: Purpose, *, account_id: int | None = None, now: datetime) -> Step:
    """Begin a ceremony."""
    step = Step(new_secret(), secrets.token_urlsafe(32))
    uow.add(
        SignInStep(
            id=new_id(),
            secret_hash=hash_secret(step.secret),
            purpose=purpose,
            account_id=account_id,
            challenge=step.challenge,
            created_at=now,
            expires_at=now + STEP_LIFE,
        )
    )
    await uow.flush()
    return step


async def end_step(uow: UnitOfWork, step: SignInStep) -> bool:
    """Use a ceremony up; return False when another request was faster."""
    return bool(
        await uow.write(delete(SignInStep).where(SignInStep.id == step.id).execution_options(synchronize_session=False))
    )


async def count_failure(uow: UnitOfWork, step: SignInStep) -> None:
    """Note a wrong answer; the last one that is borne ends the ceremony."""
    this = SignInStep.id == step.id
    await uow.write(
        update(SignInStep)
        .where(this)
        .values(failures=SignInStep.failures + 1)
        .execution_options(synchronize_session=False)
    )
    await uow.write(
        delete(SignInStep).where(this, SignInStep.failures >= MAX_FAILURES).execution_options(synchronize_session=False)
    )
