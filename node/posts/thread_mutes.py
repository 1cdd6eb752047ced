"""Muting a thread: nothing in it notifies who wants to hear no more of it. What they read elsewhere stays the same.

A mute holds for the thread as it is known: when a post that came late joins two of them, it goes along.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.posts.models import Post, ThreadMute
from node.posts.thread_mute_queries import count_thread_mutes, find_thread, list_thread_mutes

MAX_THREAD_MUTES: Final = 10_000
"""Threads that one of ours may mute (attack row 59)."""


async def mute_thread(uow: UnitOfWork, account_id: int, post: Post, *, now: datetime) -> bool:
    """Mute the thread of a post; return whether it was not muted. Raises Invalid."""
    values = {"account_id": account_id, "thread_id": await find_thread(uow, post), "created_at": now}
    if not await insert_if_absent(uow, ThreadMute, values):
        return False
    if await count_thread_mutes(uow, account_id) > MAX_THREAD_MUTES:
        raise Invalid(f"You can mute {MAX_THREAD_MUTES} threads at most")
    return True


async def unmute_thread(uow: UnitOfWork, account_id: int, post: Post) -> bool:
    """Hear of the thread of a post again; return whether it was muted."""
    thread_id = await find_thread(uow, post)
    return bool(
        await uow.write(
            delete(ThreadMute).where(ThreadMute.account_id == account_id, ThreadMute.thread_id == thread_id)
        )
    )


async def move_mutes(uow: UnitOfWork, from_threads: Collection[int], thread_id: int) -> None:
    """Let mutes of threads that are now part of another one hold for that one."""
    rows = await list_thread_mutes(uow, from_threads)
    for row in rows:
        values = {"account_id": row.account_id, "thread_id": thread_id, "created_at": row.created_at}
        await insert_if_absent(uow, ThreadMute, values)
    if rows:
        await uow.write(delete(ThreadMute).where(ThreadMute.thread_id.in_(list(from_threads))))


async def forget_thread_mutes(uow: UnitOfWork, account_id: int) -> None:
    """Remove the mutes of an account that is gone."""
    await uow.write(delete(ThreadMute).where(ThreadMute.account_id == account_id))
