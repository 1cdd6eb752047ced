"""The connections of one web process, and the task that follows the node's log for all of them.

For each entry the hub asks once which connected people it may concern and puts it into their queues; rendering and
sending happen in each connection's own task, so one that reads slowly holds nobody up. Whose queue is full is
dropped with a reason: the client comes back with its last event's id and has lost nothing.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import structlog
from quart import Blueprint, Quart, current_app

from node.base.db.stream_log import READ_AT_ONCE, Logged, newest, read_after
from node.base.db.unit_of_work import Reader
from node.base.errors import TooManyRequests, Unavailable
from node.base.runtime import Runtime
from node.base.streams import LOOK_SECONDS, Waker
from node.http.context import runtime_of
from node.stream.personal import TELLINGS
from node.stream.queries import list_losing_access
from node.stream.subscribers import BROKEN, LEAVING, REVOKED, Subscriber
from node.timelines.live_queries import (
    PostFacts,
    list_addressed_among,
    list_followers_among,
    list_lists_among,
    list_post_facts,
    list_tag_followers_among,
    list_tag_readers_among,
)

POSTS: Final = ("update", "status.update", "delete")

PER_PERSON: Final = 20
"""Streams one person may have open in a process."""
AT_ONCE: Final = 5_000
"""Streams a process keeps open."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom of those who are connected a post may concern: people, by their home or by name, and lists."""

    people: set[int]
    lists: set[int]


