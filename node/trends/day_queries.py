"""The SELECTs of days: how much hashtags and links were used on each, and what is usual for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select

from node.base.db.unit_of_work import Reader
from node.base.ids import SHIFT, floor_id
from node.cards.models import PostLink
from node.posts.models import Post, PostHashtag
from node.posts.tag_queries import HISTORY_DAYS, DayUse
from node.trends.models import TrendDay
from node.trends.rules import Kind
from node.trends.scoring import Usual

WEEKS: Final = 4
DAYS: Final = 7 * WEEKS
"""Days that say what is usual."""
KEPT_DAYS: Final = DAYS + 7
"""Days whose rows are kept."""
MOST_SUBJECTS: Final = 20_000
"""Of a day and kind, those with the most people, are kept."""
MOST_COUNTED: Final = 20_000
"""Newest posts of a link that are counted for days that have no row."""
_HOUR: Final = 3_600_000 << SHIFT


@dataclass(slots=True)
class DayCount:
    """What was counted of a subject on a day."""

    uses: int
    accounts: int
    hours: list[int] = field(default_factory=lambda: [0] * 24)


def day_number(moment: datetime) -> int:
    """Return the day of a moment (UTC), counted from 1970."""
    return int(moment.timestamp()) // 86_400


def day_start(day: int) -> datetime:
    """Return when a day begins."""
    return datetime.fromtimestamp(day * 86_400, tz=UTC)


async def count_day(reader: Reader, kind: Kind, day: int) -> dict[int, DayCount]:
    """Count a day from the posts: what two people or more used."""
    table: Any = PostHashtag if kind == "tags" else PostLink
    subject: Any = PostHashtag.hashtag_id if kind == "tags" else PostLink.card_id
    people = func.count(func.distinct(Post.account_id))

    def counting(*columns: Any) -> Select[*tuple[Any, ...]]:
        return (
            select(*columns)
            .join_from(table, Post, Post.id == table.post_id)
            .where(
                table.post_id >= floor_id(day_start(day)),
                table.post_id < floor_id(day_start(day + 1)),
                Post.visibility == "public",
                Post.deleted_at.is_(None),
            )
        )

    whole = counting(subject, func.count(), people).group_by(subject).having(people > 1)
    rows = await reader.execute(whole.order_by(people.desc(), subject).limit(MOST_SUBJECTS))
    found = {id_: DayCount(uses, accounts) for id_, uses, accounts in rows}
    if not found:
        return found
    hour = (table.post_id.op("/")(_HOUR)).label("hour")
    busy = counting(subject).group_by(subject).having(people > 1)
    by_hour = counting(subject, hour, people).where(subject.in_(busy)).group_by(subject, hour)
    for id_, number, accounts in await reader.execute(by_hour):
        if id_ in found:
            found[id_].hours[number % 24] = accounts
    return found


async def read_usual(
    reader: Reader, kind: Kind, ids: Collection[int], *, window: timedelta, now: datetime
) -> dict[int, Usual]:
    """Return what is usual for subjects, in a window that ends at this hour of the day."""
    today = day_number(now)
    rows = await reader.execute(
        select(TrendDay.subject_id, TrendDay.day, TrendDay.accounts, TrendDay.hours).where(
            TrendDay.kind == kind,
            TrendDay.subject_id.in_(list(ids)),
            TrendDay.day >= today - DAYS - 1,
            TrendDay.day < today,
        )
    )
    days: dict[int, dict[int, tuple[int, Sequence[int]]]] = {}
    for id_, day, accounts, hours in rows:
        days.setdefault(id_, {})[day] = (accounts, hours)
    return {id_: usual_of(found, today=today, hour=now.hour, window=window) for id_, found in days.items()}


def usual_of(days: dict[int, tuple[int, Sequence[int]]], *, today: int, hour: int, window: timedelta) -> Usual:
    """Return what is usual, from the days on which a subject was there (their people, in all and by hour)."""
    length = max(1, round(window / timedelta(hours=1)))

    def people(ago: int) -> float:
        if length >= 24:
            # A window of a day ends at this hour: a part of that day and a part of the one before it.
            late, early = days.get(today - ago, (0, ()))[0], days.get(today - ago - 1, (0, ()))[0]
            return float(max(late, early))
        total, most = 0, 0
        for back in range(length):
            day, at = today - ago + (hour - back) // 24, (hour - back) % 24
            accounts, hours = days.get(day, (0, ()))
            if hours:
                total, most = total + hours[at], max(most, accounts)
        return float(min(total, most))

    weekly = [people(7 * week) for week in range(1, WEEKS + 1)]
    seen = [amount for amount in weekly if amount]
    return Usual(
        daily=sum(people(ago) for ago in range(1, 8)) / 7,
        # One Saturday makes no habit: two of the last four do.
        weekly=sum(seen) / len(seen) if len(seen) >= 2 else 0.0,
        presence=len([day for day in days if today - DAYS <= day < today]) / DAYS,
    )


async def read_popular(reader: Reader, kind: Kind, now: datetime) -> dict[int, float]:
    """Return how many people a day used what is used most, on an average day of the last week."""
    total = func.sum(TrendDay.accounts)
    rows = await reader.execute(
        select(TrendDay.subject_id, total)
        .where(TrendDay.kind == kind, TrendDay.day >= day_number(now) - 7)
        .group_by(TrendDay.subject_id)
        .order_by(total.desc())
        .limit(MOST_SUBJECTS)
    )
    return {id_: float(people) / 7 for id_, people in rows}


async def list_link_days(reader: Reader, card_id: int, now: datetime) -> list[DayUse]:
    """Return how a link was posted in public on each of the last seven days (UTC), today first."""
    today = day_number(now)
    rows = await reader.execute(
        select(Post.id, Post.account_id)
        .join(PostLink, PostLink.post_id == Post.id)
        .where(
            PostLink.card_id == card_id,
            PostLink.post_id >= floor_id(day_start(today - HISTORY_DAYS + 1)),
            Post.visibility == "public",
            Post.local_only.is_(False),
            Post.deleted_at.is_(None),
        )
        .order_by(PostLink.post_id.desc())
        .limit(MOST_COUNTED)
    )
    days: dict[int, list[int]] = {}
    for post_id, account_id in rows:
        days.setdefault((post_id >> SHIFT) // 86_400_000, []).append(account_id)
    found = []
    for day in range(today, today - HISTORY_DAYS, -1):
        accounts = days.get(day, [])
        found.append(DayUse(day_start(day), uses=len(accounts), accounts=len(set(accounts))))
    return found


async def list_counted_days(reader: Reader, kind: Kind, subject_id: int, now: datetime) -> dict[int, DayUse]:
    """Return the days of the last week that are counted, by number."""
    rows = await reader.execute(
        select(TrendDay.day, TrendDay.uses, TrendDay.accounts).where(
            TrendDay.kind == kind, TrendDay.subject_id == subject_id, TrendDay.day > day_number(now) - HISTORY_DAYS
        )
    )
    return {day: DayUse(day_start(day), uses, accounts) for day, uses, accounts in rows}
