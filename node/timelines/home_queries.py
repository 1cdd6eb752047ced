"""Every SELECT that makes a home or a list from SQL: what people who were chosen wrote, each cut off by one seek.

Candidates are looked for here. What the viewer may not or does not want to see is sorted out where they are shown:
rendering for home (`in_home_of`, `visible_to`, `welcome_to`), `list_in_list_among` for a list.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import Follow
from node.lists.models import List, ListMember
from node.lists.queries import in_exclusive_list_of
from node.posts.models import Hashtag, Post, PostHashtag, TagFollow
from node.posts.rules import in_home_of, reads_language, visible_to, welcome_to

Entry = tuple[int, int]
"""A post's id, and the id of what it boosts or 0."""


async def list_home_entries(reader: Reader, viewer_id: int, page: Page) -> list[Entry]:
    """Return a page of candidates for the viewer's home timeline from SQL alone."""

    def replies(post: Any) -> ColumnElement[bool]:
        return _is_followed(viewer_id, post.in_reply_to_account_id)

    entries = await _written_by(reader, _home_authors(viewer_id), viewer_id, page, replies)
    tags = list(await reader.scalars(select(TagFollow.hashtag_id).where(TagFollow.account_id == viewer_id)))
    if not tags:
        return entries
    originals = dict(entries) | dict.fromkeys(await _tagged(reader, tags, page), 0)
    return [(id_, originals[id_]) for id_ in page.pick(sorted(originals, reverse=True))]


async def list_home_ids(reader: Reader, viewer_id: int, page: Page) -> list[int]:
    """Return a page of candidates for the viewer's home, by id alone."""
    return [id_ for id_, _ in await list_home_entries(reader, viewer_id, page)]


async def list_in_home_among(reader: Reader, viewer_id: int, ids: Collection[int], *, now: datetime) -> set[int]:
    """Return those of some posts that the viewer is to see in their home."""
    statement = select(Post.id).where(
        Post.id.in_(ids), visible_to(viewer_id), in_home_of(viewer_id), welcome_to(viewer_id, Post, now)
    )
    return set(await reader.scalars(statement))


async def list_recent_entries(reader: Reader, author_id: int, page: Page) -> list[Entry]:
    """Return an author's newest posts: what a read merges in for an author who is not pushed."""
    statement = select(Post.id, func.coalesce(Post.boost_of_id, 0)).where(
        Post.account_id == author_id, Post.deleted_at.is_(None)
    )
    return page.newest_first([(row[0], row[1]) for row in await reader.execute(page.apply(statement, Post.id))])


async def find_last_activity(reader: Reader, account_id: int) -> datetime | None:
    """Return when somebody was last noted to be here, as the fan-out goes by it."""
    found: datetime | None = await reader.scalar(select(User.last_active_at).where(User.account_id == account_id))
    return found


async def list_list_entries(reader: Reader, list_: List, page: Page) -> list[Entry]:
    """Return a page of candidates for a list's timeline."""

    def replies(post: Any) -> ColumnElement[bool]:
        return _shows_replies_to(list_, post.in_reply_to_account_id)

    members = (
        select(
            ListMember.account_id.label("author_id"),
            or_(ListMember.follow_id.is_(None), Follow.show_boosts).label("show_boosts"),
            func.coalesce(Follow.languages, "").label("languages"),
        )
        .outerjoin(Follow, Follow.id == ListMember.follow_id)
        .where(ListMember.list_id == list_.id, or_(ListMember.follow_id.is_(None), Follow.accepted_at.is_not(None)))
        .cte("list_authors")
    )
    return await _written_by(reader, members, list_.account_id, page, replies)


async def list_list_candidates(reader: Reader, list_: List, page: Page) -> list[int]:
    """Return a page of candidates for a list's timeline, by id alone."""
    return [id_ for id_, _ in await list_list_entries(reader, list_, page)]


