"""One post, one fan-out, whoever wrote it: onto the homes of the local people who follow its author or a hashtag."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.posts.queries import find_post
from node.timelines import home_lists
from node.timelines.queries import list_push_targets, list_tag_push_targets
from node.timelines.rules import ACTIVE_WINDOW
from node.timelines.tiers import tier_for_push


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
        author_tier = await tier_for_push(runtime, post.account_id)
        pushed = await _push(runtime, own, post_id) if own and author_tier == "pull" else 0
        if author_tier != "pull":
            active_since = runtime.now() - ACTIVE_WINDOW[author_tier]
            find = partial(list_push_targets, reader, post, active_since=active_since)
            pushed += await _push_to_all(runtime, post_id, find, first=own)
        if post.visibility == "public" and post.boost_of_id is None:
            find = partial(list_tag_push_targets, reader, post.id, active_since=runtime.now() - ACTIVE_WINDOW["push"])
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
