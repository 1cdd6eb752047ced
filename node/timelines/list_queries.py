"""Every SELECT of lists' timelines: what their members wrote, and what of it the owner is to see."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.follows.models import Follow
from node.lists.models import List, ListMember
from node.posts.models import Post
from node.posts.rules import reads_language, visible_to, welcome_to
from node.timelines.authored_queries import (
    VIEWER,
    Entry,
    Shape,
    answers_nobody_else,
    is_followed,
    page_of,
    shape_of,
    written_by,
)

_LIST: Any = bindparam("list_id", type_=BigInteger)


async def list_list_entries(reader: Reader, list_: List, page: Page) -> list[Entry]:
    """Return a page of candidates for a list's timeline."""
    statement = _list_statement(list_.replies_policy, shape_of(page))
    return await page_of(reader, statement, page, {"viewer_id": list_.account_id, "list_id": list_.id})


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
        answers_nobody_else(owner_id, Post, _shows_replies_to(list_.replies_policy, list_.id, owner_id, Post)),
        visible_to(owner_id),
        welcome_to(owner_id, Post, now),
    )
    return sorted(await reader.scalars(statement), reverse=True)


@cache
def _list_statement(replies_policy: str, shape: Shape) -> Select[int, int]:
    members = (
        select(
            ListMember.account_id.label("author_id"),
            or_(ListMember.follow_id.is_(None), Follow.show_boosts).label("show_boosts"),
            func.coalesce(Follow.languages, "").label("languages"),
        )
        .outerjoin(Follow, Follow.id == ListMember.follow_id)
        .where(ListMember.list_id == _LIST, or_(ListMember.follow_id.is_(None), Follow.accepted_at.is_not(None)))
        .cte("list_authors")
    )

    def replies(post: Any) -> ColumnElement[bool]:
        return _shows_replies_to(replies_policy, _LIST, VIEWER, post)

    return written_by(members, replies, shape)


def _shows_replies_to(policy: str, list_id: Any, owner_id: Any, post: Any) -> ColumnElement[bool]:
    """SQL: a list shows replies to whom this post answers, who is neither its author nor the list's owner."""
    if policy == "none":
        return false()
    if policy == "followed":
        return is_followed(owner_id, post.in_reply_to_account_id)
    member = aliased(ListMember)
    return exists(select(member.id).where(member.list_id == list_id, member.account_id == post.in_reply_to_account_id))
