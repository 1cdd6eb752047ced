"""From events to buckets: what a new post, boost, answer or like says about hashtags and posts.

Called before the transaction that ends an event, and safe to call again. Links are noted by the tick: which link a
post has, and whether there is a page behind it, is known later.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import update

from node.base.db.inserts import insert_if_absent
from node.base.runtime import Runtime
from node.trends import buckets
from node.trends.models import TrendState
from node.trends.queries import Note, list_post_notes, list_taken_up
from node.trends.trusting import known_trust

TICK: Final = "tick"
EVERY: Final = timedelta(seconds=60)
SOON: Final = timedelta(seconds=5)
"""How soon a node on which little goes on looks again."""
CHEAP_SECONDS: Final = 0.1
"""A tick that took no longer may come again soon."""


async def note_post(runtime: Runtime, post_id: int) -> None:
    """Note a new post or boost."""
    async with runtime.read() as reader:
        notes = await list_post_notes(reader, post_id)
    await _note(runtime, notes)


async def note_likes(runtime: Runtime, likes: Sequence[tuple[int, int, int]]) -> None:
    """Note likes: each with the post's id, who likes it, and its own id."""
    async with runtime.read() as reader:
        notes = await list_taken_up(reader, likes)
    await _note(runtime, notes)


async def _note(runtime: Runtime, notes: Sequence[Note]) -> None:
    if not notes or not runtime.settings.trends:
        return
    trust, now = await known_trust(runtime), runtime.now()
    missed = runtime.caches.get("trend_missed", size=1, seconds=86_400)
    if not await runtime.gate.call(lambda redis: buckets.note(redis, notes, trust, now)):
        missed.put(TICK, True)
    elif missed.get(TICK):
        await runtime.gate.call(buckets.say_not_whole)  # the next tick reads what was missed from the rows
        missed.clear()
    await come_soon(runtime)


async def come_soon(runtime: Runtime) -> None:
    """See to it that there is a next tick; a process says so at most once in `SOON`. Raises Unavailable."""
    said = runtime.caches.get("trend_soon", size=1, seconds=SOON.total_seconds())
    now = runtime.now()
    last = said.get(TICK)
    if last is not None and now - last < SOON:
        return
    said.put(TICK, now)
    async with runtime.write() as uow:
        begun = await insert_if_absent(uow, TrendState, {"name": TICK, "made_at": now, "due_at": now, "body": {}})
        if not begun:
            await uow.write(
                update(TrendState)
                .where(
                    TrendState.name == TICK,
                    TrendState.due_at > now,
                    TrendState.made_at <= now - SOON,
                    TrendState.body["cheap"].as_boolean(),
                )
                .values(due_at=now)
                .execution_options(synchronize_session=False)
            )
