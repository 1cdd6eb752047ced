"""What becomes of a deed that waited for an author elsewhere: it takes effect, or it is taken back (OBJ-13, OBJ-16).

Called by the inbox, which has made sure that it is the author who answers.
"""

from datetime import datetime

from sqlalchemy import delete

from node.accounts.queries import get_account
from node.base.db.unit_of_work import UnitOfWork
from node.events import PostPublished
from node.posts.consent_models import InteractionRequest
from node.posts.counters import count_author, count_on_post, count_reply
from node.posts.like_queries import find_like_by_id
from node.posts.models import Like
from node.posts.queries import find_post
from node.posts.quotes import set_quote_state
from node.posts.service import withdraw


async def grant(uow: UnitOfWork, request: InteractionRequest, *, stamp_uri: str, now: datetime) -> bool:
    """Let what waited for its author's leave take effect; return whether that is news."""
    if request.state not in ("pending", "accepted"):
        return False
    was = request.state
    request.state, request.authorization_uri = "accepted", stamp_uri
    request.decided_at = request.checked_at = now
    await uow.flush()
    if request.kind == "quote":
        post = await find_post(uow, request.subject_id)
        return post is not None and post.quote_state == "pending" and await set_quote_state(uow, post, "accepted")
    if was == "accepted":
        return False
    if request.kind == "like":
        if request.post_id is not None and await find_like_by_id(uow, request.subject_id) is not None:
            await count_on_post(uow, request.post_id, "likes_count", 1, ours=True)
        return True
    return await _let_out(uow, request)


async def _let_out(uow: UnitOfWork, request: InteractionRequest) -> bool:
    post = await find_post(uow, request.subject_id)
    if post is None or post.deleted_at is not None:
        return False
    post.visibility = request.wanted_visibility
    await uow.flush()
    if post.boost_of_id is not None:
        await count_on_post(uow, post.boost_of_id, "boosts_count", 1, ours=True)
    else:
        await count_reply(uow, post.in_reply_to_id, visibility=post.visibility, by=1)
    author = await get_account(uow, post.account_id)
    await count_author(uow, author, visibility=post.visibility, published_at=post.published_at)
    await uow.record(PostPublished(post.id))
    return True


async def refuse(uow: UnitOfWork, request: InteractionRequest, *, now: datetime) -> bool:
    """Take back what its author does not allow; return whether that is news."""
    if request.state not in ("pending", "accepted"):
        return False
    was = request.state
    request.state, request.decided_at = ("rejected" if was == "pending" else "revoked"), now
    await uow.flush()
    post = await find_post(uow, request.subject_id) if request.kind != "like" else None
    if request.kind == "quote":
        return post is not None and await set_quote_state(uow, post, request.state)
    if request.kind == "like":
        gone = await uow.write(delete(Like).where(Like.id == request.subject_id))
        if gone and was == "accepted" and request.post_id is not None:
            await count_on_post(uow, request.post_id, "likes_count", -1, ours=True)
        return bool(gone)
    return post is not None and await withdraw(uow, post, now=now)
