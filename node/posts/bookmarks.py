"""Keeping posts for later. Nobody else knows, so nothing is counted and no event recorded."""

from datetime import datetime

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.posts.models import Bookmark, Post
from node.posts.queries import get_visible_post


async def bookmark(uow: UnitOfWork, account_id: int, post: Post, *, now: datetime) -> bool:
    """Keep a post; return whether it was not kept before. A boost stands for what it boosts.

    Raises NotFound when the account may not see it.
    """
    kept = await get_visible_post(uow, post.boost_of_id or post.id, account_id)
    values = {"id": new_id(), "account_id": account_id, "post_id": kept.id, "created_at": now}
    return await insert_if_absent(uow, Bookmark, values)


async def unbookmark(uow: UnitOfWork, account_id: int, post: Post) -> bool:
    """Keep a post no longer; return whether it was kept."""
    gone = await uow.write(
        delete(Bookmark)
        .where(Bookmark.account_id == account_id, Bookmark.post_id == (post.boost_of_id or post.id))
        .execution_options(synchronize_session=False)
    )
    return gone > 0
