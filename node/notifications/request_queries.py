"""Every SELECT over what is held back: requests, and what waits behind them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, false, func, select

from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.notifications.models import Notification, NotificationRequest
from node.notifications.policies import ASKED_ABOUT
from node.notifications.queries import is_heard

MOST_COUNTED: Final = 100
"""Counts of requests go no further."""


async def list_requests(reader: Reader, account_id: int, page: Page, *, now: datetime) -> list[NotificationRequest]:
    """Return a page of those who wait for somebody's word, newest first; nobody who is gone, blocked or muted since."""
    statement = select(NotificationRequest).where(_stands(account_id, now))
    return page.newest_first(list(await reader.scalars(page.apply(statement, NotificationRequest.id.expression))))


async def find_request(
    reader: Reader, account_id: int, request_id: int, *, now: datetime
) -> NotificationRequest | None:
    """Return one of somebody's own requests; another's is none (attack row 89)."""
    found: NotificationRequest | None = await reader.scalar(
        select(NotificationRequest).where(NotificationRequest.id == request_id, _stands(account_id, now))
    )
    return found


async def list_own_requests(reader: Reader, account_id: int, ids: Collection[int]) -> Sequence[NotificationRequest]:
    """Return those of some requests that are somebody's own, shown or not."""
    return await reader.scalars(
        select(NotificationRequest).where(
            NotificationRequest.account_id == account_id, NotificationRequest.id.in_(list(ids))
        )
    )


async def list_held(reader: Reader, account_id: int, from_account_id: int) -> Sequence[Notification]:
    """Return what is held back of one sender, oldest first."""
    return await reader.scalars(
        select(Notification)
        .where(
            Notification.account_id == account_id,
            Notification.from_account_id == from_account_id,
            Notification.filtered.is_(True),
        )
        .order_by(Notification.id)
    )


async def count_waiting(reader: Reader, account_id: int, *, now: datetime) -> tuple[int, int]:
    """Return how many senders wait, and how many of their messages, each at most `MOST_COUNTED`."""
    waiting = select(NotificationRequest.from_account_id).where(_stands(account_id, now)).limit(MOST_COUNTED)
    senders = list(await reader.scalars(waiting))
    messages = sum((await count_messages(reader, account_id, senders)).values())
    return len(senders), min(messages, MOST_COUNTED)


async def count_messages(reader: Reader, account_id: int, senders: Collection[int]) -> dict[int, int]:
    """Return how many messages of each sender are held back."""
    if not senders:
        return {}
    rows = await reader.rows(
        select(Notification.from_account_id, func.count())
        .where(
            Notification.account_id == account_id,
            Notification.kind.in_(sorted(ASKED_ABOUT)),
            Notification.from_account_id.in_(list(senders)),
            Notification.filtered.is_(True),
        )
        .group_by(Notification.from_account_id)
    )
    return {row[0]: row[1] for row in rows}


def _stands(account_id: int, now: datetime) -> ColumnElement[bool]:
    sender_id = NotificationRequest.from_account_id.expression
    return and_(
        NotificationRequest.account_id == account_id,
        is_heard(account_id, sender_id, now, always=false()),
        exists(
            select(Notification.id).where(
                Notification.account_id == account_id,
                Notification.kind.in_(sorted(ASKED_ABOUT)),
                Notification.from_account_id == sender_id,
                Notification.filtered.is_(True),
            )
        ),
    )
