"""One post, one fan-out, whoever wrote it: onto the homes of the local people who follow its author or a hashtag.

The first chunk of an audience gets it at once, with the event. Where there is more, a row (`FanOut`) says how far it
came and `jobs` goes on from there, some chunks in turn with other posts that have such a row: a post with a hundred
thousand readers holds up nobody else's.
"""

from collections.abc import Sequence
from typing import Final, Literal

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader
from node.base.errors import Unavailable
from node.base.ids import new_id
from node.base.lanes import FANOUT
from node.base.runtime import Runtime
from node.timelines import author_lists, home_lists
from node.timelines.authored_queries import Entry
from node.timelines.home_lists import author_key, home_key
from node.timelines.models import FanOut
from node.timelines.queries import PushFacts, find_push_facts, list_push_targets, list_tag_push_targets
from node.timelines.rules import ACTIVE_WINDOW, TIMELINES, Tier
from node.timelines.tiers import tier_for_push

Audience = Literal["followers", "tags"]

CHUNK: Final = home_lists.CHUNK


async def push_post(runtime: Runtime, post_id: int) -> int:
    """Push a post to its author's and followers' homes by the author's tier, and to those who follow a hashtag of it.

    Returns how many lists it reached; where there are more than a chunk of readers, the rest follows.

    May be repeated at will. Raises Unavailable when Redis is away, so that the caller keeps the event.
    """
    async with runtime.read() as reader:
        post = await find_push_facts(reader, post_id)
        if post is None:
            return 0
        tier = await tier_for_push(runtime, post.account_id)
        runtime.caches.count(TIMELINES, f"posts, {tier.pushed_as}")
        pushed = await _push(runtime, [author_key(post.account_id)], post, is_author=True) if tier.is_merged else 0
        first = [home_key(post.account_id)] if post.local else []
        unfinished: dict[Audience, int] = {}
        for audience in _audiences(post, tier.pushed_as):
            targets = await _targets(runtime, reader, post, audience, tier.pushed_as, after_id=0)
            pushed += await _push(runtime, [*first, *map(home_key, targets)], post)
            first = []
            if len(targets) == CHUNK:
                unfinished[audience] = targets[-1]
        if first:
            pushed += await _push(runtime, first, post)
    if unfinished:
        await _go_on_later(runtime, post_id, unfinished)
    return pushed


async def push_chunk(runtime: Runtime, post_id: int, audience: Audience, *, after_id: int) -> int | None:
    """Push a post to the next chunk of an audience and return where that ended; None when it was the last.

    Raises Unavailable when Redis is away.
    """
    async with runtime.read() as reader:
        post = await find_push_facts(reader, post_id)
        if post is None:
            return None
        tier = await tier_for_push(runtime, post.account_id)
        if audience not in _audiences(post, tier.pushed_as):
            return None
        targets = await _targets(runtime, reader, post, audience, tier.pushed_as, after_id=after_id)
    await _push(runtime, list(map(home_key, targets)), post)
    return targets[-1] if len(targets) == CHUNK else None


async def push_own(runtime: Runtime, account_id: int, post_id: int, *, boost_of: int = 0) -> None:
    """Put a person's own post at the top of their home before they are answered. Losing this is harmless."""
    cap, entry = runtime.settings.home_length, (post_id, boost_of)
    await runtime.gate.call(lambda redis: home_lists.push(redis, [home_key(account_id)], entry, cap=cap))


async def forget_home(runtime: Runtime, *account_ids: int) -> None:
    """Drop home timelines whose people follow others now; the next read rebuilds them.

    Raises Unavailable when Redis is away, so that the caller keeps the event.
    """
    keys = list(map(home_key, account_ids))
    if await runtime.gate.call(lambda redis: home_lists.forget(redis, keys)) is None:
        raise Unavailable("Home timelines cannot be reached.")


def _audiences(post: PushFacts, pushed_as: Tier) -> list[Audience]:
    found: list[Audience] = [] if pushed_as == "pull" else ["followers"]
    is_tagged = post.has_tags and post.visibility == "public" and post.boost_of_id is None
    return [*found, "tags"] if is_tagged else found


async def _targets(
    runtime: Runtime, reader: Reader, post: PushFacts, audience: Audience, pushed_as: Tier, *, after_id: int
) -> list[int]:
    if audience == "tags":
        since = runtime.now() - ACTIVE_WINDOW["push"]
        return await list_tag_push_targets(reader, post.id, active_since=since, after_id=after_id, limit=CHUNK)
    since = runtime.now() - ACTIVE_WINDOW[pushed_as]
    return await list_push_targets(reader, post, active_since=since, after_id=after_id, limit=CHUNK)


async def _go_on_later(runtime: Runtime, post_id: int, unfinished: dict[Audience, int]) -> None:
    async with runtime.write() as uow:
        for audience, after_id in unfinished.items():
            values = {"id": new_id(), "post_id": post_id, "audience": audience, "after_id": after_id, "attempts": 0}
            await insert_if_absent(uow, FanOut, values | {"due_at": runtime.now()})
        uow.after_commit(lambda: _nudge(runtime))


async def _nudge(runtime: Runtime) -> None:
    await runtime.nudge(FANOUT)


async def _push(runtime: Runtime, keys: Sequence[str], post: PushFacts, *, is_author: bool = False) -> int:
    entry, cap = _entry(post), author_lists.LENGTH if is_author else runtime.settings.home_length
    pushed = await runtime.gate.call(lambda redis: home_lists.push(redis, keys, entry, cap=cap, once=is_author))
    if pushed is None:
        raise Unavailable("Home timelines cannot be reached.")
    runtime.caches.count(TIMELINES, "entries pushed", pushed)
    return pushed


def _entry(post: PushFacts) -> Entry:
    return post.id, post.boost_of_id or 0
