"""Liking posts and taking it back, by anybody, ours or remote. Called by the doors and the inbox."""

from datetime import datetime

from sqlalchemy import delete

from node.accounts.models import Account
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import NotFound
from node.base.ids import new_id
from node.base.settings import Settings
from node.events import PostLiked, PostUnliked
from node.posts.consent import ask, is_like_pending, need_for
from node.posts.counters import count_on_post
from node.posts.models import Like, Post
from node.posts.queries import find_like, get_visible_post, may_see
from node.uris import like_uri


async def like(
    uow: UnitOfWork, settings: Settings, account: Account, post: Post, *, now: datetime, uri: str = ""
) -> Like:
    """Like a post; liking it again changes nothing and returns the first like.

    To like a boost is to like what it boosts. `uri` is the Like activity's id, ours if not given. Raises NotFound
    when the account may not see the post, Forbidden when its author does not want it (OBJ-16).
    """
    if post.boost_of_id is not None:
        post = await get_visible_post(uow, post.boost_of_id, account.id)
    elif not await may_see(uow, post.id, account.id):
        raise NotFound()
    must_ask = account.is_local and await need_for(uow, "like", account, post)
    like_id = new_id()
    values = {
        "id": like_id,
        "account_id": account.id,
        "post_id": post.id,
        "uri": uri or (like_uri(settings, like_id) if account.is_local else ""),
        "created_at": now,
    }
    if await insert_if_absent(uow, Like, values):
        if must_ask:
            subject_uri = uri or like_uri(settings, like_id)
            await ask(uow, "like", account, post, subject_id=like_id, subject_uri=subject_uri, now=now)
        else:
            await count_on_post(uow, post.id, "likes_count", 1, ours=account.is_local)
        await uow.record(PostLiked(like_id, account.id, post.id))
    stored = await find_like(uow, account.id, post.id)
    assert stored is not None
    return stored


async def unlike(uow: UnitOfWork, account_id: int, post: Post) -> bool:
    """Take a like back; return whether there was one."""
    post_id = post.boost_of_id or post.id
    stored = await find_like(uow, account_id, post_id)
    if stored is None:
        return False
    was_counted = not await is_like_pending(uow, stored.id)
    gone = await uow.write(delete(Like).where(Like.id == stored.id).execution_options(synchronize_session=False))
    if not gone:
        return False
    if was_counted:
        await count_on_post(uow, post_id, "likes_count", -1, ours=True)
    await uow.record(PostUnliked(stored.id, stored.uri, account_id, post_id))
    return True


async def forget_likes(uow: UnitOfWork, post_id: int) -> int:
    """Remove the likes of a deleted post, once everybody who liked it has been told; return how many there were."""
    return await uow.write(delete(Like).where(Like.post_id == post_id).execution_options(synchronize_session=False))
