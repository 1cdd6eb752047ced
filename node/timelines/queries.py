"""Every SELECT of timelines. Whoever shows what they find renders it, and rendering holds `visible_to` again."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, literal_column, or_, select, true
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import Follow
from node.media.models import Media
from node.posts.models import Hashtag, Post, PostHashtag
from node.posts.rules import reads_language, visible_to, welcome_to


async def list_home_ids(reader: Reader, viewer_id: int, page: Page) -> list[int]:
    """Return a page of candidates for the viewer's home timeline from SQL alone.

    Each followed author contributes at most the page's length, cut off by one index seek per author, so the cost
    follows the number of people followed and not the number of posts on the node. What the viewer may not or does
    not want to see is not sorted out here: rendering for home does (`in_home_of`, `visible_to`, `welcome_to`).
    """
    upward = page.min_id is not None
    authors = _home_authors(viewer_id)
    newest = aliased(Post)
    edge = (
        select(newest.id)
        .where(newest.account_id == authors.c.author_id, _is_candidate(viewer_id, newest, authors))
        .where(*_bounds(page, newest))
        .order_by(newest.id.asc() if upward else newest.id.desc())
        .limit(1)
        .offset(page.limit)
        .correlate(authors)
        .scalar_subquery()
    )
    # Materialized: the edge is sought once per author, not once per post.
    edged = (
        select(authors.c.author_id, authors.c.show_boosts, authors.c.languages, edge.label("edge"))
        .cte("edged_authors")
        .prefix_with("MATERIALIZED")
    )
    within = or_(edged.c.edge.is_(None), Post.id <= edged.c.edge if upward else Post.id >= edged.c.edge)
    statement = page.apply(
        select(Post.id)
        .join(edged, edged.c.author_id == Post.account_id)
        .where(within, _is_candidate(viewer_id, Post, edged)),
        Post.id,
    )
    return page.newest_first(list(await reader.scalars(statement)))


def _home_authors(viewer_id: int) -> Any:
    """Return the accounts whose posts the viewer's home is made of, whether their boosts belong, in which languages."""
    own = select(Account.id.label("author_id"), true().label("show_boosts"), literal("").label("languages")).where(
        Account.id == viewer_id
    )
    followed = select(Follow.followee_id, Follow.show_boosts, Follow.languages).where(
        Follow.follower_id == viewer_id, Follow.accepted_at.is_not(None), Follow.followee_id != viewer_id
    )
    return own.union_all(followed).cte("home_authors")


def _is_candidate(viewer_id: int, post: Any, authors: Any) -> ColumnElement[bool]:
    """The part of `in_home_of` that needs no look at the post's author."""
    follow = aliased(Follow)
    return and_(
        post.deleted_at.is_(None),
        or_(post.boost_of_id.is_(None), authors.c.show_boosts),
        reads_language(authors.c.languages, post),
        or_(
            and_(post.in_reply_to_account_id.is_(None), post.in_reply_to_uri.is_(None)),
            post.account_id == viewer_id,
            post.in_reply_to_account_id == post.account_id,
            post.in_reply_to_account_id == viewer_id,
            exists(
                select(follow.id).where(
                    follow.follower_id == viewer_id,
                    follow.followee_id == post.in_reply_to_account_id,
                    follow.accepted_at.is_not(None),
                )
            ),
        ),
    )


def _bounds(page: Page, post: Any) -> list[ColumnElement[bool]]:
    lower = page.min_id if page.min_id is not None else page.since_id
    bounds = [] if page.max_id is None else [post.id < page.max_id]
    return bounds if lower is None else [*bounds, post.id > lower]


async def list_recent_ids(reader: Reader, author_id: int, page: Page) -> list[int]:
    """Return an author's newest post ids: what a read merges in for an author who is not pushed."""
    statement = page.apply(select(Post.id).where(Post.account_id == author_id, Post.deleted_at.is_(None)), Post.id)
    return page.newest_first(list(await reader.scalars(statement)))


