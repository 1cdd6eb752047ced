"""Counting anew: the counters of posts and local accounts are set to what the rows say.

Counters are right by construction (`node/counts`), so this finds nothing, unless somebody changed rows by hand, or a
version before this one erred. The scheduler has what moved of late looked at every few minutes; `rookery recount` looks
at everything.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, update

from node.accounts.models import Account
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.runtime import Runtime
from node.posts.count_queries import (
    list_busy_accounts,
    list_busy_posts,
    list_ids_after,
    read_account_counts,
    read_post_counts,
)
from node.posts.models import Post

BATCH: Final = 100
"""Rows that are counted at once."""
BUSY: Final = 500
"""How many of the newest likes, posts and follows are looked at for what moved of late."""

Read = Callable[[Reader, Sequence[int]], Awaitable[Sequence[Mapping[str, int]]]]
Recount = Callable[[UnitOfWork, Sequence[int]], Awaitable[int]]


async def recount_posts(uow: UnitOfWork, ids: Sequence[int]) -> int:
    """Set the counters of these posts right; return how many were wrong. Posts that somebody holds are left out."""
    held = await _hold(uow, Post, ids)
    return await _mend(uow, Post, await read_post_counts(uow, held))


async def recount_accounts(uow: UnitOfWork, ids: Sequence[int]) -> int:
    """Set the counters of these local accounts right; return how many were wrong."""
    held = await _hold(uow, Account, ids)
    return await _mend(uow, Account, await read_account_counts(uow, held))


async def recount_busy(runtime: Runtime) -> int:
    """Look at what moved of late; return how many rows had a wrong counter."""
    async with runtime.read() as reader:
        posts = await list_busy_posts(reader, limit=BUSY)
        accounts = await list_busy_accounts(reader, limit=BUSY)
    wrong = 0
    for start in range(0, len(posts), BATCH):
        wrong += await _look_at_posts(runtime, posts[start : start + BATCH])
    for start in range(0, len(accounts), BATCH):
        wrong += await _look_at_accounts(runtime, accounts[start : start + BATCH])
    return wrong


async def recount_all(runtime: Runtime) -> Mapping[str, int]:
    """Look at every post and local account; return how many of which had a wrong counter."""
    wrong = {"posts": 0, "accounts": 0}
    for name, table, look_at in (("posts", Post, _look_at_posts), ("accounts", Account, _look_at_accounts)):
        after_id = -1 << 63
        while True:
            async with runtime.read() as reader:
                ids = await list_ids_after(reader, table, after_id, limit=BATCH)
            if not ids:
                break
            wrong[name] += await look_at(runtime, ids)
            after_id = ids[-1]
    return wrong


async def _look_at_posts(runtime: Runtime, ids: Sequence[int]) -> int:
    return await _look_at(runtime, ids, read_post_counts, recount_posts)


async def _look_at_accounts(runtime: Runtime, ids: Sequence[int]) -> int:
    return await _look_at(runtime, ids, read_account_counts, recount_accounts)


async def _look_at(runtime: Runtime, ids: Sequence[int], read: Read, recount: Recount) -> int:
    """Count first, and begin to write only where a counter is wrong, for one row after the other: counting takes long,
    one writes at a time, and whoever wants to count on a row that is held leaves a note."""
    async with runtime.read() as reader:
        suspects = _wrong_of(await read(reader, ids))
    wrong = 0
    for suspect in suspects:
        async with runtime.write() as uow:
            wrong += await recount(uow, [suspect])
    return wrong


def _true(row: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix("true_"): max(0, value) for name, value in row.items() if name.startswith("true_")}


def _wrong_of(rows: Sequence[Mapping[str, int]]) -> list[int]:
    return [row["id"] for row in rows if any(row[name] != value for name, value in _true(row).items())]


async def _hold(uow: UnitOfWork, table: Any, ids: Sequence[int]) -> list[int]:
    statement = select(table.id).where(table.id.in_(ids)).with_for_update(key_share=True, skip_locked=True)
    return [row[0] for row in await uow.rows(statement)]


async def _mend(uow: UnitOfWork, table: Any, rows: Sequence[Mapping[str, int]]) -> int:
    wrong = 0
    for row in rows:
        true = _true(row)
        if any(row[name] != value for name, value in true.items()):
            wrong += 1
            await uow.write(
                update(table).where(table.id == row["id"]).values(true).execution_options(synchronize_session=False)
            )
    return wrong
