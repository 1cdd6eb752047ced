"""Locks for what no unique key and no single row stands for: held to the end of the transaction.

On SQLite there is one writer, so every transaction that writes is alone anyway.
"""

import hashlib

from sqlalchemy import BigInteger, ColumnElement, cast, func, select

from node.base.db.unit_of_work import UnitOfWork


async def lock_use(uow: UnitOfWork, what: str) -> None:
    """Wait until no other transaction is at `what`. Call it before anything else is locked."""
    if uow.dialect == "postgresql":
        await uow.execute(select(func.pg_advisory_xact_lock(_number(what))))


async def try_lock_use(uow: UnitOfWork, what: str) -> bool:
    """Do the same without waiting: False where another transaction is at it."""
    return uow.dialect != "postgresql" or bool(await uow.scalar(select(func.pg_try_advisory_xact_lock(_number(what)))))


def _number(what: str) -> ColumnElement[int]:
    digest = hashlib.blake2b(what.encode(), digest_size=8).digest()
    return cast(int.from_bytes(digest, "big", signed=True), BigInteger)


async def lock_pair(uow: UnitOfWork, what: str, a: int, b: int) -> None:
    """Wait until no other transaction holds this pair, in either order; `what` keeps different uses apart.

    Call it before anything else is locked, and look at rows only afterwards.
    """
    low, high = sorted((a, b))
    await lock_use(uow, f"{what}:{low}:{high}")
