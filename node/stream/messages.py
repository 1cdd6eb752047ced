"""From entries of the log to what one viewer is told: the same rules as the timelines, asked at the moment of telling.

A post is rendered by `render_posts`, so its words are rendered once a process and only the viewer's flags each time.
An entry that the viewer may not see, or that belongs in none of the channels, becomes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from node.auth.rules import scope_allows
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime
from node.base.streams import Logged, place
from node.notifications.queries import find_notification
from node.notifications.views import notification_views
from node.posts.rendering import render_posts
from node.stream.channels import NOTIFICATIONS, STATUSES, Channel
from node.stream.identity import Listener
from node.timelines.live_queries import (
    PostFacts,
    list_direct_ids,
    list_followers_among,
    list_post_facts,
    list_withdrawn_among,
)
from node.timelines.queries import list_hashtag_ids, list_public_ids


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: by which channel, what kind, the payload as text, and the event's id ("" for a past one)."""

    channel: Channel
    event: str
    payload: str
    id: str

    def frame(self) -> str:
        """Return the message as it goes through a WebSocket."""
        told: dict[str, Any] = {"stream": self.channel.words, "event": self.event, "payload": self.payload}
        return orjson.dumps(told | ({"id": self.id} if self.id else {})).decode()

    def block(self) -> bytes:
        """Return the message as a server-sent event."""
        id_line = f"id: {self.id}\n" if self.id else ""
        return f"event: {self.event}\ndata: {self.payload}\n{id_line}\n".encode()


@dataclass(slots=True)
class Progress:
    """How far a channel has been told the past: events up to `floor`, and these posts whatever their event."""

    floor: tuple[int, int] = (0, 0)
    told: set[int] = field(default_factory=set)


async def messages_for(
    runtime: Runtime,
    listener: Listener,
    channels: Collection[Channel],
    logged: Sequence[Logged],
    progress: Mapping[Channel, Progress],
) -> list[Message]:
    """Return what `listener` is told of some entries, in their order."""
    statuses_allowed = scope_allows(listener.scopes, STATUSES)
    notifications_allowed = scope_allows(listener.scopes, NOTIFICATIONS)
    async with runtime.read() as reader:
        posts = _subjects(logged, "update", "status.update") if statuses_allowed else []
        shown = await _shown(runtime, reader, listener.account_id, channels, posts)
        gone = _subjects(logged, "delete") if statuses_allowed else []
        ended = await _ended(reader, listener.account_id, channels, gone)
        told: dict[int, str] = {}
        if notifications_allowed and any(channel.name in ("user", "user:notification") for channel in channels):
            told = await _notifications(runtime, reader, listener.account_id, logged)
    found = []
    for entry in logged:
        event = entry.event
        for channel in channels:
            done = progress.get(channel)
            if done is not None and entry.id and place(entry.id) <= done.floor:
                continue
            payload: str | None = None
            if event.kind in ("update", "status.update"):
                already = done is not None and entry.id and event.kind == "update" and event.subject in done.told
                payload = None if already else shown.get((channel, event.subject))
            elif event.kind == "delete":
                payload = str(event.subject) if (channel, event.subject) in ended else None
            elif event.kind == "notification" and channel.name in ("user", "user:notification"):
                already = done is not None and entry.id and event.subject in done.told
                payload = None if already else told.get(event.subject)
            if payload is not None:
                found.append(Message(channel, event.kind, payload, entry.id))
    return found


def _subjects(logged: Sequence[Logged], *kinds: str) -> list[int]:
    return list(dict.fromkeys(entry.event.subject for entry in logged if entry.event.kind in kinds))


async def _shown(
    runtime: Runtime, reader: Reader, viewer_id: int, channels: Collection[Channel], ids: Sequence[int]
) -> dict[tuple[Channel, int], str]:
    """Return the payloads of the posts that belong in each channel and that the viewer may see."""
    if not ids:
        return {}
    belongs: dict[Channel, list[int]] = {}
    payloads: dict[int, str] = {}
    for channel in channels:
        if channel.name == "user":
            home = await render_posts(runtime, reader, ids, viewer_id=viewer_id, home=True)
            payloads |= {int(status["id"]): _text(status) for status in home}
            belongs[channel] = [int(status["id"]) for status in home]
        else:
            belongs[channel] = await _belonging(runtime, reader, viewer_id, channel, ids)
    rest = {id_ for found in belongs.values() for id_ in found} - payloads.keys()
    if rest:
        others = await render_posts(runtime, reader, sorted(rest), viewer_id=viewer_id)
        payloads |= {int(status["id"]): _text(status) for status in others}
    return {(channel, id_): payloads[id_] for channel, found in belongs.items() for id_ in found if id_ in payloads}


async def _belonging(
    runtime: Runtime, reader: Reader, viewer_id: int, channel: Channel, ids: Sequence[int]
) -> list[int]:
    page, now = Page(limit=len(ids)), runtime.now()
    if channel.name == "direct":
        return await list_direct_ids(reader, viewer_id, page, now=now, among=ids)
    if channel.is_public:
        return await list_public_ids(
            reader,
            page,
            viewer_id=viewer_id,
            now=now,
            local=channel.local,
            remote=channel.remote,
            only_media=channel.only_media,
            among=ids,
        )
    if channel.is_hashtag:
        return await list_hashtag_ids(
            reader, page, viewer_id=viewer_id, now=now, any_of=[channel.tag], local=channel.local, among=ids
        )
    return []


async def _ended(
    reader: Reader, viewer_id: int, channels: Collection[Channel], ids: Sequence[int]
) -> set[tuple[Channel, int]]:
    """Return which withdrawn posts each channel is told of: of those the viewer could see, what could be in it."""
    visible = await list_withdrawn_among(reader, viewer_id, ids) if ids else set()
    if not visible:
        return set()
    facts = await list_post_facts(reader, visible, with_tags=False)
    followed = set()
    if any(channel.name == "user" for channel in channels):
        for author_id in {post.account_id for post in facts.values()}:
            if author_id == viewer_id or await list_followers_among(reader, author_id, [viewer_id]):
                followed.add(author_id)
    return {
        (channel, post.id) for channel in channels for post in facts.values() if _could_hold(channel, post, followed)
    }


def _could_hold(channel: Channel, post: PostFacts, followed: Collection[int]) -> bool:
    if channel.name == "user":
        return post.account_id in followed
    if channel.name == "direct":
        return post.visibility == "direct"
    if not (channel.is_public or channel.is_hashtag) or post.visibility != "public" or post.is_boost:
        return False
    return not (channel.local and not post.local) and not (channel.remote and post.local)


async def _notifications(runtime: Runtime, reader: Reader, viewer_id: int, logged: Sequence[Logged]) -> dict[int, str]:
    ids = [e.event.subject for e in logged if e.event.kind == "notification" and e.event.account_id == viewer_id]
    rows = [await find_notification(reader, viewer_id, id_, now=runtime.now()) for id_ in dict.fromkeys(ids)]
    views = await notification_views(runtime, reader, [row for row in rows if row is not None], viewer_id)
    return {int(view["id"]): _text(view) for view in views}


def _text(view: dict[str, Any]) -> str:
    return orjson.dumps(view).decode()
