"""Effects on open streams: one entry in the node's log for each event, whoever is listening. Safe to repeat.

A post is logged after the fan-out, so a client that asks for its home at the news finds the post there. What is told
of notifications waits for their transaction (`Occasion.streamed`).
"""

from node.base.runtime import Runtime
from node.base.streams import Kind, StreamEvent, publish
from node.events import AccessChanged, AccountDeleted, AccountSuspended, PostDeleted, PostEdited, PostPublished


async def post_published(runtime: Runtime, event: PostPublished) -> None:
    """Tell of a new post or boost; an old one is no news (INB-10)."""
    if not event.quiet:
        await _about_post(runtime, "update", event.post_id)


async def post_edited(runtime: Runtime, event: PostEdited) -> None:
    """Tell that a post says something else now."""
    await _about_post(runtime, "status.update", event.post_id)


async def post_deleted(runtime: Runtime, event: PostDeleted) -> None:
    """Tell that a post or boost is gone."""
    await _about_post(runtime, "delete", event.post_id)


async def access_changed(runtime: Runtime, event: AccessChanged | AccountSuspended | AccountDeleted) -> None:
    """Have the streams of somebody look whether they may stay open (attack row 95)."""
    await publish(runtime.gate, StreamEvent("access", event.account_id, event.account_id))


async def _about_post(runtime: Runtime, kind: Kind, post_id: int) -> None:
    await publish(runtime.gate, StreamEvent(kind, post_id))
