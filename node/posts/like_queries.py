"""The SELECTs behind liking: likes by what names them, and who may like what. Lists of likes are in `queries`."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.posts.models import Like, Post
from node.posts.rules import visible_to_each


@dataclass(frozen=True, slots=True)
class Likeable:
    """A post that an account may see, and so like; of a boost, what it boosts."""

    account_id: int
    by_one_of_ours: bool
    post_id: int
    post_is_ours: bool
    interaction_policy: dict[str, Any]


async def list_likeable(reader: Reader, pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], Likeable]:
    """Return what becomes of pairs of an account and the post or boost that it wants to like.

    Left out is what it may not see. One query for each post, however many want to like it.
    """
    wanted: dict[int, list[int]] = {}
    for account_id, post_id in pairs:
        wanted.setdefault(post_id, []).append(account_id)
    found = {}
    for post_id, account_ids in wanted.items():
        for row in await reader.rows(_likeable(), {"post": post_id, "accounts": account_ids}):
            found[row.id, post_id] = Likeable(row.id, bool(row[1]), row[2], bool(row[3]), row[4] or {})
    return found


@cache
def _likeable() -> Prepared:
    who: Any = aliased(Account)
    original: Any = aliased(Post)
    return Prepared(
        select(
            who.id,
            who.domain == "",
            func.coalesce(original.id, Post.id),
            func.coalesce(original.local, Post.local),
            func.coalesce(original.interaction_policy, Post.interaction_policy),
        )
        .select_from(Post)
        .join(who, who.id.in_(bindparam("accounts", expanding=True)))
        .outerjoin(original, original.id == Post.boost_of_id)
        .where(Post.id == bindparam("post"), visible_to_each(who.id.expression, Post, original))
    )


async def find_like(reader: Reader, account_id: int, post_id: int) -> Like | None:
    """Return an account's like of a post."""
    found: Like | None = await reader.scalar(select(Like).where(Like.account_id == account_id, Like.post_id == post_id))
    return found


async def find_like_by_id(reader: Reader, like_id: int) -> Like | None:
    """Return a like by its id."""
    found: Like | None = await reader.scalar(select(Like).where(Like.id == like_id))
    return found


async def find_like_by_uri(reader: Reader, uri: str) -> Like | None:
    """Return a like by the id of its activity; "" is nobody's."""
    if not uri:
        return None
    found: Like | None = await reader.scalar(select(Like).where(Like.uri == uri).limit(1))
    return found
