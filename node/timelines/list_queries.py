"""Every SELECT of lists' timelines: what their members wrote, and what of it the owner is to see."""

from collections.abc import Collection
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from node.base.db.base import UtcDateTime
from node.base.db.prepared import Prepared, in_lists
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


async def list_in_list_among(reader: Reader, list_: List, ids: Collection[int], *, now: datetime) -> list[int]:
    """Return those of some posts that the list's owner is to see in it, newest first: what pages and streams ask."""
    statement = _in_list(list_.replies_policy)
    given = {"viewer_id": list_.account_id, "list_id": list_.id, "now": now}
    found = [row[0] for some in in_lists(ids) for row in await reader.rows(statement, given | {"ids": some})]
    return sorted(found, reverse=True)


@cache
def _in_list(replies_policy: str) -> Prepared:
    member, follow = aliased(ListMember), aliased(Follow)
    belongs = exists(
        select(member.id)
        .outerjoin(follow, follow.id == member.follow_id)
        .where(
            member.list_id == _LIST,
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
    return Prepared(
        select(Post.id).where(
            Post.id.in_(bindparam("ids", expanding=True)),
            belongs,
            answers_nobody_else(VIEWER, Post, _shows_replies_to(replies_policy, Post)),
            visible_to(VIEWER),
            welcome_to(VIEWER, Post, bindparam("now", type_=UtcDateTime())),
        )
    )


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

    return written_by(members, partial(_shows_replies_to, replies_policy), shape)


def _shows_replies_to(policy: str, post: Any) -> ColumnElement[bool]:
    """SQL: a list shows replies to whom this post answers, who is neither its author nor the list's owner."""
    if policy == "none":
        return false()
    if policy == "followed":
        return is_followed(VIEWER, post.in_reply_to_account_id)
    member = aliased(ListMember)
    return exists(select(member.id).where(member.list_id == _LIST, member.account_id == post.in_reply_to_account_id))
