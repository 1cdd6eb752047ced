"""Every SELECT of hashtags by themselves: who follows them, and how much they are used."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.base.ids import SHIFT
from node.base.paging import Page
from node.posts.models import FeaturedTag, Hashtag, Post, PostHashtag, TagFollow

HISTORY_DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_TOLD_APART: Final = 5_000
_COUNTED: Final = 20_000
"""Newest posts of a hashtag that are counted: beyond that nobody reads the figure to the last digit."""


@dataclass(frozen=True, slots=True)
class TagFollowEntry:
    """A hashtag that somebody follows, with the id of the follow, by which they are paged."""

    id: int
    hashtag: Hashtag


@dataclass(frozen=True, slots=True)
class DayUse:
    """How often a hashtag was used in public on one day, and by how many."""

    day: datetime
    uses: int
    accounts: int


_NAMED: Final = Prepared(select(Hashtag.name, Hashtag.id).where(Hashtag.name.in_(bindparam("names", expanding=True))))
_SOME: Final = (
    select(PostHashtag.post_id).where(PostHashtag.hashtag_id == bindparam("tag")).limit(bindparam("most")).subquery()
)
_HOW_MANY: Final = Prepared(select(func.count(_SOME.c.post_id)))


_ACCOUNT: Final[Any] = bindparam("account")
_IDS: Final[Any] = bindparam("ids", expanding=True)
_FOLLOWED: Final = Prepared(
    select(TagFollow.hashtag_id).where(TagFollow.account_id == _ACCOUNT, TagFollow.hashtag_id.in_(_IDS))
)
_FEATURED: Final = Prepared(
    select(FeaturedTag.hashtag_id).where(FeaturedTag.account_id == _ACCOUNT, FeaturedTag.hashtag_id.in_(_IDS))
)


async def list_tag_ids(reader: Reader, names: Collection[str]) -> dict[str, int]:
    """Return the ids of hashtags by their folded names; of those that nobody used yet, none."""
    rows = await reader.rows(_NAMED, {"names": list(names)}) if names else []
    return {row[0]: row[1] for row in rows}


async def rarest_first(reader: Reader, ids: Collection[int]) -> list[int]:
    """Return hashtags in the order of how many posts carry them; those with very many are all alike."""
    if len(ids) < 2:
        return list(ids)
    counts = {id_: await count_uses(reader, id_, at_most=_TOLD_APART) for id_ in ids}
    return sorted(counts, key=lambda id_: (counts[id_], id_))


async def count_uses(reader: Reader, hashtag_id: int, *, at_most: int) -> int:
    """Return how many posts carry a hashtag, counted no further than `at_most`."""
    rows = await reader.rows(_HOW_MANY, {"tag": hashtag_id, "most": at_most})
    return int(rows[0][0])


async def find_tag_follow(reader: Reader, account_id: int, hashtag_id: int) -> TagFollow | None:
    """Return somebody's follow of a hashtag."""
    found: TagFollow | None = await reader.scalar(
        select(TagFollow).where(TagFollow.account_id == account_id, TagFollow.hashtag_id == hashtag_id)
    )
    return found


async def count_followed_tags(reader: Reader, account_id: int) -> int:
    """Return how many hashtags somebody follows."""
    statement = select(func.count()).select_from(TagFollow).where(TagFollow.account_id == account_id)
    return int(await reader.scalar(statement) or 0)


async def list_followed_tags(reader: Reader, account_id: int, page: Page) -> list[TagFollowEntry]:
    """Return a page of the hashtags somebody follows, the last followed first, paged by the follow's id."""
    statement = (
        select(TagFollow.id, Hashtag)
        .join(Hashtag, Hashtag.id == TagFollow.hashtag_id)
        .where(TagFollow.account_id == account_id)
    )
    rows = (await reader.execute(page.apply(statement, TagFollow.id.expression))).all()
    return page.newest_first([TagFollowEntry(id_, hashtag) for id_, hashtag in rows])


async def list_followed_among(reader: Reader, account_id: int, hashtag_ids: Collection[int]) -> set[int]:
    """Return which of these hashtags somebody follows."""
    given = {"account": account_id, "ids": list(hashtag_ids)}
    return {row[0] for row in await reader.rows(_FOLLOWED, given)} if hashtag_ids else set()


async def list_featured_among(reader: Reader, account_id: int, hashtag_ids: Collection[int]) -> set[int]:
    """Return which of these hashtags somebody features."""
    given = {"account": account_id, "ids": list(hashtag_ids)}
    return {row[0] for row in await reader.rows(_FEATURED, given)} if hashtag_ids else set()


async def tag_history(reader: Reader, hashtag_id: int, *, now: datetime) -> list[DayUse]:
    """Return how a hashtag was used on each of the last seven days (UTC), today first: in posts that anybody may
    see, since everybody is told the same."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=ago) for ago in range(HISTORY_DAYS)]
    since = int(days[-1].timestamp() * 1000) << SHIFT
    rows = await reader.execute(_history(), {"hashtag_id": hashtag_id, "since": since, "most": _COUNTED})
    counts = {number: (uses, accounts) for number, uses, accounts in rows}
    return [DayUse(day, *counts.get(int(day.timestamp() * 1000) // _DAY_MS, (0, 0))) for day in days]


@cache
def _history() -> Select[*tuple[Any, ...]]:
    """An id begins with the post's milliseconds, so a day is a range of the index of posts by hashtag."""
    newest = (
        select(PostHashtag.post_id, Post.account_id)
        .join(Post, Post.id == PostHashtag.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(
            PostHashtag.hashtag_id == bindparam("hashtag_id"),
            PostHashtag.post_id >= bindparam("since"),
            Post.visibility == "public",
            Post.local_only.is_(False),
            Post.deleted_at.is_(None),
            is_present(),
        )
        .order_by(PostHashtag.post_id.desc())
        .limit(bindparam("most"))
        .subquery()
    )
    day = newest.c.post_id.op("/")(_DAY_MS << SHIFT).label("day")
    return select(day, func.count(), func.count(newest.c.account_id.distinct())).group_by(day)
