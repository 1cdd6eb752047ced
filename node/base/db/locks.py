"""Locks for what no unique key and no single row stands for: held to the end of the transaction.

On SQLite there is one writer, so every transaction that writes is alone anyway.
"""

import hashlib

from sqlalchemy import BigInteger, cast, func, select

from node.base.db.unit_of_work import UnitOfWork


async def lock_pair(uow: UnitOfWork, what: str, a: int, b: int) -> None:
    """Wait until no other transaction holds this pair, in either order; `what` keeps different uses apart.

    Call it before anything else is locked, and look at rows only afterwards.
    """
    if uow.dialect != "postgresql":
        return
    low, high = sorted((a, b))
    digest = hashlib.blake2b(f"{what}:{low}:{high}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True)
    await uow.execute(select(func.pg_advisory_xact_lock(cast(number, BigInteger))))
