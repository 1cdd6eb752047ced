"""Every SELECT that makes a home from SQL: what those wrote who are followed, and what has a hashtag followed."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared, in_lists
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import Follow
from node.lists.queries import in_exclusive_list_of
from node.posts.models import Hashtag, Post, PostHashtag, TagFollow
from node.posts.rules import in_home_of, visible_to, welcome_to
from node.timelines.authored_queries import (
    BEFORE_LAST,
    MOST,
    VIEWER,
    Entry,
    Shape,
    bounded,
    bounds,
    in_order,
    is_followed,
    page_of,
    shape_of,
    start,
    within,
    written_by,
)


async def list_home_entries(reader: Reader, viewer_id: int, page: Page) -> list[Entry]:
    """Return a page of candidates for the viewer's home timeline from SQL alone."""
    entries = await page_of(reader, _home_statement(shape_of(page)), page, {"viewer_id": viewer_id})
    tags = [row[0] for row in await reader.rows(_FOLLOWED_TAGS, {"viewer_id": viewer_id})]
    if not tags:
        return entries
    tagged = await page_of(reader, _tagged_statement(shape_of(page)), page, {"hashtag_ids": tags})
    originals = dict(entries) | dict(tagged)
    return [(id_, originals[id_]) for id_ in page.pick(sorted(originals, reverse=True))]


async def list_home_ids(reader: Reader, viewer_id: int, page: Page) -> list[int]:
    """Return a page of candidates for the viewer's home, by id alone."""
    return [id_ for id_, _ in await list_home_entries(reader, viewer_id, page)]


_IN_HOME: Final = Prepared(
    select(Post.id).where(
        Post.id.in_(bindparam("ids", expanding=True)),
        visible_to(VIEWER),
        in_home_of(VIEWER),
        welcome_to(VIEWER, Post, bindparam("now", type_=UtcDateTime())),
    )
)


async def list_in_home_among(reader: Reader, viewer_id: int, ids: Collection[int], *, now: datetime) -> set[int]:
    """Return those of some posts that the viewer is to see in their home."""
    given = {"viewer_id": viewer_id, "now": now}
    return {row[0] for some in in_lists(ids) for row in await reader.rows(_IN_HOME, given | {"ids": some})}


async def list_recent_entries(reader: Reader, author_id: int, page: Page) -> list[Entry]:
    """Return an author's newest posts: what a read merges in for an author who is not pushed."""
    statement = select(Post.id, func.coalesce(Post.boost_of_id, 0)).where(
        Post.account_id == author_id, Post.deleted_at.is_(None)
    )
    return page.newest_first([(row[0], row[1]) for row in await reader.execute(page.apply(statement, Post.id))])


async def count_posts_among(reader: Reader, ids: Collection[int]) -> int:
    """Return how many of these posts are there at all: fewer than asked for, where a replica is behind."""
    return await reader.scalar(select(func.count()).select_from(Post).where(Post.id.in_(ids))) or 0


async def find_last_activity(reader: Reader, account_id: int) -> datetime | None:
    """Return when somebody was last noted to be here, as the fan-out goes by it."""
    found: datetime | None = await reader.scalar(select(User.last_active_at).where(User.account_id == account_id))
    return found


_FOLLOWED_TAGS = select(TagFollow.hashtag_id).where(TagFollow.account_id == VIEWER)


@cache
def _home_statement(shape: Shape) -> Select[int, int]:
    """Own posts and those of people followed, but for those on exclusive lists."""
    own = select(Account.id.label("author_id"), true().label("show_boosts"), literal("").label("languages")).where(
        Account.id == VIEWER
    )
    followed = select(Follow.followee_id, Follow.show_boosts, Follow.languages).where(
        Follow.follower_id == VIEWER,
        Follow.accepted_at.is_not(None),
        Follow.followee_id != VIEWER,
        ~in_exclusive_list_of(VIEWER, Follow.followee_id.expression),
    )

    def replies(post: Any) -> ColumnElement[bool]:
        return is_followed(VIEWER, post.in_reply_to_account_id)

    return written_by(own.union_all(followed).cte("home_authors"), replies, shape)


@cache
def _tagged_statement(shape: Shape) -> Select[int, int]:
    """Public posts with one of some hashtags, each hashtag cut off by one seek, as authors are in `written_by`."""
    upward = shape[0]
    tags = (
        select(Hashtag.id.label("hashtag_id"))
        .where(Hashtag.id.in_(bindparam("hashtag_ids", expanding=True)))
        .cte("followed_tags")
    )
    some, some_post, one, one_post = aliased(PostHashtag), aliased(Post), aliased(PostHashtag), aliased(Post)

    near = (
        select(some.post_id)
        .join(some_post, some_post.id == some.post_id)
        .where(some.hashtag_id == tags.c.hashtag_id, _is_open(some_post), *bounds(shape, some.post_id))
        .order_by(in_order(some.post_id, upward))
        .limit(1)
        .correlate(tags)
        .scalar_subquery()
    )
    nearest = select(tags.c.hashtag_id, near.label("near")).cte("nearest_tagged").prefix_with("MATERIALIZED")
    # Different posts: one that has several of the hashtags counts once.
    different = select(nearest.c.near).where(nearest.c.near.is_not(None)).distinct()
    bound = bounded(
        different.order_by(in_order(nearest.c.near, upward)).limit(1).offset(BEFORE_LAST).scalar_subquery(),
        shape,
    )
    edge = (
        select(one.post_id)
        .join(one_post, one_post.id == one.post_id)
        .where(one.hashtag_id == nearest.c.hashtag_id, _is_open(one_post), *start(shape, one.post_id))
        .where(within(bound, one.post_id, upward))
        .order_by(in_order(one.post_id, upward))
        .limit(1)
        .offset(MOST)
        .correlate(nearest)
        .scalar_subquery()
    )
    edged = (
        select(nearest.c.hashtag_id, func.coalesce(edge, bound).label("edge"))
        .where(within(bound, nearest.c.near, upward))
        .cte("edged_tags")
        .prefix_with("MATERIALIZED")
    )
    return (
        select(PostHashtag.post_id, literal(0))
        .distinct()
        .join(edged, edged.c.hashtag_id == PostHashtag.hashtag_id)
        .join(Post, Post.id == PostHashtag.post_id)
        .where(within(edged.c.edge, PostHashtag.post_id, upward), _is_open(Post), *start(shape, PostHashtag.post_id))
        .order_by(in_order(PostHashtag.post_id, upward))
        .limit(MOST)
    )


def _is_open(post: Any) -> ColumnElement[bool]:
    return and_(post.visibility == "public", post.deleted_at.is_(None), post.boost_of_id.is_(None))
