"""Every SELECT of suggestions. Each looks at a bounded number of rows: the viewer's newest follows and hashtags."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.accounts.relations import MUTES, block_between, blocks_domain_of
from node.base.db.unit_of_work import Reader
from node.base.ids import floor_id
from node.follows.models import Follow
from node.posts.models import Post, PostHashtag
from node.suggestions.models import Dismissal
from node.uris import INSTANCE_ACTOR_ID

FRIENDS: Final = 200
"""Newest follows of the viewer that are asked whom they follow."""
TAGS: Final = 20
FOUND: Final = 100
"""Candidates of each kind."""
LATELY: Final = timedelta(days=30)


async def count_by_friends(reader: Reader, viewer_id: int, now: datetime) -> dict[int, int]:
    """Return accounts to how many of the viewer's friends follow them."""
    mine, theirs = aliased(Follow), aliased(Follow)
    friends = (
        select(mine.followee_id)
        .where(mine.follower_id == viewer_id, mine.accepted_at.is_not(None))
        .order_by(mine.id.desc())
        .limit(FRIENDS)
        .subquery()
    )
    hidden = and_(Account.id == theirs.follower_id, Account.hide_collections.is_(True))
    count = func.count()
    rows = await reader.execute(
        select(theirs.followee_id, count)
        .where(
            theirs.follower_id.in_(select(friends.c.followee_id)),
            theirs.accepted_at.is_not(None),
            ~exists(select(Account.id).where(hidden)),
            _may_be_suggested(theirs.followee_id, viewer_id, now),
        )
        .group_by(theirs.followee_id)
        .order_by(count.desc(), theirs.followee_id.desc())
        .limit(FOUND)
    )
    return {row[0]: row[1] for row in rows}


async def count_by_tags(reader: Reader, viewer_id: int, now: datetime) -> dict[int, int]:
    """Return accounts to how many of the hashtags that the viewer used lately they used in public, too."""
    since = floor_id(now - LATELY)
    own, other, own_tag, other_tag = aliased(Post), aliased(Post), aliased(PostHashtag), aliased(PostHashtag)
    used = (
        select(own_tag.hashtag_id)
        .join(own, own.id == own_tag.post_id)
        .where(own.account_id == viewer_id, own.id >= since, own.deleted_at.is_(None))
        .group_by(own_tag.hashtag_id)
        .order_by(func.max(own.id).desc())
        .limit(TAGS)
        .subquery()
    )
    count = func.count(func.distinct(other_tag.hashtag_id))
    rows = await reader.execute(
        select(other.account_id, count)
        .join(other_tag, other_tag.post_id == other.id)
        .where(
            other_tag.hashtag_id.in_(select(used.c.hashtag_id)),
            other.id >= since,
            other.visibility == "public",
            other.deleted_at.is_(None),
            other.boost_of_id.is_(None),
            _may_be_suggested(other.account_id, viewer_id, now),
        )
        .group_by(other.account_id)
        .order_by(count.desc(), other.account_id.desc())
        .limit(FOUND)
    )
    return {row[0]: row[1] for row in rows}


async def list_most_followed(reader: Reader, *, limit: int) -> dict[int, int]:
    """Return who is followed by most of the people known here, and by how many: the same for every viewer."""
    count = func.count()
    rows = await reader.execute(
        select(Follow.followee_id, count)
        .where(Follow.accepted_at.is_not(None))
        .group_by(Follow.followee_id)
        .order_by(count.desc(), Follow.followee_id.desc())
        .limit(limit)
    )
    return {row[0]: row[1] for row in rows}


async def list_suggestible(reader: Reader, ids: Collection[int], viewer_id: int, now: datetime) -> set[int]:
    """Return which of these accounts may be suggested and posted lately."""
    rows = await reader.scalars(
        select(Account.id).where(
            Account.id.in_(list(ids)),
            Account.last_post_at > now - LATELY,
            _may_be_suggested(Account.id, viewer_id, now),
        )
    )
    return set(rows)


def _may_be_suggested(target: Any, viewer_id: int, now: datetime) -> ColumnElement[bool]:
    account, follow = aliased(Account), aliased(Follow)
    mute = MUTES.alias()
    target_id = target.expression if hasattr(target, "expression") else target
    wants_it = exists(
        select(account.id).where(
            account.id == target,
            account.discoverable.is_(True),
            is_present(account),
            account.waiting.is_(False),
            account.silenced_at.is_(None),
            account.moved_to_uri == "",
        )
    )
    return and_(
        target != viewer_id,
        target != INSTANCE_ACTOR_ID,
        wants_it,
        ~exists(select(follow.id).where(follow.follower_id == viewer_id, follow.followee_id == target)),
        ~block_between(viewer_id, target_id),
        ~blocks_domain_of(viewer_id, target_id),
        ~exists(
            select(mute.c.id).where(
                mute.c.account_id == viewer_id,
                mute.c.target_id == target,
                or_(mute.c.expires_at.is_(None), mute.c.expires_at > now),
            )
        ),
        ~exists(select(Dismissal.id).where(Dismissal.account_id == viewer_id, Dismissal.target_id == target)),
    )
