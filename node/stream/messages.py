"""From entries of the log to what one viewer is told: the same rules as the timelines, asked at the moment of telling.

A post is rendered by `render_posts`, so its words are rendered once a process and only the viewer's flags each time.
An entry that the viewer may not see, or that belongs in none of the channels, becomes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from node.auth.rules import scope_allows
from node.base.db.stream_log import Logged, StreamEvent, place
from node.base.db.unit_of_work import Reader
from node.base.paging import Page
from node.base.runtime import Runtime
from node.posts.rendering import render_posts
from node.stream.channels import STATUSES, Channel
from node.stream.identity import Listener
from node.stream.personal import TELLINGS, as_text
from node.timelines.live_queries import (
    PostFacts,
    list_direct_ids,
    list_followers_among,
    list_list_ids,
    list_lists_among,
    list_post_facts,
    list_tag_readers_among,
    list_withdrawn_among,
)
from node.timelines.public_queries import list_hashtag_among, list_public_among

POSTS = ("update", "status.update")
NO_PAYLOAD = "undefined"
"""What clients of server-sent events read where a message has no payload."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: by which channel, what kind, the payload as text (None: there is none), and the id to go on from
    (an event's, or that of the post or notification for one that is told from the rows)."""

    channel: Channel
    event: str
    payload: str | None
    id: str

    @property
    def told(self) -> dict[str, Any]:
        """The message as an object."""
        said: dict[str, Any] = {"stream": self.channel.words, "event": self.event}
        if self.payload is not None:
            said["payload"] = self.payload
        return said | {"id": self.id}

    def frame(self) -> str:
        """Return the message as it goes through a WebSocket."""
        return orjson.dumps(self.told).decode()

    def block(self) -> bytes:
        """Return the message as a server-sent event; browsers drop one without data, so none has Mastodon's word."""
        data = NO_PAYLOAD if self.payload is None else self.payload
        return f"event: {self.event}\ndata: {data}\nid: {self.id}\n\n".encode()


@dataclass(slots=True)
class Progress:
    """How far a channel has been told the past: events up to `floor`, and these subjects whatever their event."""

    floor: int = 0
    told: set[int] = field(default_factory=set)

    def covers(self, entry: Logged) -> bool:
        """Whether the entry was part of the past that has been told."""
        news = entry.event.kind in ("update", "notification")
        return place(entry.id) <= self.floor or (news and entry.event.subject in self.told)


async def messages_for(
    runtime: Runtime,
    listener: Listener,
    channels: Collection[Channel],
    logged: Sequence[Logged],
    progress: Mapping[Channel, Progress],
) -> list[Message]:
    """Return what `listener` is told of some entries, in their order."""
    viewer_id = listener.account_id
    async with runtime.read() as reader:
        shown: dict[tuple[Channel, int], str] = {}
        ended: set[tuple[Channel, int]] = set()
        if scope_allows(listener.scopes, STATUSES):
            shown = await _shown(runtime, reader, viewer_id, channels, _about(logged, *POSTS))
            ended = await _ended(reader, viewer_id, channels, _about(logged, "delete"))
        personal = await _personal(runtime, reader, listener, channels, logged)
    found = []
    for entry in logged:
        event = entry.event
        for channel in channels:
            done = progress.get(channel)
            if done is not None and done.covers(entry):
                continue
            payload: str | None = None
            if event.kind in POSTS:
                if (channel, event.subject) not in shown:
                    continue
                payload = shown[channel, event.subject]
            elif event.kind == "delete":
                if (channel, event.subject) not in ended:
                    continue
                payload = str(event.subject)
            elif event in personal and channel.name in TELLINGS[event.kind].channels:
                payload = personal[event]
            else:
                continue
            found.append(Message(channel, event.kind, payload, entry.id))
    return found


async def _personal(
    runtime: Runtime, reader: Reader, listener: Listener, channels: Collection[Channel], logged: Sequence[Logged]
) -> dict[StreamEvent, str | None]:
    """Return what this person is told besides posts."""
    names = {channel.name for channel in channels}
    found: dict[StreamEvent, str | None] = {}
    for kind in dict.fromkeys(entry.event.kind for entry in logged if entry.event.kind in TELLINGS):
        telling = TELLINGS[kind]
        if names.isdisjoint(telling.channels) or not scope_allows(listener.scopes, telling.scope):
            continue
        events = dict.fromkeys(
            entry.event
            for entry in logged
            if entry.event.kind == kind and entry.event.account_id in (0, listener.account_id)
        )
        if events:
            found |= await telling.words(runtime, reader, listener.account_id, list(events))
    return found


def _about(logged: Sequence[Logged], *kinds: str) -> list[int]:
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
            payloads |= {int(status["id"]): as_text(status) for status in home}
            belongs[channel] = [int(status["id"]) for status in home]
        else:
            belongs[channel] = await _belonging(runtime, reader, viewer_id, channel, ids)
    rest = {id_ for found in belongs.values() for id_ in found} - payloads.keys()
    if rest:
        others = await render_posts(runtime, reader, sorted(rest), viewer_id=viewer_id)
        payloads |= {int(status["id"]): as_text(status) for status in others}
    return {(channel, id_): payloads[id_] for channel, found in belongs.items() for id_ in found if id_ in payloads}


async def _belonging(
    runtime: Runtime, reader: Reader, viewer_id: int, channel: Channel, ids: Sequence[int]
) -> list[int]:
    page, now = Page(limit=len(ids)), runtime.now()
    if channel.name == "direct":
        return await list_direct_ids(reader, viewer_id, page, now=now, among=ids)
    if channel.list_id:
        return await list_list_ids(reader, channel.list_id, viewer_id, page, now=now, among=ids)
    if channel.is_public:
        return await list_public_among(
            reader,
            ids,
            viewer_id=viewer_id,
            now=now,
            local=channel.local,
            remote=channel.remote,
            only_media=channel.only_media,
        )
    if channel.is_hashtag:
        return await list_hashtag_among(
            reader, ids, viewer_id=viewer_id, now=now, name=channel.tag, local=channel.local
        )
    return []


async def _ended(
    reader: Reader, viewer_id: int, channels: Collection[Channel], ids: Sequence[int]
) -> set[tuple[Channel, int]]:
    """Return which withdrawn posts each channel is told of: of those the viewer could see, what could be in it."""
    if not ids:
        return set()
    visible = await list_withdrawn_among(reader, viewer_id, ids)
    if not visible:
        return set()
    facts = await list_post_facts(reader, visible, with_tags=False)
    lists = {channel.list_id for channel in channels if channel.list_id}
    by_hashtag = any(channel.name == "user" for channel in channels) and bool(
        await list_tag_readers_among(reader, [viewer_id])
    )
    authors: dict[int, _Author] = {}
    for author_id in {post.account_id for post in facts.values()}:
        at_home = author_id == viewer_id or bool(await list_followers_among(reader, author_id, [viewer_id]))
        on = await list_lists_among(reader, author_id, lists) if lists else set()
        authors[author_id] = _Author(at_home, by_hashtag, on)
    return {
        (channel, post.id)
        for channel in channels
        for post in facts.values()
        if _could_hold(channel, post, authors[post.account_id])
    }


@dataclass(frozen=True, slots=True)
class _Author:
    """How the viewer reads an author: in their home, perhaps by a hashtag, and on which lists."""

    at_home: bool
    by_hashtag: bool
    lists: set[int]


def _could_hold(channel: Channel, post: PostFacts, author: _Author) -> bool:
    if channel.name == "user":
        return author.at_home or (author.by_hashtag and post.visibility == "public" and not post.is_boost)
    if channel.name == "direct":
        return post.visibility == "direct"
    if channel.list_id:
        return channel.list_id in author.lists
    if not (channel.is_public or channel.is_hashtag) or post.visibility != "public" or post.is_boost:
        return False
    return not (channel.local and not post.local) and not (channel.remote and post.local)
