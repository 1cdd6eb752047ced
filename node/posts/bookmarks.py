"""Keeping posts for later. Nobody else knows: nothing is counted, and the event only makes the post searchable."""

from datetime import datetime

from sqlalchemy import delete

from node.base.db.inserts import insert_if_absent
from node.base.db.pieces import delete_piece
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.events import PostBookmarked
from node.posts.models import Bookmark, Post
from node.posts.queries import count_bookmarks, get_visible_post

MAX_BOOKMARKS = 20_000
"""Posts that one person may keep (attack row 59)."""


async def bookmark(uow: UnitOfWork, account_id: int, post: Post, *, now: datetime) -> bool:
    """Keep a post; return whether it was not kept before. A boost stands for what it boosts.

    Raises NotFound when the account may not see it, Invalid beyond `MAX_BOOKMARKS` (attack row 59).
    """
    kept = await get_visible_post(uow, post.boost_of_id or post.id, account_id)
    if await count_bookmarks(uow, account_id) >= MAX_BOOKMARKS:
        raise Invalid(f"You cannot keep more than {MAX_BOOKMARKS} bookmarks")
    values = {"id": new_id(), "account_id": account_id, "post_id": kept.id, "created_at": now}
    is_new = await insert_if_absent(uow, Bookmark, values)
    if is_new:
        await uow.record(PostBookmarked(account_id, kept.id))
    return is_new


async def forget_bookmarks(uow: UnitOfWork, post_id: int) -> bool:
    """Remove some of the bookmarks of a deleted post; return whether there may be more."""
    return await delete_piece(uow, Bookmark, Bookmark.post_id == post_id)


async def unbookmark(uow: UnitOfWork, account_id: int, post: Post) -> bool:
    """Keep a post no longer; return whether it was kept."""
    gone = await uow.write(
        delete(Bookmark)
        .where(Bookmark.account_id == account_id, Bookmark.post_id == (post.boost_of_id or post.id))
        .execution_options(synchronize_session=False)
    )
    return gone > 0
