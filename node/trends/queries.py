"""Every SELECT of trends. Bounded by time, through the primary key: an id says when a post was published."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id
from node.cards.models import LinkCard, PostLink
from node.posts.models import Hashtag, Post, PostHashtag
from node.posts.tag_queries import HISTORY_DAYS, DayUse
from node.trends.rules import POST_WINDOW, USUAL_DAYS, WINDOW, PostReach, Use, author_weight

MOST: Final = 200
"""Hashtags, and links, with the most authors in the window that are looked at closer."""
MOST_COUNTED: Final = 20_000
"""Newest posts of a link that are counted for its history."""
MOST_POSTS: Final = 500


async def list_tag_uses(reader: Reader, now: datetime) -> list[Use]:
    """Return the hashtags of the window with the most authors, with their authors' weights and their usual."""
    return await _uses(reader, now, PostHashtag.post_id, PostHashtag.hashtag_id)


async def list_link_uses(reader: Reader, now: datetime) -> list[Use]:
    """Return the links (their cards) of the window with the most authors, as hashtags. Only links with a preview."""
    ready = exists(select(LinkCard.id).where(LinkCard.id == PostLink.card_id, LinkCard.state == "ready"))
    return await _uses(reader, now, PostLink.post_id, PostLink.card_id, ready)


async def list_post_reach(reader: Reader, now: datetime) -> list[PostReach]:
    """Return public posts of late that others liked, boosted or answered, the most moving first.

    No replies, nothing behind a warning, nobody who does not want to be found.
    """
    moved = Post.likes_count + 2 * Post.boosts_count + Post.replies_count
    rows = await reader.execute(
        select(Post.id, Post.account_id, Post.published_at, Post.likes_count, Post.boosts_count, Post.replies_count)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.id >= floor_id(now - POST_WINDOW),
            _counts(),
            moved > 0,
            Account.discoverable.is_(True),
            Post.in_reply_to_id.is_(None),
            Post.in_reply_to_uri.is_(None),
            Post.spoiler_text == "",
            Post.sensitive.is_(False),
        )
        .order_by(moved.desc(), Post.id.desc())
        .limit(MOST_POSTS)
    )
    return [PostReach(*row) for row in rows]


async def list_hashtags(reader: Reader, ids: Collection[int]) -> dict[int, Hashtag]:
    """Return hashtags by id."""
    return {tag.id: tag for tag in await reader.scalars(select(Hashtag).where(Hashtag.id.in_(list(ids))))}


async def list_days(reader: Reader, card_id: int, now: datetime) -> list[DayUse]:
    """Return how a link was posted in public on each of the last seven days (UTC), today first."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=ago) for ago in range(HISTORY_DAYS)]
    rows = await reader.execute(
        select(Post.published_at, Post.account_id)
        .join(PostLink, PostLink.post_id == Post.id)
        .join(Account, Account.id == Post.account_id)
        .where(PostLink.card_id == card_id, Post.id >= floor_id(days[-1]), _counts())
        .order_by(Post.id.desc())
        .limit(MOST_COUNTED)
    )
    found = [(published_at.date(), account_id) for published_at, account_id in rows]
    return [
        DayUse(
            day,
            uses=sum(1 for when, _ in found if when == day.date()),
            accounts=len({account_id for when, account_id in found if when == day.date()}),
        )
        for day in days
    ]


async def _uses(
    reader: Reader, now: datetime, post_id: Any, subject_id: Any, *conditions: ColumnElement[bool]
) -> list[Use]:
    """Return uses of what a table ties posts (`post_id`) to (`subject_id`)."""
    since, before = floor_id(now - WINDOW), floor_id(now - WINDOW * (1 + USUAL_DAYS))
    authors = func.count(func.distinct(Post.account_id))

    def among(*columns: Any) -> Select[*tuple[Any, ...]]:
        joined = select(*columns).join_from(post_id.class_, Post, Post.id == post_id)
        return joined.join(Account, Account.id == Post.account_id).where(_counts(), *conditions)

    busiest = among(subject_id).where(Post.id >= since).group_by(subject_id)
    ids = [row[0] for row in await reader.execute(busiest.order_by(authors.desc(), subject_id.desc()).limit(MOST))]
    weights: dict[int, list[float]] = {}
    each = among(subject_id, Account.created_at).where(Post.id >= since, subject_id.in_(ids))
    for id_, created_at in await reader.execute(each.group_by(subject_id, Account.id, Account.created_at)):
        weights.setdefault(id_, []).append(author_weight(created_at, now))
    days = among(subject_id, authors).where(subject_id.in_(ids), post_id >= before, Post.id < since)
    usual = {row[0]: row[1] / USUAL_DAYS for row in await reader.execute(days.group_by(subject_id))}
    return [Use(id_, tuple(weights.get(id_, ())), usual.get(id_, 0.0)) for id_ in ids]


def _counts() -> ColumnElement[bool]:
    """SQL: a public post of somebody who is present and not silenced."""
    return and_(
        Post.visibility == "public",
        Post.deleted_at.is_(None),
        Post.boost_of_id.is_(None),
        Post.local_only.is_(False),
        is_present(),
        Account.waiting.is_(False),
        Account.silenced_at.is_(None),
    )
