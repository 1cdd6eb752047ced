"""Every SELECT over notifications.

What was told once is hidden later if the reason is gone: a sender who is gone, blocked or muted since, a post that
the recipient may no longer see. The page stays full while rows remain, since all of it is decided in SQL
(client-api 35).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, true

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import MUTES, block_between, blocks_domain_of
from node.auth.models import User
from node.base.clock import system_clock
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.paging import Page, PageForm
from node.markers.models import Marker
from node.notifications.models import Notification, Severance
from node.notifications.rules import OTHER_SUBJECTS, STAFF_KINDS
from node.posts.models import Post
from node.posts.rules import visible_to

MAX_COUNT = 1_000
STAFF = ("moderator", "admin")

VIEWER: Final[Any] = bindparam("viewer")
NOW: Final[Any] = bindparam("now", type_=UtcDateTime())
LIMIT: Final[Any] = bindparam("limit")
"""Statements that clients ask for every few seconds are built once: that costs more than their answers."""


async def list_notifications(
    reader: Reader,
    account_id: int,
    page: Page,
    *,
    types: Collection[str] = (),
    exclude_types: Collection[str] = (),
    from_account_id: int | None = None,
    include_filtered: bool = False,
    now: datetime | None = None,
) -> list[Any]:
    """Return a page of somebody's notifications, newest first; those that are held back only where asked for.

    They are rows with the columns of a Notification.
    """
    asked = asked_for(types, exclude_types, from_account_id)
    given = {"viewer": account_id, "now": now or system_clock(), **page.parameters, **asked}
    statement = _page_of(include_filtered, frozenset(asked), page.form)
    return page.newest_first(list(await reader.rows(statement, given)))


@cache
def _page_of(with_filtered: bool, asked: frozenset[str], form: PageForm) -> Prepared:
    """Return the SELECT of a page: clients ask for it every few seconds, and building it costs more than its answer."""
    shown = select(*Notification.__table__.columns).where(
        shown_to(VIEWER, NOW, with_filtered=with_filtered), *narrowing(asked)
    )
    return Prepared(form.apply(shown, Notification.id.expression))


def asked_for(types: Collection[str], exclude_types: Collection[str], from_account_id: int | None) -> dict[str, Any]:
    """Return the parameters of what was asked for, without those that were not."""
    wanted = {"kinds": list(types), "other_kinds": list(exclude_types), "sender": from_account_id}
    return {name: value for name, value in wanted.items() if value is not None and value != []}


def narrowing(asked: Collection[str]) -> list[ColumnElement[bool]]:
    """SQL: what the parameters of these names ask for."""
    conditions = {
        "kinds": Notification.kind.in_(bindparam("kinds", expanding=True)),
        "other_kinds": Notification.kind.not_in(bindparam("other_kinds", expanding=True)),
        "sender": Notification.from_account_id == bindparam("sender"),
    }
    return [conditions[name] for name in sorted(asked)]


async def find_notification(
    reader: Reader, account_id: int, notification_id: int, *, now: datetime | None = None
) -> Notification | None:
    """Return one of somebody's own notifications; another's is none (attack row 89)."""
    found: Notification | None = await reader.scalar(
        select(Notification).where(
            Notification.id == notification_id, shown_to(account_id, now or system_clock(), with_filtered=True)
        )
    )
    return found


async def count_unread(
    reader: Reader,
    account_id: int,
    *,
    types: Collection[str] = (),
    exclude_types: Collection[str] = (),
    from_account_id: int | None = None,
    limit: int = MAX_COUNT,
    now: datetime | None = None,
) -> int:
    """Return how many are unread, at most `limit`."""
    asked = asked_for(types, exclude_types, from_account_id)
    given = {"viewer": account_id, "now": now or system_clock(), "limit": limit, **asked}
    return int(await reader.scalar(_unread(frozenset(asked)), given) or 0)


@cache
def _unread(asked: frozenset[str]) -> Select[int]:
    unread = select(Notification.id).where(shown_to(VIEWER, NOW), unread_by(VIEWER), *narrowing(asked))
    return select(func.count()).select_from(unread.limit(LIMIT).subquery())


async def list_severances(reader: Reader, account_id: int, ids: Collection[int]) -> Sequence[Severance]:
    """Return those of some severances that concern somebody."""
    if not ids:
        return []
    return await reader.scalars(
        select(Severance).where(Severance.account_id == account_id, Severance.id.in_(list(ids)))
    )


def unread_by(account_id: int) -> ColumnElement[bool]:
    """SQL: a notification beyond what our pages and apps marked as read."""
    marker = select(Marker.last_read_id).where(Marker.account_id == account_id, Marker.timeline == "notifications")
    return Notification.id > func.coalesce(marker.scalar_subquery(), 0)


def shown_to(account_id: int, now: datetime, *, with_filtered: bool = False) -> ColumnElement[bool]:
    """SQL: a notification of somebody that may be shown at this moment."""
    sender_id = Notification.from_account_id.expression
    for_staff = Notification.kind.in_(STAFF_KINDS)
    return and_(
        Notification.account_id == account_id,
        true() if with_filtered else Notification.filtered.is_(False),
        is_heard(account_id, sender_id, now, always=for_staff),
        or_(~for_staff, exists(select(User.account_id).where(User.account_id == account_id, User.role.in_(STAFF)))),
        or_(
            Notification.post_id == 0,
            Notification.kind.in_(OTHER_SUBJECTS),
            exists(select(Post.id).where(Post.id == Notification.post_id, visible_to(account_id))),
        ),
    )


def is_heard(
    account_id: int, sender_id: ColumnElement[int], now: datetime, *, always: ColumnElement[bool]
) -> ColumnElement[bool]:
    """SQL: a sender is present and, but for `always`, neither blocked nor muted."""
    return and_(
        exists(select(Account.id).where(Account.id == sender_id, is_present())),
        or_(always, and_(~shuns(account_id, sender_id), ~mutes(account_id, sender_id, now))),
    )


def shuns(account_id: int, sender_id: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL: one of the two blocks the other, or somebody the server of the sender."""
    return or_(block_between(account_id, sender_id), blocks_domain_of(account_id, sender_id))


def mutes(account_id: int, target: ColumnElement[int], now: datetime) -> ColumnElement[bool]:
    """SQL: muted together with notifications, and the mute has not run out."""
    muted = MUTES.alias()
    return (
        select(muted.c.id)
        .where(
            muted.c.account_id == account_id,
            muted.c.target_id == target,
            muted.c.hide_notifications.is_(True),
            or_(muted.c.expires_at.is_(None), muted.c.expires_at > now),
        )
        .exists()
    )
