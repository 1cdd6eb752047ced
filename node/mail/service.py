"""Asking for a mail, in the transaction of whatever it is about."""

from datetime import datetime

from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.base.settings import Settings
from node.mail.models import OutgoingMail

MAX_ADDRESSEE = 320


async def request_mail(
    uow: UnitOfWork,
    settings: Settings,
    kind: str,
    *,
    addressee: str = "",
    account_id: int | None = None,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Ask for a letter of `kind`, now or later; return False, and do nothing, on a node without a mail server."""
    if not settings.smtp_url:
        return False
    uow.add(
        OutgoingMail(
            id=new_id(),
            kind=kind,
            addressee=addressee[:MAX_ADDRESSEE],
            account_id=account_id,
            created_at=now,
            due_at=due_at or now,
            attempts=0,
            last_error="",
        )
    )
    await uow.flush()
    return True