class Hub:
    """See the module."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._subscribers: set[Subscriber] = set()
        self._task: asyncio.Task[None] | None = None
        self._cursor: str | None = None
        self._starting = asyncio.Lock()
        self._look_again_at = 0.0

    def check_room(self, account_id: int) -> None:
        """Refuse one stream too many (attack row 97). Raises TooManyRequests, Unavailable."""
        if len(self._subscribers) >= AT_ONCE:
            raise Unavailable
        own = Counter(subscriber.listener.account_id for subscriber in self._subscribers)
        if own[account_id] >= PER_PERSON:
            raise TooManyRequests("Too many open streams", retry_after=30)

    async def join(self, subscriber: Subscriber) -> None:
        """Let a stream hear what happens from now on."""
        self._subscribers.add(subscriber)
        async with self._starting:
            if self._task is None:
                self._cursor = await self._newest()
                self._task = asyncio.create_task(self._follow())

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a stream."""
        subscriber.done()
        self._subscribers.discard(subscriber)

    @property
    def cursor(self) -> str | None:
        """The event up to which everything has been handed out; None while the database is away from the start."""
        return self._cursor

    def end_all(self) -> None:
        """End every stream: this process is going away."""
        for subscriber in list(self._subscribers):
            subscriber.end(LEAVING)

    async def close(self) -> None:
        """Stop following."""
        self.end_all()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _newest(self) -> str | None:
        try:
            async with self.runtime.read() as reader:
                return await newest(reader)
        except Unavailable:
            return None

    async def _follow(self) -> None:
        waker = Waker(self.runtime.gate)
        entries: list[Logged] = []
        while self._subscribers:
            if len(entries) < READ_AT_ONCE:
                await waker.wait()
            entries = await self._news()
            if entries:
                try:
                    await self._hand_out(entries)
                except Exception:
                    log.warning("streams_broken", exc_info=True)
                    for subscriber in list(self._subscribers):
                        subscriber.end(BROKEN)
                self._cursor = entries[-1].id
        self._task = None

    async def _news(self) -> list[Logged]:
        """Return what was logged behind the cursor; nothing while the database is away."""
        if self._cursor is None:
            self._cursor = await self._newest()
            return []
        try:
            async with self.runtime.read() as reader:
                losing = await self._losing_access(reader)
                found = await read_after(reader, self._cursor)
            for account_id in losing:
                await self._check(account_id)
        except Unavailable:
            return []
        return found

    async def _losing_access(self, reader: Reader) -> set[int]:
        """Return whom of those connected to look at, asking twice a second: the relay may be busy with other things."""
        now = asyncio.get_running_loop().time()
        if now < self._look_again_at:
            return set()
        self._look_again_at = now + LOOK_SECONDS
        return await list_losing_access(reader) & {one.listener.account_id for one in self._subscribers}

    async def _hand_out(self, entries: Sequence[Logged]) -> None:
        about_posts = {entry.event.subject for entry in entries if entry.event.kind in POSTS}
        listeners = list(self._subscribers)
        async with self.runtime.read() as reader:
            with_tags = any(channel.is_hashtag for one in listeners for channel in one.channels)
            facts = await list_post_facts(reader, about_posts, with_tags=with_tags) if about_posts else {}
            reach = await self._reach(reader, facts.values(), listeners)
        for entry in entries:
            event = entry.event
            if event.kind == "access":
                await self._check(event.account_id)
                continue
            post = facts.get(event.subject) if event.kind in POSTS else None
            for one in list(self._subscribers):
                if post is not None:
                    concerned = _may_concern(post, one, reach[post.id])
                else:
                    concerned = event.kind in TELLINGS and event.account_id in (0, one.listener.account_id)
                if concerned:
                    one.put(entry)

    async def _reach(
        self, reader: Reader, posts: Collection[PostFacts], listeners: Sequence[Subscriber]
    ) -> dict[int, Reach]:
        """Return for each post whom of those who are connected it may concern, and which of their lists."""
        home = {one.listener.account_id for one in listeners if _listens(one, "user")}
        direct = {one.listener.account_id for one in listeners if _listens(one, "direct")}
        lists = {channel.list_id for one in listeners for channel in one.channels if channel.list_id}
        authors: dict[int, Reach] = {}
        found = {}
        for post in posts:
            author = authors.get(post.account_id)
            if author is None:
                author = authors[post.account_id] = Reach(
                    await list_followers_among(reader, post.account_id, home) if home else set(),
                    await list_lists_among(reader, post.account_id, lists) if lists else set(),
                )
            people = {post.account_id} | author.people
            if post.visibility == "public" and not post.is_boost and home - people:
                people |= await self._by_hashtag(reader, post, home - people)
            if post.visibility == "direct" and direct:
                people |= await list_addressed_among(reader, post.id, direct)
            found[post.id] = Reach(people, author.lists)
        return found

    async def _by_hashtag(self, reader: Reader, post: PostFacts, account_ids: Collection[int]) -> set[int]:
        """Return who may have a post in their home by a hashtag. Which it had is forgotten when it is withdrawn."""
        if post.deleted:
            return await list_tag_readers_among(reader, account_ids)
        return await list_tag_followers_among(reader, post.id, account_ids)

    async def _check(self, account_id: int) -> None:
        """End the streams of somebody whose token or session is good no more."""
        for one in [one for one in self._subscribers if one.listener.account_id == account_id]:
            if not await one.listener.still_holds():
                one.end(REVOKED)


def _listens(one: Subscriber, name: str) -> bool:
    return any(channel.name == name for channel in one.channels)


def _may_concern(post: PostFacts, one: Subscriber, reach: Reach) -> bool:
    for channel in one.channels:
        if channel.name in ("user", "direct"):
            if one.listener.account_id in reach.people:
                return True
        elif channel.list_id:
            if channel.list_id in reach.lists:
                return True
        elif post.visibility != "public" or post.is_boost:
            continue
        elif channel.is_public or (channel.is_hashtag and (post.deleted or channel.tag in post.tags)):
            return True
    return False


_KEY: Final = "rookery.streams"


def install(blueprint: Blueprint) -> None:
    """Give the application that takes `blueprint` a hub, closed when it stops serving."""

    def bind(state: Any) -> None:
        app: Quart = state.app
        hub = app.extensions[_KEY] = Hub(runtime_of(app))
        app.after_serving(hub.close)

    blueprint.record_once(bind)


def hub_of(app: Quart) -> Hub:
    """Return the hub of an application."""
    return cast(Hub, app.extensions[_KEY])


def hub() -> Hub:
    """Return the hub of the application this request came to."""
    return hub_of(current_app)
