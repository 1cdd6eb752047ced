"""Every SELECT of trends. Bounded by time, through the primary key: an id says when a post was published."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id
from node.posts.models import Hashtag, Post, PostHashtag
from node.trends.rules import POST_WINDOW, USUAL_DAYS, WINDOW, PostReach, TagUse, author_weight

MOST_TAGS: Final = 200
"""Hashtags with the most authors in the window that are looked at closer."""
MOST_POSTS: Final = 500


async def list_tag_uses(reader: Reader, now: datetime) -> list[TagUse]:
    """Return the hashtags of the window with the most authors, with their authors' weights and their usual."""
    since = floor_id(now - WINDOW)
    authors = func.count(func.distinct(Post.account_id))
    busiest = (
        select(PostHashtag.hashtag_id)
        .join(Post, Post.id == PostHashtag.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(Post.id >= since, _counts())
        .group_by(PostHashtag.hashtag_id)
        .order_by(authors.desc(), PostHashtag.hashtag_id.desc())
        .limit(MOST_TAGS)
    )
    ids = list(await reader.scalars(busiest))
    weights: dict[int, list[float]] = {}
    rows = await reader.execute(
        select(PostHashtag.hashtag_id, Account.created_at)
        .join(Post, Post.id == PostHashtag.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(Post.id >= since, PostHashtag.hashtag_id.in_(ids), _counts())
        .group_by(PostHashtag.hashtag_id, Account.id, Account.created_at)
    )
    for hashtag_id, created_at in rows:
        weights.setdefault(hashtag_id, []).append(author_weight(created_at, now))
    usual = await _usual(reader, ids, now)
    return [TagUse(id_, tuple(weights.get(id_, ())), usual.get(id_, 0.0)) for id_ in ids]


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


async def _usual(reader: Reader, ids: Collection[int], now: datetime) -> dict[int, float]:
    """Return by how many people each hashtag was used on a day before the window."""
    until, since = floor_id(now - WINDOW), floor_id(now - WINDOW * (1 + USUAL_DAYS))
    rows = await reader.execute(
        select(PostHashtag.hashtag_id, func.count(func.distinct(Post.account_id)))
        .join(Post, Post.id == PostHashtag.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(PostHashtag.hashtag_id.in_(list(ids)), PostHashtag.post_id >= since, Post.id < until, _counts())
        .group_by(PostHashtag.hashtag_id)
    )
    return {row[0]: row[1] / USUAL_DAYS for row in rows}


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
