"""Passkeys of people: add, use, remove. Part of the service.

A passkey takes the second step of a sign-in, and with a person it knows (user verification) the whole of it. The
count of uses goes up in the statement that claims it, so an answer is good once (attack row 102).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from node.auth.factor_models import Passkey, SignInStep
from node.auth.factor_queries import find_passkey, list_passkeys
from node.auth.passkey_rules import REFUSED, check_new, check_use
from node.auth.steps import end_step
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.settings import Settings

MAX_PASSKEYS = 20
"""Passkeys one person may have (attack row 59)."""
MAX_NAME = 60


async def add_passkey(
    uow: UnitOfWork,
    settings: Settings,
    account_id: int,
    step: SignInStep,
    answer: Mapping[str, Any],
    *,
    name: str,
    now: datetime,
) -> None:
    """Keep the passkey a browser made in the ceremony `step`. Raises Invalid."""
    new = check_new(settings, answer, challenge=step.challenge)
    if step.account_id != account_id or not await end_step(uow, step):
        raise Invalid(REFUSED)
    if len(await list_passkeys(uow, account_id)) >= MAX_PASSKEYS:
        raise Invalid(f"You can have at most {MAX_PASSKEYS} passkeys. Remove one first.")
    shown = "".join(letter for letter in " ".join(name.split()) if letter.isprintable())[:MAX_NAME]
    is_new = await insert_if_absent(
        uow,
        Passkey,
        {
            "id": new_id(),
            "account_id": account_id,
            "credential_id": new.credential_id,
            "public_key": new.public_key,
            "sign_count": new.sign_count,
            "transports": new.transports,
            "name": shown or "Passkey",
            "created_at": now,
        },
    )
    if not is_new:
        raise Invalid("This passkey is in use already.")


async def use_passkey(
    uow: UnitOfWork, settings: Settings, step: SignInStep, answer: Mapping[str, Any], *, now: datetime
) -> int:
    """Return whose passkey gave `answer` in the ceremony `step`. Raises Invalid.

    In the second step it has to be the person's own.
    """
    is_alone = step.account_id is None
    passkey = await find_passkey(uow, str(answer["id"])[:1400])
    if passkey is None or step.account_id not in (None, passkey.account_id):
        raise Invalid(REFUSED)
    before = passkey.sign_count
    count = check_use(settings, passkey, answer, challenge=step.challenge, is_alone=is_alone)
    claimed = await uow.write(
        update(Passkey)
        .where(Passkey.id == passkey.id, Passkey.sign_count == before)
        .values(sign_count=count, last_used_at=now)
        .execution_options(synchronize_session=False)
    )
    if not claimed or not await end_step(uow, step):
        raise Invalid(REFUSED)
    return passkey.account_id


async def remove_passkey(uow: UnitOfWork, account_id: int, passkey_id: int) -> bool:
    """Forget one of somebody's passkeys; another's id removes nothing (attack row 89)."""
    return bool(await uow.write(delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id)))
