"""Every SELECT of suggestions. Each looks at a bounded number of rows, however large the node and its people are."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, case, cast, exists, func, or_, select, union_all
from sqlalchemy.orm import aliased

from node.accounts.directory import is_findable
from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import MUTES, block_between, blocks_domain_of
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id
from node.follows.models import Follow
from node.posts.models import Hashtag, Post, PostHashtag, TagFollow
from node.suggestions.models import Dismissal, StaffPick
from node.trends.trust import Trust

FRIENDS: Final = 200
"""Newest follows of the viewer that are asked whom they follow and boost."""
EDGES: Final = 20_000
"""Follows of these friends that are looked at."""
BOOSTS: Final = 2_000
TAGS: Final = 20
PER_TAG: Final = 200
"""Newest posts of a hashtag that are looked at."""
SERVERS: Final = 5
PER_SERVER: Final = 500
"""Accounts of a server, those that were met last, that are looked at."""
FOUND: Final = 300
"""Candidates of each kind."""
NEWEST_FOLLOWS: Final = 50_000
NEWEST_POSTS: Final = 20_000
"""What is counted for the popular."""
LATELY: Final = timedelta(days=30)
BOOSTED_LATELY: Final = timedelta(days=7)
MOVING_LATELY: Final = timedelta(days=14)
NEW: Final = timedelta(days=3)
"""Accounts younger than this do not count singly."""


async def newest_follow_id(reader: Reader, viewer_id: int) -> int:
    """Return the id of the viewer's newest follow: it says whether their friends are still the same."""
    return int(await reader.scalar(select(func.max(Follow.id)).where(Follow.follower_id == viewer_id)) or 0)


async def list_followed_by_friends(reader: Reader, viewer_id: int) -> list[int]:
    """Return accounts, not followed by the viewer, that most of the viewer's friends follow."""
    friends = _friends(viewer_id, open_only=True)
    edges = (
        select(Follow.followee_id)
        .where(Follow.follower_id.in_(select(friends.c.id)), Follow.accepted_at.is_not(None))
        .limit(EDGES)
        .subquery()
    )
    return list(await _counted(reader, edges.c.followee_id, _unfollowed(edges.c.followee_id, viewer_id)))


async def list_boosted(reader: Reader, viewer_id: int, now: datetime) -> list[tuple[int, int]]:
    """Return pairs of an account, not followed by the viewer, and a friend of theirs who boosted it lately."""
    friends, original = _friends(viewer_id), aliased(Post)
    boosts = (
        select(Post.boost_of_id, Post.account_id)
        .where(
            Post.account_id.in_(select(friends.c.id)),
            Post.id >= floor_id(now - BOOSTED_LATELY),
            Post.boost_of_id.is_not(None),
            Post.visibility != "direct",  # one that still waits for its author's leave
            Post.deleted_at.is_(None),
        )
        .limit(BOOSTS)
        .subquery()
    )
    rows = await reader.execute(
        select(original.account_id, boosts.c.account_id)
        .join_from(boosts, original, original.id == boosts.c.boost_of_id)
        .where(_unfollowed(original.account_id, viewer_id))
        .distinct()
    )
    return [(row[0], row[1]) for row in rows]


async def list_neighbours(reader: Reader, viewer_id: int) -> dict[int, tuple[str, int]]:
    """Return who wants to be found on the servers where most of the viewer's friends are: the server's name, and how
    many friends are there. By the accounts that were met last."""
    friends = _friends(viewer_id)
    count = func.count()
    servers = await reader.execute(
        select(Account.domain, count)
        .join_from(friends, Account, Account.id == friends.c.id)
        .where(Account.domain != "")
        .group_by(Account.domain)
        .order_by(count.desc(), Account.domain)
        .limit(SERVERS)
    )
    found: dict[int, tuple[str, int]] = {}
    for domain, there in list(servers):
        newest = (
            select(Account.id).where(Account.domain == domain).order_by(Account.id.desc()).limit(PER_SERVER).subquery()
        )
        ids = await reader.scalars(
            select(Account.id)
            .where(Account.id.in_(select(newest.c.id)), is_findable(), Account.bot.is_(False))
            .limit(FOUND)
        )
        found |= dict.fromkeys(ids, (domain, there))
    return found


