"""Every SELECT of fan-out, and what streams ask beside it. What timelines ask: `home_queries`, `public_queries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.base import UtcDateTime
from node.base.db.claims import first_due
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.follows.queries import local_follows_of
from node.lists.models import List, ListMember
from node.posts.models import Mention, Post, PostHashtag, TagFollow
from node.posts.rules import visible_to, welcome_to
from node.timelines.models import FanOut


async def list_welcome_among(reader: Reader, ids: Sequence[int], viewer_id: int | None, now: datetime) -> set[int]:
    """Return which of these posts the viewer may see and did not shut out by a block or mute."""
    if not ids:
        return set()
    given = {"ids": ids} if viewer_id is None else {"ids": ids, "viewer": viewer_id, "now": now}
    return {row[0] for row in await reader.rows(_welcome(viewer_id is None), given)}


@cache
def _welcome(anonymous: bool) -> Prepared:
    viewer: Any = None if anonymous else bindparam("viewer")
    wanted = Post.id.in_(bindparam("ids", expanding=True))
    return Prepared(
        select(Post.id).where(
            wanted, visible_to(viewer), welcome_to(viewer, Post, bindparam("now", type_=UtcDateTime()))
        )
    )


@dataclass(frozen=True, slots=True)
class PushFacts:
    """As much of a post as decides on whose homes it goes."""

    id: int
    account_id: int
    local: bool
    visibility: str
    language: str | None
    boost_of_id: int | None
    in_reply_to_account_id: int | None
    has_tags: bool


_PUSH_FACTS = Prepared(
    select(
        Post.id,
        Post.account_id,
        Post.local,
        Post.visibility,
        Post.language,
        Post.boost_of_id,
        Post.in_reply_to_account_id,
        exists(select(PostHashtag.post_id).where(PostHashtag.post_id == Post.id)).label("has_tags"),
    ).where(Post.id == bindparam("post_id"), Post.deleted_at.is_(None))
)


async def find_push_facts(reader: Reader, post_id: int) -> PushFacts | None:
    """Return what decides on whose homes a post goes; None when it is gone."""
    rows = await reader.rows(_PUSH_FACTS, {"post_id": post_id})
    return PushFacts(*rows[0]) if rows else None


async def list_push_targets(
    reader: Reader, post: Post | PushFacts, *, active_since: datetime, after_id: int, limit: int
) -> list[int]:
    """Return local people who follow the author, were here since then, and in whose home the post belongs."""
    other = post.in_reply_to_account_id
    to_other = other is not None and other != post.account_id
    is_direct = post.visibility == "direct"
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
    if is_direct:
        values["post_id"] = post.id
    statement = _push_targets(
        is_boost=post.boost_of_id is not None,
        to_other=to_other,
        has_language=post.language is not None,
        is_direct=is_direct,
    )
    rows = await reader.rows(statement, values)
    return [row[0] for row in rows]


@cache
def _push_targets(*, is_boost: bool, to_other: bool, has_language: bool, is_direct: bool) -> Prepared:
    statement = (
        select(Follow.follower_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(
            local_follows_of(bindparam("author_id")),
            User.last_active_at >= bindparam("active_since"),
            Follow.follower_id > bindparam("after_id"),
        )
        .order_by(Follow.follower_id)
        .limit(bindparam("most"))
    )
    owned, member = aliased(List), aliased(ListMember)
    # Not correlated: the few who read this author in an exclusive list are looked up once.
    elsewhere = (
        select(owned.account_id)
        .join(member, member.list_id == owned.id)
        .where(member.account_id == bindparam("author_id"), owned.exclusive)
    )
    statement = statement.where(Follow.follower_id.not_in(elsewhere))
    if is_boost:
        statement = statement.where(Follow.show_boosts.is_(True))
    if is_direct:
        addressed = select(Mention.account_id).where(Mention.post_id == bindparam("post_id"))
        statement = statement.where(Follow.follower_id.in_(addressed))
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
    return Prepared(statement)


async def list_tag_push_targets(
    reader: Reader, post_id: int, *, active_since: datetime, after_id: int, limit: int
) -> list[int]:
    """Return people who follow a hashtag of a post and were here since then; nobody when its author is silenced."""
    values = {"post_id": post_id, "active_since": active_since, "after_id": after_id, "most": limit}
    return [row[0] for row in await reader.rows(_tag_push_targets(), values)]


@cache
def _tag_push_targets() -> Prepared:
    return Prepared(
        select(TagFollow.account_id)
        .distinct()
        .join(PostHashtag, PostHashtag.hashtag_id == TagFollow.hashtag_id)
        .join(User, User.account_id == TagFollow.account_id)
        .join(Post, Post.id == PostHashtag.post_id)
        .join(Account, Account.id == Post.account_id)
        .where(
            PostHashtag.post_id == bindparam("post_id"),
            Account.silenced_at.is_(None),
            User.last_active_at >= bindparam("active_since"),
            TagFollow.account_id > bindparam("after_id"),
        )
        .order_by(TagFollow.account_id)
        .limit(bindparam("most"))
    )


async def find_fan_out(reader: Reader, row_id: int) -> FanOut | None:
    """Return a fan-out that goes on."""
    found: FanOut | None = await reader.scalar(select(FanOut).where(FanOut.id == row_id))
    return found


_DUE_FAN_OUT = first_due(FanOut)


async def has_due_fan_outs(reader: Reader, now: datetime) -> bool:
    """Say whether any fan-out is to go on."""
    return bool(await reader.rows(_DUE_FAN_OUT, {"now": now}))
