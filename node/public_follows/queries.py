"""Every SELECT over public follows."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.public_follows.models import PublicFollow

SPARE: Final = 2
"""Times as many are counted as are asked for: some of them may be gone."""


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
    asked = list(
        await reader.scalars(
            select(Account.id).where(
                Account.id.in_(select(newest.c.followee_id)), Account.hide_collections.is_(False), is_present()
            )
        )
    )
    if not asked:
        return {}
    # Counted from the index alone; who they are is asked of those few that come first.
    times = func.count()
    counted = await reader.execute(
        select(PublicFollow.followee_id, times)
        .where(
            PublicFollow.follower_id.in_(asked),
            PublicFollow.followee_id.is_not(None),
            PublicFollow.followee_id != viewer_id,
        )
        .group_by(PublicFollow.followee_id)
        .order_by(times.desc(), PublicFollow.followee_id.desc())
        .limit(limit * SPARE)
    )
    most = [row[0] for row in counted]
    present = set(await reader.scalars(select(Account.id).where(Account.id.in_(most), is_present())))
    kept = [account_id for account_id in most if account_id in present][:limit]
    pairs = await reader.execute(
        select(PublicFollow.followee_id, PublicFollow.follower_id)
        .where(PublicFollow.followee_id.in_(kept), PublicFollow.follower_id.in_(asked))
        .order_by(PublicFollow.follower_id)
    )
    by_account: dict[int, list[int]] = {account_id: [] for account_id in kept}
    for followee_id, follower_id in pairs:
        by_account[followee_id].append(follower_id)
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