async def list_in_list_among(reader: Reader, list_: List, ids: Sequence[int], *, now: datetime) -> list[int]:
    """Return those of some posts that the list's owner is to see in it, newest first: what pages and streams ask."""
    if not ids:
        return []
    owner_id = list_.account_id
    member, follow = aliased(ListMember), aliased(Follow)
    belongs = exists(
        select(member.id)
        .outerjoin(follow, follow.id == member.follow_id)
        .where(
            member.list_id == list_.id,
            member.account_id == Post.account_id,
            or_(
                member.follow_id.is_(None),
                and_(
                    follow.accepted_at.is_not(None),
                    or_(follow.show_boosts, Post.boost_of_id.is_(None)),
                    reads_language(follow.languages, Post),
                ),
            ),
        )
    )
    statement = select(Post.id).where(
        Post.id.in_(ids),
        belongs,
        _answers_nobody_else(owner_id, Post, _shows_replies_to(list_, Post.in_reply_to_account_id)),
        visible_to(owner_id),
        welcome_to(owner_id, Post, now),
    )
    return sorted(await reader.scalars(statement), reverse=True)


def _home_authors(viewer_id: int) -> Any:
    """Return the accounts whose posts the viewer's home is made of, whether their boosts belong, in which languages."""
    own = select(Account.id.label("author_id"), true().label("show_boosts"), literal("").label("languages")).where(
        Account.id == viewer_id
    )
    followed = select(Follow.followee_id, Follow.show_boosts, Follow.languages).where(
        Follow.follower_id == viewer_id,
        Follow.accepted_at.is_not(None),
        Follow.followee_id != viewer_id,
        ~in_exclusive_list_of(viewer_id, Follow.followee_id.expression),
    )
    return own.union_all(followed).cte("home_authors")


