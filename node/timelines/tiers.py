"""The tier of an author: looked at when they post or are followed, kept in a row when it is not the usual one.

Called by the fan-out, by whoever pulls remote accounts, and by the operator's pages. Deciding is `rules.tier`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import update

from node.accounts.models import Account
from node.accounts.queries import find_account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.runtime import Runtime
from node.pulls.queries import count_local_followers, find_state
from node.timelines.models import AuthorTier
from node.timelines.rules import TIER_SECONDS, Tier, pushed_as, tier
from node.timelines.tier_queries import find_tier


@dataclass(frozen=True, slots=True)
class PushTier:
    """How an author's posts are pushed now, and whether readers may be merging that author's list into homes."""

    pushed_as: Tier
    is_merged: bool


@dataclass(frozen=True, slots=True)
class _Kept:
    now_in: str
    before: str
    changed_at: datetime
    is_merged: bool


_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


async def tier_for_push(runtime: Runtime, account_id: int) -> PushTier:
    """Return how a post of this author is pushed now. What it rests on is at most `TIER_SECONDS` old."""
    known = runtime.caches.get("author_tiers", size=10_000, seconds=TIER_SECONDS)
    found: _Kept | None = known.get(account_id)
    if found is None:
        found = await _look(runtime, account_id)
        known.put(account_id, found)
    return PushTier(pushed_as(found.now_in, found.before, found.changed_at, runtime.now()), found.is_merged)


async def _look(runtime: Runtime, account_id: int) -> _Kept:
    async with runtime.read() as reader:
        state = await find_state(reader, account_id, runtime.now())
    if state.is_pulled:
        return _Kept("pull", "pull", _LONG_AGO, True)
    row = await assess(runtime, account_id)
    if row is None:
        return _Kept("push", "push", _LONG_AGO, state.is_merged)
    return _Kept(row.tier, row.before, row.changed_at, True)


async def assess(runtime: Runtime, account_id: int) -> AuthorTier | None:
    """Look at an author anew and write down a change of tier. None: pushed to all, as ever.

    Of several processes that see the same change one writes it; all return what stands.
    """
    async with runtime.read() as reader:
        account = await find_account(reader, account_id)
        if account is None:
            return None
        row = await find_tier(reader, account_id)
        if row is None and _is_small(runtime, account):
            return None
        at_most = runtime.settings.active_limit + 1
        followers = await count_local_followers(reader, account_id, at_most=at_most)
    now_in = row.tier if row else "push"
    wanted = tier(followers, runtime.settings, now_in=now_in)
    if wanted == now_in:
        return row
    async with runtime.write() as uow:
        await _change(uow, runtime, account_id, row, wanted, followers)
    async with runtime.read() as reader:
        return await find_tier(reader, account_id)


async def _change(
    uow: UnitOfWork, runtime: Runtime, account_id: int, row: AuthorTier | None, wanted: Tier, followers: int
) -> None:
    now = runtime.now()
    if row is None:
        await insert_if_absent(uow, AuthorTier, _row(account_id, wanted, followers) | {"changed_at": now})
        return
    await uow.write(
        update(AuthorTier)
        .where(AuthorTier.account_id == account_id, AuthorTier.changed_at == row.changed_at)
        .values(
            tier=wanted,
            before=pushed_as(row.tier, row.before, row.changed_at, now),
            local_followers=followers,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )


def _row(account_id: int, now_in: Tier, followers: int) -> dict[str, object]:
    return {
        "account_id": account_id,
        "tier": now_in,
        "before": "push",
        "local_followers": followers,
    }


def _is_small(runtime: Runtime, account: Account) -> bool:
    """Whether the followers need no counting: ours with few of them, wherever these are."""
    return account.is_local and account.followers_count * 2 <= runtime.settings.push_limit
