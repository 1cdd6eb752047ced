"""What a client missed: from the log while that reaches back, else from the rows themselves.

`since` is the id of the last event the client got, or the id of the last post or notification it has. In the log
nothing is missing and nothing doubled; a post's id leads to the event by which the post was told. Beyond the log
posts and notifications come by their ids, at most `MOST` of each; what was edited or deleted there is not told, and
what is up to `MARGIN_MS` older than an event's id may come twice rather than not at all.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from node.auth.rules import scope_allows
from node.base.db.stream_log import (
    READ_AT_ONCE,
    Logged,
    StreamEvent,
    find_entry_about,
    is_event_id,
    newest,
    place,
    reaches_back,
    read_after,
)
from node.base.db.unit_of_work import Reader
from node.base.ids import SHIFT, read_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.notifications.queries import list_notifications
from node.stream.channels import NOTIFICATIONS, Channel
from node.stream.identity import Listener
from node.stream.messages import Message, Progress, messages_for
from node.stream.subscribers import Resume
from node.timelines.home_queries import list_home_ids
from node.timelines.live_queries import list_direct_ids, list_list_ids
from node.timelines.public_queries import list_hashtag_ids, list_public_ids

MOST: Final = 200
MARGIN_MS: Final = 30_000
"""How much earlier than its event a post's id may be: other servers date their posts themselves."""


def is_cursor(text: str) -> bool:
    """Whether a client can go on from `text`."""
    return is_event_id(text) or read_id(text) is not None


async def in_log(reader: Reader, since: str) -> str | None:
    """Return the event behind which a client goes on in the log; None when the log does not reach back to it."""
    if not is_event_id(since):
        return await find_entry_about(reader, read_id(since) or 0)
    return since if await reaches_back(reader, since) else None


async def missed(
    runtime: Runtime, listener: Listener, wish: Resume, progress: dict[Channel, Progress]
) -> AsyncIterator[list[Message]]:
    """Yield what happened since, and leave in `progress` how far that goes."""
    channel = wish.channel
    progress.pop(channel, None)
    async with runtime.read() as reader:
        since = await in_log(reader, wish.since)
    if since is None:
        messages, progress[channel] = await from_rows(runtime, listener, channel, wish.since)
        yield messages
        return
    while True:
        async with runtime.read() as reader:
            entries = await read_after(reader, since)
        if entries:
            yield await messages_for(runtime, listener, [channel], entries, {})
            since = entries[-1].id
        if len(entries) < READ_AT_ONCE:
            break
    progress[channel] = Progress(floor=place(since))


async def from_rows(
    runtime: Runtime, listener: Listener, channel: Channel, since: str
) -> tuple[list[Message], Progress]:
    """Return posts and notifications since then as if they had just happened, oldest first, and how far that goes.

    Each carries its own id to go on from, the last one that of the newest event.
    """
    since_id = max(0, (place(since) >> SHIFT) - MARGIN_MS) << SHIFT if is_event_id(since) else read_id(since) or 0
    async with runtime.read() as reader:
        until = await newest(reader)
        entries = await _kept(runtime, reader, listener, channel, since_id)
    messages = await messages_for(runtime, listener, [channel], entries, {})
    if messages:
        messages[-1] = replace(messages[-1], id=until)
    return messages, Progress(floor=place(until), told={entry.event.subject for entry in entries})


async def _kept(runtime: Runtime, reader: Reader, listener: Listener, channel: Channel, since_id: int) -> list[Logged]:
    """Return posts and notifications above `since_id` as if they had just happened, oldest first."""
    viewer_id, now = listener.account_id, runtime.now()
    page = Page(limit=MOST, since_id=since_id)
    found: list[StreamEvent] = []
    posts: list[int] = []
    if channel.name == "user":
        posts = await list_home_ids(reader, viewer_id, page)
    elif channel.name == "direct":
        posts = await list_direct_ids(reader, viewer_id, page, now=now)
    elif channel.list_id:
        posts = await list_list_ids(reader, channel.list_id, viewer_id, page, now=now)
    elif channel.is_public:
        public = await list_public_ids(
            reader,
            page,
            viewer_id=viewer_id,
            now=now,
            local=channel.local,
            remote=channel.remote,
            only_media=channel.only_media,
        )
        posts = public.ids
    elif channel.is_hashtag:
        tagged = await list_hashtag_ids(
            reader, page, viewer_id=viewer_id, now=now, any_of=[channel.tag], local=channel.local
        )
        posts = tagged.ids
    found += [StreamEvent("update", id_) for id_ in posts]
    if channel.name in ("user", "user:notification") and scope_allows(listener.scopes, NOTIFICATIONS):
        rows = await list_notifications(reader, viewer_id, page, now=now)
        found += [StreamEvent("notification", row.id, viewer_id) for row in rows]
    return [Logged(str(event.subject), event) for event in sorted(found, key=lambda event: event.subject)]
