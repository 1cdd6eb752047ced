"""One post, one fan-out, whoever wrote it: onto the homes of the local people who follow its author or a hashtag."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.posts.models import Post
from node.posts.queries import find_post
from node.pulls.queries import is_pulled
from node.timelines import home_lists
from node.timelines.queries import count_local_followers, list_push_targets, list_tag_push_targets
from node.timelines.rules import ACTIVE_WINDOW, TAG_WINDOW, Tier, tier


async def push_post(runtime: Runtime, post_id: int) -> int:
    """Push a post to its author's and followers' homes by the author's tier, and to those who follow a hashtag of it.

    Returns how many lists it reached.

    May be repeated at will. Raises Unavailable when Redis is away, so that the caller keeps the event.
    """
    async with runtime.read() as reader:
        post = await find_post(reader, post_id)
        if post is None or post.deleted_at is not None:
            return 0
        own = [post.account_id] if post.local else []
        author_tier = await tier_of(runtime, post)
        pushed = await _push(runtime, own, post_id) if own and author_tier == "pull" else 0
        if author_tier != "pull":
            active_since = runtime.now() - ACTIVE_WINDOW[author_tier]
            find = partial(list_push_targets, reader, post, active_since=active_since)
            pushed += await _push_to_all(runtime, post_id, find, first=own)
        if post.visibility == "public" and post.boost_of_id is None:
            find = partial(list_tag_push_targets, reader, post.id, active_since=runtime.now() - TAG_WINDOW)
            pushed += await _push_to_all(runtime, post_id, find)
        return pushed


async def _push_to_all(
    runtime: Runtime, post_id: int, find: Callable[..., Awaitable[list[int]]], *, first: Sequence[int] = ()
) -> int:
    """Push a post to `first` and to whomever `find` finds, chunk after chunk."""
    pushed, after_id = 0, 0
    while True:
        targets = await find(after_id=after_id, limit=home_lists.CHUNK)
        if first or targets:
            pushed += await _push(runtime, [*first, *targets], post_id)
        if len(targets) < home_lists.CHUNK:
            return pushed
        first, after_id = (), targets[-1]


async def tier_of(runtime: Runtime, post: Post) -> Tier:
    """Return how a post reaches its author's followers. A pulled account is never pushed, however few follow it."""
    if not post.local:
        known = runtime.caches.get("pulled", size=10_000, seconds=60)
        pulled: bool | None = known.get(post.account_id)
        if pulled is None:
            async with runtime.read() as reader:
                pulled = await is_pulled(reader, post.account_id, runtime.now())
            known.put(post.account_id, pulled)
        if pulled:
            return "pull"
    return tier(await local_followers(runtime, post), runtime.settings)


async def local_followers(runtime: Runtime, post: Post) -> int:
    """Return how many local people follow the post's author (no further than needed to tell the tier)."""
    known = runtime.caches.get("local_followers", size=10_000, seconds=60)
    found: int | None = known.get(post.account_id)
    if found is None:
        async with runtime.read() as reader:
            at_most = runtime.settings.active_limit + 1
            found = await count_local_followers(reader, post.account_id, at_most=at_most)
        known.put(post.account_id, found)
    return found


async def push_own(runtime: Runtime, account_id: int, post_id: int) -> None:
    """Put a person's own post at the top of their home before they are answered. Losing this is harmless."""
    cap = runtime.settings.home_length
    await runtime.gate.call(lambda redis: home_lists.push(redis, [account_id], post_id, cap=cap))


async def forget_home(runtime: Runtime, *account_ids: int) -> None:
    """Drop home timelines whose people follow others now; the next read rebuilds them.

    Raises Unavailable when Redis is away, so that the caller keeps the event.
    """
    if await runtime.gate.call(lambda redis: home_lists.forget(redis, account_ids)) is None:
        raise Unavailable("Home timelines cannot be reached.")


async def _push(runtime: Runtime, account_ids: list[int], post_id: int) -> int:
    cap = runtime.settings.home_length
    pushed = await runtime.gate.call(lambda redis: home_lists.push(redis, account_ids, post_id, cap=cap))
    if pushed is None:
        raise Unavailable("Home timelines cannot be reached.")
    return pushed
