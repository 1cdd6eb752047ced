"""What a client missed: from the log while that reaches back, else from SQL by id.

`since` is the id of the last event the client got, or the id of the last post it has. In the log nothing is missing
and nothing doubled. Beyond it posts and notifications come from SQL, at most `MOST` of each; what was edited or
deleted there is not told, and a few seconds before an event's id may come twice rather than not at all.
"""

from collections.abc import AsyncIterator
from typing import Final

from node.auth.rules import scope_allows
from node.base.db.unit_of_work import Reader
from node.base.ids import SHIFT, read_id
from node.base.paging import Page
from node.base.runtime import Runtime
from node.base.streams import Logged, StreamEvent, is_event_id, newest, place, reaches_back, read_after
from node.notifications.queries import list_notifications
from node.stream.channels import NOTIFICATIONS, Channel
from node.stream.hub import Resume
from node.stream.identity import Listener
from node.stream.messages import Message, Progress, messages_for
from node.timelines.live_queries import list_direct_ids
from node.timelines.queries import list_hashtag_ids, list_home_ids, list_public_ids

MOST: Final = 200
MARGIN_MS: Final = 30_000
"""How much earlier than its event a post's id may be: other servers date their posts themselves."""


def is_cursor(text: str) -> bool:
    """Whether a client can go on from `text`."""
    return is_event_id(text) or read_id(text) is not None


async def missed(
    runtime: Runtime, listener: Listener, wish: Resume, progress: dict[Channel, Progress]
) -> AsyncIterator[list[Message]]:
    """Yield what happened since, and leave in `progress` how far that goes."""
    channel, since = wish.channel, wish.since
    progress.pop(channel, None)
    if is_event_id(since) and await reaches_back(runtime.gate, since):
        seen: set[int] = set()
        while True:
            entries = await read_after(runtime.gate, since)
            if not entries:
                break
            yield await messages_for(runtime, listener, [channel], _once(entries, seen), {})
            since = entries[-1].id
        progress[channel] = Progress(floor=place(since))
        return
    until = await newest(runtime.gate)
    since_id = max(0, place(since)[0] - MARGIN_MS) << SHIFT if is_event_id(since) else read_id(since) or 0
    async with runtime.read() as reader:
        entries = await _kept(runtime, reader, listener, channel, since_id)
    yield await messages_for(runtime, listener, [channel], entries, {})
    told = {entry.event.subject for entry in entries}
    progress[channel] = Progress(floor=place(until) if until else (0, 0), told=told)


def _once(entries: list[Logged], seen: set[int]) -> list[Logged]:
    """A relay that was killed tells of a new post twice: the second time is none."""
    kept = []
    for entry in entries:
        if entry.event.kind == "update":
            if entry.event.subject in seen:
                continue
            seen.add(entry.event.subject)
        kept.append(entry)
    return kept


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
    elif channel.is_public:
        posts = await list_public_ids(
            reader,
            page,
            viewer_id=viewer_id,
            now=now,
            local=channel.local,
            remote=channel.remote,
            only_media=channel.only_media,
        )
    elif channel.is_hashtag:
        posts = await list_hashtag_ids(
            reader, page, viewer_id=viewer_id, now=now, any_of=[channel.tag], local=channel.local
        )
    found += [StreamEvent("update", id_) for id_ in posts]
    if channel.name in ("user", "user:notification") and scope_allows(listener.scopes, NOTIFICATIONS):
        rows = await list_notifications(reader, viewer_id, page, now=now)
        found += [StreamEvent("notification", row.id, viewer_id) for row in rows]
    return [Logged("", event) for event in sorted(found, key=lambda event: event.subject)]
