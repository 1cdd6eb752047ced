"""Effects on trends: what goes into their buckets, by ids, before an event's transaction. Safe to repeat."""

from collections.abc import Sequence

from node.base.runtime import Runtime
from node.events import PostLiked, PostPublished
from node.trends.noting import note_likes, note_post


async def post_published(runtime: Runtime, event: PostPublished) -> None:
    """Note the hashtags of a new post, and what it boosts or answers; an old one is no news (INB-10)."""
    if not event.quiet:
        await note_post(runtime, event.post_id)


async def posts_liked(runtime: Runtime, events: Sequence[PostLiked]) -> None:
    """Note that people like posts."""
    await note_likes(runtime, [(event.post_id, event.account_id, event.like_id) for event in events])