async def _written_by(reader: Reader, authors: Any, viewer_id: int, page: Page, replies: Any) -> list[Entry]:
    """Return a page of what some authors wrote; `replies(post)` says which replies to others belong.

    First each author's nearest post within the page's bounds, one index seek each. The page's length of authors whose
    nearest posts are nearest is all that can contribute; of each of these what lies within that bound, no more than
    the page's length, is looked at. So the cost follows the number of authors, not the number of posts on the node.
    """
    upward = page.min_id is not None
    belongs = partial(_is_candidate, viewer_id)
    some = aliased(Post)
    near = (
        select(some.id)
        .where(some.account_id == authors.c.author_id, belongs(some, authors, replies(some)), *_bounds(page, some.id))
        .order_by(some.id.asc() if upward else some.id.desc())
        .limit(1)
        .correlate(authors)
        .scalar_subquery()
    )
    # Materialized: what is sought is sought once per author, not once per post.
    nearest = (
        select(authors.c.author_id, authors.c.show_boosts, authors.c.languages, near.label("near"))
        .cte("nearest")
        .prefix_with("MATERIALIZED")
    )
    chosen = (
        select(nearest)
        .where(nearest.c.near.is_not(None))
        .order_by(nearest.c.near.asc() if upward else nearest.c.near.desc())
        .limit(page.limit)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    bound = (
        select(chosen.c.near)
        .order_by(chosen.c.near.asc() if upward else chosen.c.near.desc())
        .limit(1)
        .offset(page.limit - 1)
        .scalar_subquery()
    )
    one = aliased(Post)
    edge = (
        select(one.id)
        .where(one.account_id == chosen.c.author_id, belongs(one, chosen, replies(one)), *_bounds(page, one.id))
        .where(_within(bound, one.id, upward))
        .order_by(one.id.asc() if upward else one.id.desc())
        .limit(1)
        .offset(page.limit)
        .correlate(chosen)
        .scalar_subquery()
    )
    edged = (
        select(
            chosen.c.author_id,
            chosen.c.show_boosts,
            chosen.c.languages,
            func.coalesce(edge, bound).label("edge"),
        )
        .cte("edged")
        .prefix_with("MATERIALIZED")
    )
    statement = page.apply(
        select(Post.id, func.coalesce(Post.boost_of_id, 0))
        .join(edged, edged.c.author_id == Post.account_id)
        .where(_within(edged.c.edge, Post.id, upward), belongs(Post, edged, replies(Post))),
        Post.id,
    )
    return page.newest_first([(row[0], row[1]) for row in await reader.execute(statement)])


async def _tagged(reader: Reader, hashtag_ids: Sequence[int], page: Page) -> list[int]:
    """Return a page of public posts with one of these hashtags, each hashtag cut off by one seek."""
    upward = page.min_id is not None
    tags = select(Hashtag.id.label("hashtag_id")).where(Hashtag.id.in_(hashtag_ids)).cte("followed_tags")
    link, newest = aliased(PostHashtag), aliased(Post)
    edge = (
        select(link.post_id)
        .join(newest, newest.id == link.post_id)
        .where(link.hashtag_id == tags.c.hashtag_id, _is_open(newest), *_bounds(page, link.post_id))
        .order_by(link.post_id.asc() if upward else link.post_id.desc())
        .limit(1)
        .offset(page.limit)
        .correlate(tags)
        .scalar_subquery()
    )
    edged = select(tags.c.hashtag_id, edge.label("edge")).cte("edged_tags").prefix_with("MATERIALIZED")
    statement = page.apply(
        select(PostHashtag.post_id)
        .distinct()
        .join(edged, edged.c.hashtag_id == PostHashtag.hashtag_id)
        .join(Post, Post.id == PostHashtag.post_id)
        .where(_within(edged.c.edge, PostHashtag.post_id, upward), _is_open(Post)),
        PostHashtag.post_id,
    )
    return page.newest_first(list(await reader.scalars(statement)))


def _is_open(post: Any) -> ColumnElement[bool]:
    return and_(post.visibility == "public", post.deleted_at.is_(None), post.boost_of_id.is_(None))


def _within(edge: Any, id_: Any, upward: bool) -> ColumnElement[bool]:
    return or_(edge.is_(None), id_ <= edge if upward else id_ >= edge)


def _is_candidate(viewer_id: int, post: Any, authors: Any, replies: ColumnElement[bool]) -> ColumnElement[bool]:
    """The part of `in_home_of` that needs no look at the post's author."""
    return and_(
        post.deleted_at.is_(None),
        or_(post.boost_of_id.is_(None), authors.c.show_boosts),
        reads_language(authors.c.languages, post),
        _answers_nobody_else(viewer_id, post, replies),
    )


def _answers_nobody_else(viewer_id: int, post: Any, replies: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(
        and_(post.in_reply_to_account_id.is_(None), post.in_reply_to_uri.is_(None)),
        post.account_id == viewer_id,
        post.in_reply_to_account_id == post.account_id,
        post.in_reply_to_account_id == viewer_id,
        replies,
    )


_FOLLOW: Any = aliased(Follow)


async def count_posts_among(reader: Reader, ids: Collection[int]) -> int:
    """Return how many of these posts are there at all: fewer than asked for, where a replica is behind."""
    return await reader.scalar(select(func.count()).select_from(Post).where(Post.id.in_(ids))) or 0


def _is_followed(viewer_id: int, account_id: Any) -> ColumnElement[bool]:
    return exists(
        select(_FOLLOW.id).where(
            _FOLLOW.follower_id == viewer_id, _FOLLOW.followee_id == account_id, _FOLLOW.accepted_at.is_not(None)
        )
    )


def _shows_replies_to(list_: List, account_id: Any) -> ColumnElement[bool]:
    """SQL: the list shows replies to this account, which is neither the author nor the list's owner."""
    if list_.replies_policy == "none":
        return false()
    if list_.replies_policy == "followed":
        return _is_followed(list_.account_id, account_id)
    member = aliased(ListMember)
    return exists(select(member.id).where(member.list_id == list_.id, member.account_id == account_id))


def _bounds(page: Page, id_: Any) -> list[ColumnElement[bool]]:
    lower = page.min_id if page.min_id is not None else page.since_id
    bounds = [] if page.max_id is None else [id_ < page.max_id]
    return bounds if lower is None else [*bounds, id_ > lower]