async def list_public_ids(
    reader: Reader,
    page: Page,
    *,
    viewer_id: int | None,
    now: datetime,
    local: bool,
    remote: bool,
    only_media: bool,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Return a page of public posts: no boosts, no replies to others, nobody silenced who is not followed.

    `among`: only those of these ids (what a stream asks).
    """
    conditions = [_is_public(), _no_reply_to_others(), _not_silenced(viewer_id)]
    if local:
        conditions.append(Post.local.is_(True))
    if remote:
        conditions.append(Post.local.is_(False))
    return await _page_of(reader, select(Post.id).where(*conditions), page, viewer_id, now, only_media, among)


async def list_hashtag_ids(
    reader: Reader,
    page: Page,
    *,
    viewer_id: int | None,
    now: datetime,
    any_of: Sequence[str],
    all_of: Sequence[str] = (),
    none_of: Sequence[str] = (),
    local: bool = False,
    remote: bool = False,
    only_media: bool = False,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Return a page of public posts with one of `any_of`, all of `all_of` and none of `none_of` (folded names).

    `among`: only those of these ids (what a stream asks).
    """
    statement = select(Post.id).where(_is_public(), _not_silenced(viewer_id), _tagged(any_of))
    for name in all_of:
        statement = statement.where(_tagged([name]))
    if none_of:
        statement = statement.where(~_tagged(none_of))
    if local:
        statement = statement.where(Post.local.is_(True))
    if remote:
        statement = statement.where(Post.local.is_(False))
    return await _page_of(reader, statement, page, viewer_id, now, only_media, among)


async def _page_of(
    reader: Reader,
    statement: Select[int],
    page: Page,
    viewer_id: int | None,
    now: datetime,
    only_media: bool,
    among: Sequence[int] | None,
) -> list[int]:
    if among is not None:
        statement = statement.where(Post.id.in_(among))
    statement = statement.where(visible_to(viewer_id), welcome_to(viewer_id, Post, now))
    if only_media:
        statement = statement.where(exists(select(Media.id).where(Media.post_id == Post.id)))
    return page.newest_first(list(await reader.scalars(page.apply(statement, Post.id))))


def _is_public() -> ColumnElement[bool]:
    """Spelled as the partial indexes of posts spell it: a bound parameter would hide them from SQLite."""
    return and_(Post.visibility == literal_column("'public'"), Post.deleted_at.is_(None), Post.boost_of_id.is_(None))


def _no_reply_to_others() -> ColumnElement[bool]:
    return or_(
        and_(Post.in_reply_to_account_id.is_(None), Post.in_reply_to_uri.is_(None)),
        Post.in_reply_to_account_id == Post.account_id,
    )


def _not_silenced(viewer_id: int | None) -> ColumnElement[bool]:
    author, follow = aliased(Account), aliased(Follow)
    silenced = exists(select(author.id).where(author.id == Post.account_id, author.silenced_at.is_not(None)))
    if viewer_id is None:
        return ~silenced
    followed = exists(
        select(follow.id).where(
            follow.follower_id == viewer_id, follow.followee_id == Post.account_id, follow.accepted_at.is_not(None)
        )
    )
    return or_(~silenced, followed, Post.account_id == viewer_id)


def _tagged(names: Sequence[str]) -> ColumnElement[bool]:
    return exists(
        select(PostHashtag.post_id)
        .join(Hashtag, Hashtag.id == PostHashtag.hashtag_id)
        .where(PostHashtag.post_id == Post.id, Hashtag.name.in_(names))
    )


async def list_push_targets(
    reader: Reader, post: Post, *, active_since: datetime, after_id: int, limit: int
) -> list[int]:
    """Return local people who follow the author, were here since then, and in whose home the post belongs."""
    other = post.in_reply_to_account_id
    to_other = other is not None and other != post.account_id
    values: dict[str, Any] = {
        "author_id": post.account_id,
        "active_since": active_since,
        "after_id": after_id,
        "most": limit,
    }
    if to_other:
        values["other_id"] = other
    if post.language is not None:
        values["language"] = f" {post.language} "
    statement = _push_targets(
        is_boost=post.boost_of_id is not None, to_other=to_other, has_language=post.language is not None
    )
    rows = await reader.rows(statement, values)
    return [row[0] for row in rows]


@cache
def _push_targets(*, is_boost: bool, to_other: bool, has_language: bool) -> Select[Any]:
    statement = (
        select(Follow.follower_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(
            Follow.followee_id == bindparam("author_id"),
            Follow.accepted_at.is_not(None),
            User.last_active_at >= bindparam("active_since"),
            Follow.follower_id > bindparam("after_id"),
        )
        .order_by(Follow.follower_id)
        .limit(bindparam("most"))
    )
    if is_boost:
        statement = statement.where(Follow.show_boosts.is_(True))
    if has_language:
        statement = statement.where(or_(Follow.languages == "", Follow.languages.contains(bindparam("language"))))
    if to_other:
        reply_follow = aliased(Follow)
        statement = statement.where(
            or_(
                Follow.follower_id == bindparam("other_id"),
                exists(
                    select(reply_follow.id).where(
                        reply_follow.follower_id == Follow.follower_id,
                        reply_follow.followee_id == bindparam("other_id"),
                        reply_follow.accepted_at.is_not(None),
                    )
                ),
            )
        )
    return statement


async def count_local_followers(reader: Reader, author_id: int, *, at_most: int) -> int:
    """Count an author's local followers, but no further than `at_most`."""
    some = (
        select(Follow.id)
        .join(User, User.account_id == Follow.follower_id)
        .where(Follow.followee_id == author_id, Follow.accepted_at.is_not(None))
        .limit(at_most)
        .subquery()
    )
    return int(await reader.scalar(select(func.count()).select_from(some)))


async def list_large_authors(reader: Reader, *, above: int) -> list[int]:
    """Return the authors with more than `above` local followers: those a read pulls."""
    statement = (
        select(Follow.followee_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(Follow.accepted_at.is_not(None))
        .group_by(Follow.followee_id)
        .having(func.count() > above)
    )
    return list(await reader.scalars(statement))


async def list_followed_among(reader: Reader, viewer_id: int, author_ids: Sequence[int]) -> list[int]:
    """Return those of `author_ids` that the viewer follows."""
    if not author_ids:
        return []
    return list(
        await reader.scalars(
            select(Follow.followee_id).where(
                Follow.follower_id == viewer_id,
                Follow.accepted_at.is_not(None),
                Follow.followee_id.in_(author_ids),
            )
        )
    )