async def list_tag_ids(reader: Reader, viewer_id: int, now: datetime) -> list[int]:
    """Return the hashtags that the viewer used last and follows."""
    own, tag = aliased(Post), aliased(PostHashtag)
    used = await reader.scalars(
        select(tag.hashtag_id)
        .join(own, own.id == tag.post_id)
        .where(own.account_id == viewer_id, own.id >= floor_id(now - LATELY), own.deleted_at.is_(None))
        .group_by(tag.hashtag_id)
        .order_by(func.max(own.id).desc())
        .limit(TAGS)
    )
    followed = await reader.scalars(
        select(TagFollow.hashtag_id).where(TagFollow.account_id == viewer_id).order_by(TagFollow.id.desc()).limit(TAGS)
    )
    return list(dict.fromkeys([*used, *followed]))[:TAGS]


async def list_tagged(reader: Reader, tag_ids: Sequence[int], now: datetime) -> dict[int, set[int]]:
    """Return who used these hashtags in public lately, and which of them: by the newest posts of each."""
    if not tag_ids:
        return {}
    parts = [
        select(PostHashtag.post_id, PostHashtag.hashtag_id)
        .where(PostHashtag.hashtag_id == tag_id, PostHashtag.post_id >= floor_id(now - LATELY))
        .order_by(PostHashtag.post_id.desc())
        .limit(PER_TAG)
        .subquery()
        for tag_id in tag_ids
    ]
    newest = union_all(*(select(part.c.post_id, part.c.hashtag_id) for part in parts)).subquery()
    rows = await reader.execute(
        select(Post.account_id, newest.c.hashtag_id)
        .join_from(newest, Post, Post.id == newest.c.post_id)
        .where(Post.visibility == "public", Post.deleted_at.is_(None), Post.boost_of_id.is_(None))
        .distinct()
    )
    found: dict[int, set[int]] = {}
    for account_id, tag_id in rows:
        found.setdefault(account_id, set()).add(tag_id)
    return found


async def list_most_followed(reader: Reader, now: datetime, trust: Trust, *, limit: int) -> dict[int, int]:
    """Return who is followed by most, by the newest follows: the same for every viewer.

    Only people who are known here count (`node/trends/trust.py`): others make as many followers as they like. Where
    nobody is known yet, each of our people counts as one, each other server, however many of its accounts follow
    somebody, and so do all of our accounts of the last days together.
    """
    newest = (
        select(Follow.followee_id, Follow.follower_id)
        .where(Follow.accepted_at.is_not(None))
        .order_by(Follow.id.desc())
        .limit(NEWEST_FOLLOWS)
    )
    if trust.of:
        edges = await reader.execute(newest)
        voices = {(followee, trust.voice(follower)) for followee, follower in edges if follower in trust.of}
        return dict(Counter(followee for followee, _ in voices).most_common(limit))
    pairs = newest.subquery()
    voice = case(
        (Account.domain != "", Account.domain),
        (Account.created_at > now - NEW, "new"),
        else_=cast(Account.id, String),
    )
    count = func.count(func.distinct(voice))
    rows = await reader.execute(
        select(pairs.c.followee_id, count)
        .join_from(pairs, Account, Account.id == pairs.c.follower_id)
        .where(is_present(), Account.silenced_at.is_(None))
        .group_by(pairs.c.followee_id)
        .order_by(count.desc(), pairs.c.followee_id.desc())
        .limit(limit)
    )
    return {row[0]: row[1] for row in rows}


async def list_most_moving(reader: Reader, now: datetime, trust: Trust, *, limit: int) -> dict[int, int]:
    """Return whose newest public posts were liked, boosted and answered most of late: the same for every viewer.

    Of those who are known to more than one here, or else anybody's likes would do: where nobody is known yet, of all.
    """
    newest = (
        select(Post.account_id, (Post.likes_count + 2 * Post.boosts_count + Post.replies_count).label("moved"))
        .where(
            Post.id >= floor_id(now - MOVING_LATELY),
            Post.visibility == "public",
            Post.deleted_at.is_(None),
            Post.boost_of_id.is_(None),
        )
        .order_by(Post.id.desc())
        .limit(NEWEST_POSTS)
        .subquery()
    )
    moved = func.sum(newest.c.moved)
    rows = await reader.execute(
        select(newest.c.account_id, moved)
        .group_by(newest.c.account_id)
        .having(moved > 0)
        .order_by(moved.desc(), newest.c.account_id.desc())
    )
    return dict(
        [
            (row[0], int(row[1]))
            for row in rows
            if not trust.of or (row[0] in trust.of and row[0] not in trust.sponsors)
        ][:limit]
    )


