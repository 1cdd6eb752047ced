"""Effects on home timelines: what goes to Redis, by ids, before an event's transaction. Safe to repeat.

The `missed` functions name what is recorded while Redis is away, so that the rest of an event need not wait for it.
"""

from node.base.db.event_log import Event
from node.base.runtime import Runtime
from node.events import (
    AccountBlocked,
    AccountUnblocked,
    DomainBlocked,
    FollowAccepted,
    FollowChanged,
    FollowRejected,
    HomeChanged,
    HomesMissed,
    PostPublished,
    Unfollowed,
)
from node.timelines.fanout import forget_home, push_post


async def post_published(runtime: Runtime, event: PostPublished) -> None:
    """Put a post on the homes of its author's followers; an old one comes to stand where its age puts it (INB-10)."""
    await push_post(runtime, event.post_id)


async def missed_post(runtime: Runtime, event: HomesMissed) -> None:
    """Put a post on the homes that it could not be put on when it came."""
    await push_post(runtime, event.post_id)


def post_missed(event: PostPublished) -> list[Event]:
    """Let the homes get the post later."""
    return [HomesMissed(event.post_id)]


def follow_missed(event: FollowAccepted | FollowRejected | Unfollowed) -> list[Event]:
    """Let the follower's home be made anew later."""
    return [HomeChanged(event.follower_id)]


def block_missed(event: AccountBlocked | AccountUnblocked) -> list[Event]:
    """Let both homes be made anew later."""
    return [HomeChanged(event.account_id), HomeChanged(event.target_id)]


def domain_missed(event: DomainBlocked) -> list[Event]:
    """Let the person's home be made anew later."""
    return [HomeChanged(event.account_id)]


async def follow_changed(runtime: Runtime, event: FollowAccepted | FollowChanged | FollowRejected | Unfollowed) -> None:
    """Let the home of somebody who follows others now, or wants other posts of them, be made anew."""
    await forget_home(runtime, event.follower_id)


async def home_changed(runtime: Runtime, event: HomeChanged) -> None:
    """Let a home be made anew of what belongs there now."""
    await forget_home(runtime, event.account_id)


async def block_changed(runtime: Runtime, event: AccountBlocked | AccountUnblocked) -> None:
    """Let the homes on both sides of a block be made anew."""
    await forget_home(runtime, event.account_id, event.target_id)
