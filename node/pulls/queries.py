"""Every SELECT over pulled accounts. `find_state` is what the fan-out asks; readers join the table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, exists, func, or_, select

from node.accounts.models import Account
from node.auth.models import User
from node.base.db.claims import first_due
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader
from node.follows.models import Follow
from node.follows.queries import local_follows_of
from node.pulls.models import PulledAccount, PullHost
from node.pulls.rules import SETTLING

_STATE = Prepared(
    select(PulledAccount.is_on, PulledAccount.is_merged, PulledAccount.switched_at).where(
        PulledAccount.account_id == bindparam("account_id")
    )
)
_DUE = first_due(PulledAccount, PulledAccount.is_merged.is_(True), name="due_by")


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pulled account, for those who look after the node."""

    row: PulledAccount
    account: Account


@dataclass(frozen=True, slots=True)
class PullState:
    """What timelines go by."""

    is_pulled: bool
    """Whether what the account posts is pushed to nobody's home: reads merge it in, since a while at that."""
    is_merged: bool


_UNKNOWN: Final = PullState(is_pulled=False, is_merged=False)


async def find_state(reader: Reader, account_id: int, now: datetime) -> PullState:
    """Return how an account stands with regard to homes."""
    rows = await reader.rows(_STATE, {"account_id": account_id})
    if not rows:
        return _UNKNOWN
    is_on, is_merged, switched_at = rows[0]
    return PullState(is_pulled=bool(is_on) and switched_at <= now - SETTLING, is_merged=bool(is_merged))


async def has_due_pulls(reader: Reader, now: datetime) -> bool:
    """Say whether any account's turn has come."""
    return bool(await reader.rows(_DUE, {"due_by": now}))


async def find_pulled(reader: Reader, account_id: int) -> PulledAccount | None:
    """Return the row of an account."""
    found: PulledAccount | None = await reader.scalar(
        select(PulledAccount).where(PulledAccount.account_id == account_id)
    )
    return found


async def list_pulls(reader: Reader, ids: Collection[int]) -> Sequence[PulledAccount]:
    """Return these rows, by id."""
    return await reader.scalars(select(PulledAccount).where(PulledAccount.id.in_(ids)).order_by(PulledAccount.id))


async def list_followed_by_present(reader: Reader, account_ids: Collection[int], *, since: datetime) -> set[int]:
    """Return which of these accounts somebody here follows who was here since then."""
    around = exists(
        select(Follow.id)
        .join(User, User.account_id == Follow.follower_id)
        .where(local_follows_of(Account.id), User.last_active_at >= since)
    )
    return set(await reader.scalars(select(Account.id).where(Account.id.in_(account_ids), around)))


async def count_local_followers(reader: Reader, account_id: int, *, at_most: int) -> int:
    """Count an account's local followers, no further than `at_most`."""
    some = (
        select(Follow.follower_id)
        .join(User, User.account_id == Follow.follower_id)
        .where(local_follows_of(account_id))
        .order_by(Follow.follower_id)  # as the index has them that knows no others
        .limit(at_most)
        .subquery()
    )
    return int(await reader.scalar(select(func.count()).select_from(some)))


async def list_local_follower_ids(reader: Reader, account_id: int, *, after_id: int, limit: int) -> list[int]:
    """Return local followers of an account by id, a piece at a time."""
    return list(
        await reader.scalars(
            select(Follow.follower_id)
            .join(User, User.account_id == Follow.follower_id)
            .where(local_follows_of(account_id), Follow.follower_id > after_id)
            .order_by(Follow.follower_id)
            .limit(limit)
        )
    )


async def list_known_pulls(reader: Reader, *, limit: int, after_id: int = 0) -> list[Pulled]:
    """Return accounts that are pulled or about which an operator decided, by the row's id."""
    rows = await reader.execute(
        select(PulledAccount, Account)
        .join(Account, Account.id == PulledAccount.account_id)
        .where(PulledAccount.id > after_id, or_(PulledAccount.is_merged.is_(True), PulledAccount.choice != "auto"))
        .order_by(PulledAccount.id)
        .limit(limit)
    )
    return [Pulled(row[0], row[1]) for row in rows]


async def find_host(reader: Reader, host: str) -> PullHost | None:
    """Return what a host was asked for."""
    found: PullHost | None = await reader.scalar(select(PullHost).where(PullHost.host == host))
    return found


async def list_hosts(reader: Reader, *, limit: int) -> Sequence[PullHost]:
    """Return what hosts were asked for, the busiest first."""
    return await reader.scalars(select(PullHost).order_by(PullHost.requests.desc(), PullHost.host).limit(limit))


async def count_pulls(reader: Reader) -> dict[str, int]:
    """Return how many accounts are pulled, by how their last turn ended; a word of ours each."""
    rows = await reader.execute(
        select(PulledAccount.result, func.count()).where(PulledAccount.is_on.is_(True)).group_by(PulledAccount.result)
    )
    return {row[0] or "none yet": row[1] for row in rows}
