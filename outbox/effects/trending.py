"""Effects on trends: what goes into their buckets, by ids, before an event's transaction. Safe to repeat."""

from node.base.runtime import Runtime
from node.events import PostLiked, PostPublished
from node.trends.noting import note_like, note_post


async def post_published(runtime: Runtime, event: PostPublished) -> None:
    """Note the hashtags of a new post, and what it boosts or answers; an old one is no news (INB-10)."""
    if not event.quiet:
        await note_post(runtime, event.post_id)


async def post_liked(runtime: Runtime, event: PostLiked) -> None:
    """Note that somebody likes a post."""
    await note_like(runtime, event.like_id, post_id=event.post_id, account_id=event.account_id)
