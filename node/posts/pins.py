"""Pinning posts to the top of their author's page, and taking them down. Only authors do, ours or remote (row 43)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.locks import lock_pair
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.events import PostPinned, PostUnpinned
from node.posts.featured_queries import list_pins
from node.posts.models import Pin, Post
from node.posts.rules import OPEN_VISIBILITIES

MAX_PINS: Final = 5
MAX_REMOTE_PINS: Final = 20


async def pin(uow: UnitOfWork, post: Post, *, now: datetime) -> bool:
    """Pin one of our people's posts for its author; return whether it was not pinned. Raises Invalid."""
    if post.boost_of_id is not None:
        raise Invalid("A boost cannot be pinned.")
    if post.visibility == "direct":
        raise Invalid("A direct post cannot be pinned.")
    await lock_pair(uow, "pins", post.account_id, post.account_id)
    pinned = await list_pins(uow, post.account_id)
    if post.id in pinned:
        return False
    if len(pinned) >= MAX_PINS:
        raise Invalid(f"You can pin {MAX_PINS} posts. Unpin another one first.")
    await insert_if_absent(uow, Pin, _values(post, now))
    await uow.record(PostPinned(post.account_id, post.id))
    return True


async def unpin(uow: UnitOfWork, post: Post) -> bool:
    """Take a pinned post of ours down; return whether it was pinned."""
    if not await _remove(uow, post):
        return False
    await uow.record(PostUnpinned(post.account_id, post.id))
    return True


async def pin_remote(uow: UnitOfWork, post: Post, *, now: datetime) -> bool:
    """Pin a remote post because its author says so; return whether that is done."""
    if post.boost_of_id is not None or post.visibility not in OPEN_VISIBILITIES or post.deleted_at is not None:
        return False
    if len(await list_pins(uow, post.account_id)) >= MAX_REMOTE_PINS:
        return False
    return await insert_if_absent(uow, Pin, _values(post, now))


async def unpin_remote(uow: UnitOfWork, post: Post) -> bool:
    """Take a remote post down because its author says so."""
    return await _remove(uow, post)


async def set_remote_pins(uow: UnitOfWork, account_id: int, posts: Sequence[Post], *, now: datetime) -> bool:
    """Make these, the newest pin first, all that a remote account pinned; return whether anything changed (COL-4)."""
    wanted = [
        post
        for post in posts
        if post.account_id == account_id and post.visibility in OPEN_VISIBILITIES and post.boost_of_id is None
    ][:MAX_REMOTE_PINS]
    if await list_pins(uow, account_id) == [post.id for post in wanted]:
        return False
    await uow.write(delete(Pin).where(Pin.account_id == account_id).execution_options(synchronize_session=False))
    for post in reversed(wanted):
        await insert_if_absent(uow, Pin, _values(post, now))
    return True


def _values(post: Post, now: datetime) -> dict[str, object]:
    return {"id": new_id(), "account_id": post.account_id, "post_id": post.id, "created_at": now}


async def _remove(uow: UnitOfWork, post: Post) -> bool:
    gone = await uow.write(delete(Pin).where(Pin.post_id == post.id).execution_options(synchronize_session=False))
    return gone > 0
