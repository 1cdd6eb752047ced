"""Every SELECT about the tiers of authors. What they mean is `rules`."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, literal, select, union_all
from sqlalchemy.orm import aliased

from node.base.db.prepared import PreparedEntities
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.pulls.models import PulledAccount
from node.timelines.models import AuthorTier

_TIER = PreparedEntities(select(AuthorTier).where(AuthorTier.account_id == bindparam("account_id")))


async def find_tier(reader: Reader, account_id: int) -> AuthorTier | None:
    """Return how an author is pushed, or None for one who never was anything but pushed to all."""
    found = await reader.entities(_TIER, {"account_id": account_id})
    return found[0] if found else None


async def list_followed_tiers(reader: Reader, viewer_id: int) -> Sequence[Any]:
    """Return (account_id, tier, changed_at) of those whom the viewer follows and who are not simply pushed.

    An account that `node/pulls` has merged into homes counts as "pull". Costs one seek for each such author on the
    node, or for each account followed, whichever are fewer.
    """
    return await reader.rows(_followed_tiers(), {"viewer_id": viewer_id})


@cache
def _followed_tiers() -> CompoundSelect[Any]:
    follow, pulled_follow = aliased(Follow), aliased(Follow)
    return union_all(
        select(AuthorTier.account_id, AuthorTier.tier, AuthorTier.changed_at)
        .join(follow, follow.followee_id == AuthorTier.account_id)
        .where(follow.follower_id == bindparam("viewer_id"), follow.accepted_at.is_not(None)),
        select(PulledAccount.account_id, literal("pull"), PulledAccount.switched_at)
        .join(pulled_follow, pulled_follow.followee_id == PulledAccount.account_id)
        .where(
            pulled_follow.follower_id == bindparam("viewer_id"),
            pulled_follow.accepted_at.is_not(None),
            PulledAccount.is_merged.is_(True),
        ),
    )
