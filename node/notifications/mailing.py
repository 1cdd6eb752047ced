"""Use cases of letters about notifications: want them, expect one, end them. Part of the service.

The letter itself is composed when it goes out (`letters.py`).
"""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.settings import Settings
from node.mail.queries import is_mail_waiting
from node.mail.service import request_mail
from node.notifications.mail_queries import find_mail_wish
from node.notifications.mail_rules import account_in, is_genuine, is_wanted, kinds_of
from node.notifications.models import NotificationMail
from node.notifications.priorities import Made

LETTER: Final = "notifications"


async def choose_mail(uow: UnitOfWork, account_id: int, kinds: Collection[str]) -> None:
    """Have letters written to somebody of these kinds of notifications, and no others."""
    chosen = kinds_of(kinds)
    values = {"account_id": account_id, "kinds": chosen, "secret": secrets.token_hex(32)}
    if not await insert_if_absent(uow, NotificationMail, {**_BLANK, **values}):
        await uow.write(update(NotificationMail).where(NotificationMail.account_id == account_id).values(kinds=chosen))


async def expect_letter(uow: UnitOfWork, settings: Settings, made: Made, *, now: datetime) -> bool:
    """Have a letter written in a while, if its recipient wants one of this kind and none is expected yet."""
    if not settings.smtp_url:
        return False
    wish = await find_mail_wish(uow, made.account_id)
    if wish is None or not is_wanted(made.kind, wish.kinds):
        return False
    if await is_mail_waiting(uow, LETTER, made.account_id):
        return False
    due_at = now + timedelta(minutes=settings.notification_mail_minutes)
    return await request_mail(uow, settings, LETTER, account_id=made.account_id, now=now, due_at=due_at)


async def unsubscribe(uow: UnitOfWork, token: str) -> bool:
    """End the letters of whom a genuine token belongs to; return whether it is one."""
    account_id = account_in(token)
    wish = None if account_id is None else await find_mail_wish(uow, account_id)
    if wish is None or not is_genuine(token, wish.account_id, wish.secret):
        return False
    await choose_mail(uow, wish.account_id, [])
    return True


_BLANK: Final = {"mail_id": 0, "told_up_to_id": 0, "told_before_id": 0, "sent_on_day": 0}
