"""Recovery codes: for when the authenticator app or passkey is lost. Part of the service.

Ten of 80 random bits each, shown once and kept as hashes; each lets in once. Making new ones ends the old ones.
"""

import base64
import secrets
from datetime import datetime

from sqlalchemy import delete

from node.auth.factor_models import RecoveryCode
from node.auth.hashing import hash_secret
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id

CODES = 10
_LETTERS = 16
_MISREAD = str.maketrans("01", "ol")
"""Digits that no code has, and the letters they were on paper."""


async def make_recovery_codes(uow: UnitOfWork, account_id: int, *, now: datetime) -> list[str]:
    """Make new codes, end the old ones, and return them as people write them down."""
    await remove_recovery_codes(uow, account_id)
    made = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(CODES)]
    for code in made:
        uow.add(RecoveryCode(id=new_id(), account_id=account_id, code_hash=hash_secret(code), created_at=now))
    await uow.flush()
    return ["-".join(code[start : start + 4] for start in range(0, _LETTERS, 4)) for code in made]


async def use_recovery_code(uow: UnitOfWork, account_id: int, code: str) -> bool:
    """Use a code up; return whether it was one (attack row 102)."""
    plain = "".join(letter for letter in code.lower().translate(_MISREAD) if letter.isalnum())
    if len(plain) != _LETTERS:
        return False
    return bool(
        await uow.write(
            delete(RecoveryCode)
            .where(RecoveryCode.account_id == account_id, RecoveryCode.code_hash == hash_secret(plain))
            .execution_options(synchronize_session=False)
        )
    )


async def remove_recovery_codes(uow: UnitOfWork, account_id: int) -> None:
    """End all codes of somebody."""
    await uow.write(
        delete(RecoveryCode).where(RecoveryCode.account_id == account_id).execution_options(synchronize_session=False)
    )
