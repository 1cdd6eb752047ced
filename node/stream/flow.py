"""From a stream's queue to what its door sends: the past first where it was asked for, then what happens, and beats."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from node.auth.service import touch_activity
from node.base.db.stream_log import Logged
from node.base.errors import Unavailable
from node.base.runtime import Runtime
from node.stream.channels import Channel
from node.stream.messages import Message, Progress, messages_for
from node.stream.past import missed
from node.stream.subscribers import BROKEN, REVOKED, Resume, Subscriber

BEAT_SECONDS: Final = 15.0
TOGETHER: Final = 50
"""Entries that are rendered at once when several wait."""


async def flow(runtime: Runtime, subscriber: Subscriber) -> AsyncIterator[list[Message]]:
    """Yield what this stream is told, in order; an empty list every `BEAT_SECONDS` when there is nothing.

    Ends when the stream is to end; `subscriber.reason` says why.
    """
    progress: dict[Channel, Progress] = {}
    listener = subscriber.listener
    await touch_activity(runtime, listener.account_id, last_active_at=listener.last_active_at)
    try:
        while True:
            taken = await _take(subscriber)
            if subscriber.reason or None in taken:
                return
            if not taken:
                if not await listener.still_holds():  # the word of it was lost
                    subscriber.reason = subscriber.reason or REVOKED
                    return
                await touch_activity(runtime, listener.account_id)
                yield []
            entries = [item for item in taken if isinstance(item, Logged)]
            channels = sorted(subscriber.channels - subscriber.behind, key=lambda channel: channel.words)
            if entries and (messages := await messages_for(runtime, listener, channels, entries, progress)):
                yield messages
            for item in taken:
                if isinstance(item, Resume):
                    async for messages in missed(runtime, listener, item, progress):
                        if messages:
                            yield messages
                    subscriber.behind.discard(item.channel)
    except Unavailable:
        subscriber.reason = subscriber.reason or BROKEN


async def _take(subscriber: Subscriber) -> list[Logged | Resume | None]:
    """Return what waits, up to and with the first wish for the past; nothing when a beat is due."""
    taken: list[Logged | Resume | None] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BEAT_SECONDS):
            taken.append(await subscriber.queue.get())
    while taken and isinstance(taken[-1], Logged) and len(taken) < TOGETHER and not subscriber.queue.empty():
        taken.append(subscriber.queue.get_nowait())
    return taken
