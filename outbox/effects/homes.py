"""Effects on home timelines: what goes to Redis, by ids, before an event's transaction. Safe to repeat."""

from node.base.runtime import Runtime
from node.events import (
    AccountBlocked,
    AccountUnblocked,
    FollowAccepted,
    FollowChanged,
    FollowRejected,
    HomeChanged,
    PostPublished,
    Unfollowed,
)
from node.timelines.fanout import forget_home, push_post


async def post_published(runtime: Runtime, event: PostPublished) -> None:
    """Put a post on the homes of its author's followers; an old one stays where its age puts it (INB-10)."""
    if not event.quiet:
        await push_post(runtime, event.post_id)


async def follow_changed(runtime: Runtime, event: FollowAccepted | FollowChanged | FollowRejected | Unfollowed) -> None:
    """Let the home of somebody who follows others now, or wants other posts of them, be made anew."""
    await forget_home(runtime, event.follower_id)


async def home_changed(runtime: Runtime, event: HomeChanged) -> None:
    """Let a home be made anew of what belongs there now."""
    await forget_home(runtime, event.account_id)


async def block_changed(runtime: Runtime, event: AccountBlocked | AccountUnblocked) -> None:
    """Let the homes on both sides of a block be made anew."""
    await forget_home(runtime, event.account_id, event.target_id)
