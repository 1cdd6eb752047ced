"""Every SELECT over notifications.

What was told once is hidden later if the reason is gone: a sender who is gone, blocked or muted since, a post that
the recipient may no longer see. The page stays full while rows remain, since all of it is decided in SQL
(client-api 35).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import MUTES, block_between, blocks_domain_of, follows
from node.base.clock import system_clock
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.notifications.models import Notification
from node.notifications.rules import REPORT, Standing
from node.posts.models import Post
from node.posts.rules import visible_to

MAX_COUNT = 1_000


async def read_standing(
    reader: Reader, *, account_id: int, from_account_id: int, post_id: int, now: datetime
) -> Standing | None:
    """Return what `may_notify` asks, in one query; None when one of the two is unknown."""
    sender = aliased(Account)
    row = (
        await reader.execute(
            select(
                Account.domain,
                is_present(),
                is_present(sender),
                sender.silenced_at,
                follows(account_id, from_account_id),
                _shuns(account_id, sender.id.expression),
                _mutes(account_id, sender.id.expression, now),
                exists(select(Post.id).where(Post.id == post_id, visible_to(account_id))),
            )
            .select_from(Account)
            .join(sender, sender.id == from_account_id)
            .where(Account.id == account_id)
        )
    ).one_or_none()
    if row is None:
        return None
    domain, present, sender_present, silenced_at, follows_sender, is_blocked, muted, post_visible = row
    return Standing(
        recipient_is_local=domain == "",
        recipient_gone=not present,
        is_self=account_id == from_account_id,
        sender_gone=not sender_present,
        sender_silenced=silenced_at is not None,
        recipient_follows_sender=bool(follows_sender),
        block_between=bool(is_blocked),
        muted=bool(muted),
        post_visible=post_id == 0 or bool(post_visible),
    )


async def list_notifications(
    reader: Reader,
    account_id: int,
    page: Page,
    *,
    types: Collection[str] = (),
    exclude_types: Collection[str] = (),
    from_account_id: int | None = None,
    now: datetime | None = None,
) -> list[Notification]:
    """Return a page of somebody's notifications, newest first."""
    statement = select(Notification).where(_shown(account_id, now or system_clock()))
    if types:
        statement = statement.where(Notification.kind.in_(list(types)))
    if exclude_types:
        statement = statement.where(Notification.kind.not_in(list(exclude_types)))
    if from_account_id is not None:
        statement = statement.where(Notification.from_account_id == from_account_id)
    return page.newest_first(list(await reader.scalars(page.apply(statement, Notification.id.expression))))


async def find_notification(
    reader: Reader, account_id: int, notification_id: int, *, now: datetime | None = None
) -> Notification | None:
    """Return one of somebody's own notifications; another's is none (attack row 89)."""
    found: Notification | None = await reader.scalar(
        select(Notification).where(Notification.id == notification_id, _shown(account_id, now or system_clock()))
    )
    return found


async def count_unread(reader: Reader, account_id: int, *, now: datetime | None = None) -> int:
    """Return how many are unread, at most `MAX_COUNT`."""
    unread = (
        select(Notification.id)
        .where(_shown(account_id, now or system_clock()), Notification.read_at.is_(None))
        .limit(MAX_COUNT)
        .subquery()
    )
    return int(await reader.scalar(select(func.count()).select_from(unread)) or 0)


def _shown(account_id: int, now: datetime) -> ColumnElement[bool]:
    sender_id = Notification.from_account_id.expression
    is_report = Notification.kind == REPORT
    return and_(
        Notification.account_id == account_id,
        exists(select(Account.id).where(Account.id == sender_id, is_present())),
        or_(is_report, and_(~_shuns(account_id, sender_id), ~_mutes(account_id, sender_id, now))),
        or_(
            Notification.post_id == 0,
            is_report,
            exists(select(Post.id).where(Post.id == Notification.post_id, visible_to(account_id))),
        ),
    )


def _shuns(account_id: int, sender_id: ColumnElement[int]) -> ColumnElement[bool]:
    return or_(block_between(account_id, sender_id), blocks_domain_of(account_id, sender_id))


def _mutes(account_id: int, target: ColumnElement[int], now: datetime) -> ColumnElement[bool]:
    """SQL: muted together with notifications, and the mute has not run out."""
    mutes = MUTES.alias()
    return (
        select(mutes.c.id)
        .where(
            mutes.c.account_id == account_id,
            mutes.c.target_id == target,
            mutes.c.hide_notifications.is_(True),
            or_(mutes.c.expires_at.is_(None), mutes.c.expires_at > now),
        )
        .exists()
    )
