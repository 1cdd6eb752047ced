"""Every SELECT over mails."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

from node.base.db.claims import first_due
from node.base.db.unit_of_work import Reader
from node.mail.models import OutgoingMail

_DUE: Final = first_due(OutgoingMail, OutgoingMail.parked_at.is_(None))


async def has_due_mail(reader: Reader, now: datetime) -> bool:
    """Say whether any mail is due."""
    return bool(await reader.rows(_DUE, {"now": now}))


async def is_mail_waiting(reader: Reader, kind: str, account_id: int) -> bool:
    """Say whether a letter of a kind to somebody was asked for and not tried yet."""
    found = await reader.scalar(
        select(OutgoingMail.id)
        .where(OutgoingMail.account_id == account_id, OutgoingMail.kind == kind, OutgoingMail.attempts == 0)
        .limit(1)
    )
    return found is not None


async def list_mails(reader: Reader, ids: Collection[int]) -> Sequence[OutgoingMail]:
    """Return mails, oldest first."""
    return await reader.scalars(select(OutgoingMail).where(OutgoingMail.id.in_(ids)).order_by(OutgoingMail.id))
