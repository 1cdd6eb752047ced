"""Links that work once: the first admin's, invitations, confirmations. Part of the service.

The secret is in the link, its hash in the row. `use_link` marks the row in the transaction of what the link does,
so two clicks at once do it once.
"""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, update

from node.auth.hashing import hash_secret, new_secret
from node.auth.models import OneTimeLink
from node.auth.queries import find_link
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Gone
from node.base.ids import new_id

Purpose = Literal["setup", "confirm", "reset", "invite"]

LIFE: dict[Purpose, timedelta] = {
    "setup": timedelta(days=1),
    "confirm": timedelta(days=2),
    "reset": timedelta(hours=6),
    "invite": timedelta(days=7),
}


async def create_link(uow: UnitOfWork, purpose: Purpose, *, account_id: int | None = None, now: datetime) -> str:
    """Make a link and return its secret."""
    secret = new_secret()
    uow.add(
        OneTimeLink(
            id=new_id(),
            secret_hash=hash_secret(secret),
            purpose=purpose,
            account_id=account_id,
            created_at=now,
            expires_at=now + LIFE[purpose],
        )
    )
    await uow.flush()
    return secret


async def create_setup_link(uow: UnitOfWork, now: datetime) -> str:
    """Make the link with which the first admin signs up; every older one stops working. Return its secret."""
    await uow.write(delete(OneTimeLink).where(OneTimeLink.purpose == "setup", OneTimeLink.used_at.is_(None)))
    return await create_link(uow, "setup", now=now)


async def use_link(uow: UnitOfWork, secret: str, purpose: Purpose, *, now: datetime) -> OneTimeLink:
    """Use a link up and return its row. Raises Gone when it is unknown, used, or too old: the same answer."""
    link = await find_link(uow, secret, purpose, now)
    used = (
        await uow.write(
            update(OneTimeLink).where(OneTimeLink.id == link.id, OneTimeLink.used_at.is_(None)).values(used_at=now)
        )
        if link is not None
        else 0
    )
    if link is None or not used:
        raise Gone("This link has been used or is too old")
    return link
