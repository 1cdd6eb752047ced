"""Every SELECT over public follows."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.public_follows.models import PublicFollow


async def list_friends_of_friends(
    reader: Reader, viewer_id: int, *, friends: int, limit: int
) -> dict[int, tuple[int, ...]]:
    """Return accounts that the viewer's friends abroad follow in public, to the ids of those friends.

    The most followed first, at most `limit`; of the viewer's follows the newest `friends` are looked at. Left out are
    who hides whom they follow and who is gone, on either side. Whether somebody may be suggested is asked elsewhere.
    """
    newest = (
        select(Follow.followee_id)
        .where(Follow.follower_id == viewer_id, Follow.accepted_at.is_not(None))
        .order_by(Follow.id.desc())
        .limit(friends)
        .subquery()
    )
    friend, found = aliased(Account), aliased(Account)
    listed = (
        select(PublicFollow.followee_id, PublicFollow.follower_id)
        .join(newest, newest.c.followee_id == PublicFollow.follower_id)
        .join(friend, friend.id == PublicFollow.follower_id)
        .join(found, found.id == PublicFollow.followee_id)
        .where(
            PublicFollow.followee_id != viewer_id,
            friend.hide_collections.is_(False),
            is_present(friend),
            is_present(found),
        )
        .cte("listed")
    )
    most = (
        select(listed.c.followee_id, func.count().label("friends"))
        .group_by(listed.c.followee_id)
        .order_by(func.count().desc(), listed.c.followee_id.desc())
        .limit(limit)
        .subquery()
    )
    rows = await reader.execute(
        select(listed.c.followee_id, listed.c.follower_id)
        .join(most, most.c.followee_id == listed.c.followee_id)
        .order_by(most.c.friends.desc(), listed.c.followee_id.desc(), listed.c.follower_id)
    )
    by_account: dict[int, list[int]] = {}
    for followee_id, follower_id in rows:
        by_account.setdefault(followee_id, []).append(follower_id)
    return {account_id: tuple(ids) for account_id, ids in by_account.items()}


async def list_unresolved(reader: Reader, follower_id: int, *, limit: int) -> Sequence[str]:
    """Return whom an account follows in public and nobody here knows yet, those whom most others follow too first."""
    other = aliased(PublicFollow)
    popular = (
        select(func.count())
        .where(other.followee_uri == PublicFollow.followee_uri)
        .correlate(PublicFollow)
        .scalar_subquery()
    )
    return await reader.scalars(
        select(PublicFollow.followee_uri)
        .where(
            PublicFollow.follower_id == follower_id,
            PublicFollow.followee_id.is_(None),
            PublicFollow.failed_at.is_(None),
        )
        .order_by(popular.desc(), PublicFollow.id)
        .limit(limit)
    )
