"""Every SELECT of what people feature on their pages: pinned posts and hashtags."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import FeaturedTag, Hashtag, Pin, Post, PostHashtag
from node.posts.rules import OPEN_VISIBILITIES, visible_to


@dataclass(frozen=True, slots=True)
class FeaturedTagEntry:
    """A featured hashtag, and how much its account wrote with it that anybody may read."""

    id: int
    name: str
    display: str
    posts_count: int
    last_post_at: datetime | None


_PINNED_AMONG = Prepared(select(Pin.post_id).where(Pin.post_id.in_(bindparam("ids", expanding=True))))


async def list_pinned_among(reader: Reader, ids: Collection[int]) -> set[int]:
    """Return those of some posts that are pinned."""
    return {row[0] for row in await reader.rows(_PINNED_AMONG, {"ids": list(ids)})}


async def list_pinned_ids(reader: Reader, account_id: int, viewer_id: int | None, *, limit: int) -> list[int]:
    """Return the posts an account pinned that a viewer may see, the newest pin first."""
    return list(
        await reader.scalars(
            select(Post.id)
            .join(Pin, Pin.post_id == Post.id)
            .where(Pin.account_id == account_id, visible_to(viewer_id))
            .order_by(Pin.id.desc())
            .limit(limit)
        )
    )


async def list_pinned(reader: Reader, account_id: int, *, limit: int) -> list[Post]:
    """Return the open posts an account pinned, the newest pin first: what `featured` shows (COL-4)."""
    return list(
        await reader.scalars(
            select(Post)
            .join(Pin, Pin.post_id == Post.id)
            .where(Pin.account_id == account_id, Post.visibility.in_(OPEN_VISIBILITIES), visible_to(None))
            .order_by(Pin.id.desc())
            .limit(limit)
        )
    )


async def list_pins(reader: Reader, account_id: int) -> list[int]:
    """Return what an account pinned, seen by nobody or not, the newest pin first."""
    return list(await reader.scalars(select(Pin.post_id).where(Pin.account_id == account_id).order_by(Pin.id.desc())))


async def count_featured_tags(reader: Reader, account_id: int) -> int:
    """Return how many hashtags an account features."""
    return int(
        await reader.scalar(select(func.count()).select_from(FeaturedTag).where(FeaturedTag.account_id == account_id))
        or 0
    )


async def find_featured_tag(reader: Reader, featured_id: int, account_id: int) -> FeaturedTag | None:
    """Return a featured hashtag of this account."""
    found: FeaturedTag | None = await reader.scalar(
        select(FeaturedTag).where(FeaturedTag.id == featured_id, FeaturedTag.account_id == account_id)
    )
    return found


async def find_featured_by_name(reader: Reader, account_id: int, folded: str) -> FeaturedTag | None:
    """Return an account's featured hashtag by its folded name."""
    found: FeaturedTag | None = await reader.scalar(
        select(FeaturedTag)
        .join(Hashtag, Hashtag.id == FeaturedTag.hashtag_id)
        .where(FeaturedTag.account_id == account_id, Hashtag.name == folded)
    )
    return found


async def list_featured_tags(reader: Reader, account_id: int) -> list[FeaturedTagEntry]:
    """Return what an account features, the most used first."""
    rows = await reader.execute(_featured_tags(), {"account_id": account_id})
    return [FeaturedTagEntry(*row) for row in rows]


@cache
def _featured_tags() -> Select[*tuple[Any, ...]]:
    used = (
        select(func.count(Post.id), func.max(Post.published_at))
        .join(PostHashtag, PostHashtag.post_id == Post.id)
        .where(
            PostHashtag.hashtag_id == FeaturedTag.hashtag_id,
            Post.account_id == FeaturedTag.account_id,
            Post.visibility.in_(OPEN_VISIBILITIES),
            Post.deleted_at.is_(None),
        )
    )
    count = used.with_only_columns(func.count(Post.id)).correlate(FeaturedTag).scalar_subquery()
    last = used.with_only_columns(func.max(Post.published_at)).correlate(FeaturedTag).scalar_subquery()
    return (
        select(FeaturedTag.id, Hashtag.name, Hashtag.display, count.label("posts"), last.label("last"))
        .join(Hashtag, Hashtag.id == FeaturedTag.hashtag_id)
        .where(FeaturedTag.account_id == bindparam("account_id"))
        .order_by(count.desc(), FeaturedTag.id)
    )


async def list_used_tags(reader: Reader, account_id: int, *, limit: int) -> list[Hashtag]:
    """Return the hashtags an account writes most with and does not feature: what it may want to."""
    featured = select(FeaturedTag.hashtag_id).where(FeaturedTag.account_id == account_id)
    return list(
        await reader.scalars(
            select(Hashtag)
            .join(PostHashtag, PostHashtag.hashtag_id == Hashtag.id)
            .join(Post, Post.id == PostHashtag.post_id)
            .where(
                Post.account_id == account_id,
                Post.deleted_at.is_(None),
                Post.visibility.in_(OPEN_VISIBILITIES),
                Hashtag.id.not_in(featured),
            )
            .group_by(Hashtag.id)
            .order_by(func.count(Post.id).desc(), Hashtag.id)
            .limit(limit)
        )
    )
