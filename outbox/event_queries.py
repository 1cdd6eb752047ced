"""What the effects of events ask of the database, beside what they tell: whom an event concerns."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_ours, is_present
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.posts.consent_queries import SHOWN_STATES
from node.posts.models import Like, Mention, Post
from node.posts.rules import reads_language

_LOCAL_MENTIONS = Prepared(
    select(Mention.account_id)
    .join(Account, Account.id == Mention.account_id)
    .where(Mention.post_id == bindparam("post_id"), Mention.silent.is_(False), is_ours(), is_present())
    .order_by(Mention.account_id)  # of many a few may be told: the same ones, should it be tried again
)
_MENTION_IDS = Prepared(select(Mention.account_id).where(Mention.post_id == bindparam("post_id")))
_BELL_PLACE: Any = Follow.id + 0
"""No index goes by this order: the few who asked are found by theirs, instead of among all followers by their ids."""
_BELL_FOLLOWERS = Prepared(
    select(Follow.id, Follow.follower_id, Post.id)
    .join(Account, Account.id == Follow.follower_id)
    .join(Post, Post.id == bindparam("post_id"))
    .where(
        Follow.followee_id == bindparam("author_id"),
        bindparam("after_id") < _BELL_PLACE,
        Follow.accepted_at.is_not(None),
        Follow.notify.is_(True),
        reads_language(Follow.languages, Post),
        is_ours(),
        is_present(),
    )
    .order_by(_BELL_PLACE)
    .limit(bindparam("most"))
)
_POST_FACTS = Prepared(
    select(
        Post.id,
        Post.account_id,
        Post.local,
        Post.local_only,
        Post.visibility,
        Post.boost_of_id,
        Post.quoted_id,
        Post.in_reply_to_id,
        Post.in_reply_to_uri,
        Post.in_reply_to_account_id,
        exists(select(Mention.post_id).where(Mention.post_id == Post.id)).label("names"),
        Post.content.contains("<a ").label("links"),
        select(Account.followers_count).where(Account.id == Post.account_id).scalar_subquery().label("followers"),
    ).where(Post.id == bindparam("post_id"), Post.deleted_at.is_(None))
)
_AUTHOR: Any = aliased(Account)
_IDS: Any = bindparam("ids", expanding=True)
_TOLD_AUTHORS = Prepared(
    select(Post.id, Post.account_id)
    .join(Account, Account.id == Post.account_id)
    .where(Post.id.in_(_IDS), Post.deleted_at.is_(None), is_ours())
)
_LIKES_TO_SEND = Prepared(
    select(Like.id, Like.uri)
    .join(Account, Account.id == Like.account_id)
    .join(Post, Post.id == Like.post_id)
    .join(_AUTHOR, _AUTHOR.id == Post.account_id)
    .where(Like.id.in_(_IDS), is_ours(), ~is_ours(_AUTHOR))
)
_OURS_AMONG = Prepared(select(Account.id).where(Account.id.in_(_IDS), is_ours()))


@dataclass(frozen=True, slots=True)
class PostFacts:
    """As much of a post as tells whom its coming concerns."""

    id: int
    account_id: int
    local: bool
    local_only: bool
    visibility: str
    boost_of_id: int | None
    quoted_id: int | None
    in_reply_to_id: int | None
    in_reply_to_uri: str | None
    in_reply_to_account_id: int | None
    names: bool
    """Whether it is addressed to anybody by name, silently or not."""
    links: bool
    followers: int | None
    """How many follow its author, so far as anybody here knows."""


@dataclass(frozen=True, slots=True)
class ToTell:
    """Somebody of ours who is told of a post. `place` says where they stand among all of them."""

    place: int
    account_id: int
    post_id: int


async def find_post_facts(reader: Reader, post_id: int) -> PostFacts | None:
    """Return the facts of a post that stands."""
    rows = await reader.rows(_POST_FACTS, {"post_id": post_id})
    return PostFacts(*rows[0]) if rows else None


async def list_told_authors(reader: Reader, post_ids: Collection[int]) -> dict[int, int]:
    """Return who wrote posts that stand, where they are ours: whoever is told what others do with them."""
    rows = await reader.rows(_TOLD_AUTHORS, {"ids": list(post_ids)})
    return {row.id: row.account_id for row in rows}


async def list_likes_to_send(reader: Reader, like_ids: Collection[int]) -> dict[int, str]:
    """Return the likes by ours of posts by others, with their own ids; those that were taken back are left out."""
    rows = await reader.rows(_LIKES_TO_SEND, {"ids": list(like_ids)})
    return {row.id: row.uri for row in rows}


async def list_ours_among(reader: Reader, account_ids: Collection[int]) -> set[int]:
    """Return which of these accounts are ours."""
    return {row[0] for row in await reader.rows(_OURS_AMONG, {"ids": list(account_ids)})}


async def list_local_mentions(reader: Reader, post_id: int) -> list[int]:
    """Return the local people a post names."""
    return [row[0] for row in await reader.rows(_LOCAL_MENTIONS, {"post_id": post_id})]


async def list_mention_ids(reader: Reader, post_id: int) -> list[int]:
    """Return everybody a post is addressed to by name, silently or not."""
    return [row[0] for row in await reader.rows(_MENTION_IDS, {"post_id": post_id})]


async def is_host_known(reader: Reader, domain: str) -> bool:
    """Whether somebody here follows somebody of a domain."""
    follower = aliased(Account)
    statement = (
        select(Follow.id)
        .join(Account, Account.id == Follow.followee_id)
        .join(follower, follower.id == Follow.follower_id)
        .where(Account.domain == domain, is_ours(follower), Follow.accepted_at.is_not(None))
    )
    return await reader.scalar(statement.limit(1)) is not None


async def has_named(reader: Reader, account_id: int, other_id: int) -> bool:
    """Whether an account has named another in a post of its own."""
    statement = (
        select(Post.id)
        .join(Mention, Mention.post_id == Post.id)
        .where(Mention.account_id == other_id, Post.account_id == account_id, Post.deleted_at.is_(None))
    )
    return await reader.scalar(statement.limit(1)) is not None


async def list_bell_followers(
    reader: Reader, post_id: int, author_id: int, *, after_id: int, limit: int
) -> list[ToTell]:
    """Return some of the local followers who asked to be told of each post of an author, and read its language."""
    asked = {"post_id": post_id, "author_id": author_id, "after_id": after_id, "most": limit}
    return [ToTell(*row) for row in await reader.rows(_BELL_FOLLOWERS, asked)]


async def list_boosters(reader: Reader, post_id: int, author_id: int, *, after_id: int, limit: int) -> list[ToTell]:
    """Return some of the local people who boosted a post."""
    boosts = _ours(Post.boost_of_id == post_id, after_id=after_id, limit=limit)
    return [ToTell(row[0], row[1], post_id) for row in await reader.execute(boosts)]


async def list_quoters(reader: Reader, post_id: int, author_id: int, *, after_id: int, limit: int) -> list[ToTell]:
    """Return some of the local people who quoted a post, and with what."""
    quotes = _ours(Post.quoted_id == post_id, Post.quote_state.in_(SHOWN_STATES), after_id=after_id, limit=limit)
    return [ToTell(row[0], row[1], row[0]) for row in await reader.execute(quotes)]


def _ours(*conditions: ColumnElement[bool], after_id: int, limit: int) -> Select[int, int]:
    standing = select(Post.id, Post.account_id).where(Post.local, Post.deleted_at.is_(None), Post.id > after_id)
    return standing.where(*conditions).order_by(Post.id).limit(limit)
