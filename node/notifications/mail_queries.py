"""Every SELECT behind letters about notifications."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.notifications.models import Notification, NotificationMail
from node.notifications.queries import shown_to, unread_by


async def find_mail_wish(reader: Reader, account_id: int) -> NotificationMail | None:
    """Return of what somebody wants letters."""
    found: NotificationMail | None = await reader.scalar(
        select(NotificationMail).where(NotificationMail.account_id == account_id)
    )
    return found


async def list_untold(
    reader: Reader,
    account_id: int,
    kinds: Collection[str],
    *,
    after_id: int,
    since: datetime,
    limit: int,
    now: datetime,
) -> tuple[Sequence[Notification], int]:
    """Return the newest unread ones of some kinds that came behind an id and a moment, and how many there are."""
    untold = (
        select(Notification)
        .where(
            shown_to(account_id, now),
            unread_by(account_id),
            Notification.kind.in_(list(kinds)),
            Notification.id > after_id,
            Notification.created_at > since,
        )
        .order_by(Notification.id.desc())
    )
    count = await reader.scalar(select(func.count()).select_from(untold.limit(1_000).subquery()))
    return await reader.scalars(untold.limit(limit)), int(count or 0)
