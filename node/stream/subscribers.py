"""One open stream: what waits to be sent on it, and how it ends. The hub puts in, the stream's own task takes out."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from node.base.db.stream_log import Logged
from node.stream.channels import Channel
from node.stream.identity import Listener

QUEUE: Final = 1_000
"""Entries that may wait for one connection."""
LAST_WORD_SECONDS: Final = 2.0

REVOKED, SLOW, BROKEN, LEAVING = "access ended", "too slow", "unavailable", "going away"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resume:
    """A wish to be told what a channel missed since an event or post."""

    channel: Channel
    since: str


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream."""

    listener: Listener
    channels: set[Channel] = field(default_factory=set)
    behind: set[Channel] = field(default_factory=set)
    """Channels whose past is still to be told: until then nothing new is told of them."""
    queue: asyncio.Queue[Logged | Resume | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    reason: str = ""
    task: asyncio.Task[Any] | None = None
    """Who sends; cut off if it does not come to an end by itself."""
    _cut: asyncio.TimerHandle | None = None

    def listen_to(self, channel: Channel, *, since: str = "") -> None:
        """Listen to one more channel, after what it missed since an event or post."""
        self.channels.add(channel)
        if since:
            self.behind.add(channel)
            self.put(Resume(channel, since))

    def put(self, item: Logged | Resume) -> None:
        """Queue something, or drop the stream if nobody takes things out."""
        if self.reason:
            return
        try:
            self.queue.put_nowait(item)
        except asyncio.QueueFull:
            log.info("stream_dropped", account_id=self.listener.account_id, reason=SLOW)
            self.end(SLOW)

    def end(self, reason: str) -> None:
        """Let the stream end now: nothing that waits is sent any more."""
        if self.reason:
            return
        self.reason = reason
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)
        if self.task is not None:
            self._cut = asyncio.get_running_loop().call_later(LAST_WORD_SECONDS, self.task.cancel)

    def done(self) -> None:
        """Note that the sender came to an end."""
        if self._cut is not None:
            self._cut.cancel()