async def list_picks(reader: Reader) -> list[StaffPick]:
    """Return whom the people who look after this server suggest, the newest first."""
    return list(await reader.scalars(select(StaffPick).order_by(StaffPick.id.desc())))


async def list_suggestible(
    reader: Reader, ids: Collection[int], viewer_id: int, now: datetime
) -> dict[int, datetime | None]:
    """Return which of these accounts may be suggested, and when each posted last."""
    rows = await reader.execute(
        select(Account.id, Account.last_post_at).where(
            Account.id.in_(list(ids)), is_findable(), _may_be_suggested(viewer_id, now)
        )
    )
    return {row[0]: row[1] for row in rows}


async def list_friends_of(reader: Reader, viewer_id: int, ids: Collection[int]) -> list[tuple[int, int]]:
    """Return pairs of an account and a friend of the viewer who follows it."""
    friends = _friends(viewer_id, open_only=True)
    rows = await reader.execute(
        select(Follow.followee_id, Follow.follower_id)
        .where(
            Follow.followee_id.in_(list(ids)),
            Follow.follower_id.in_(select(friends.c.id)),
            Follow.accepted_at.is_not(None),
        )
        .limit(EDGES)
    )
    return [(row[0], row[1]) for row in rows]


async def list_tag_names(reader: Reader, ids: Collection[int]) -> dict[int, str]:
    """Return the names of hashtags as they are shown."""
    rows = await reader.execute(select(Hashtag.id, Hashtag.display).where(Hashtag.id.in_(list(ids))))
    return {row[0]: row[1] for row in rows}


async def _counted(reader: Reader, column: Any, *conditions: ColumnElement[bool], limit: int = FOUND) -> dict[int, int]:
    count = func.count()
    statement: Select[*tuple[Any, ...]] = (
        select(column, count).where(*conditions).group_by(column).order_by(count.desc(), column.desc()).limit(limit)
    )
    return {row[0]: row[1] for row in await reader.execute(statement)}


def _friends(viewer_id: int, *, open_only: bool = False) -> Subquery:
    """The viewer's newest follows; `open_only` leaves out who hides whom they follow."""
    statement = select(Follow.followee_id.label("id")).where(
        Follow.follower_id == viewer_id, Follow.accepted_at.is_not(None)
    )
    if open_only:
        statement = statement.join(Account, Account.id == Follow.followee_id).where(Account.hide_collections.is_(False))
    return statement.order_by(Follow.id.desc()).limit(FRIENDS).subquery()


def _unfollowed(target: Any, viewer_id: int) -> ColumnElement[bool]:
    """SQL: whom the viewer does not follow, and has not asked to."""
    followed = select(Follow.followee_id).where(Follow.follower_id == viewer_id)
    condition: ColumnElement[bool] = target.not_in(followed)
    return and_(target != viewer_id, condition)


def _may_be_suggested(viewer_id: int, now: datetime) -> ColumnElement[bool]:
    """SQL over Account: nothing between the two speaks against it."""
    follow, mute, target = aliased(Follow), MUTES.alias(), Account.id.expression
    return and_(
        target != viewer_id,
        ~exists(select(follow.id).where(follow.follower_id == viewer_id, follow.followee_id == target)),
        ~block_between(viewer_id, target),
        ~blocks_domain_of(viewer_id, target),
        ~exists(
            select(mute.c.id).where(
                mute.c.account_id == viewer_id,
                mute.c.target_id == target,
                or_(mute.c.expires_at.is_(None), mute.c.expires_at > now),
            )
        ),
        ~exists(select(Dismissal.id).where(Dismissal.account_id == viewer_id, Dismissal.target_id == target)),
    )
