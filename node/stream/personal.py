"""What streams tell people besides posts: one table, from an entry's kind to who hears it and its words.

A new kind is one name in `node/base/db/stream_log.py::Kind` and one line here. Its owner appends a `StreamEvent` to
`Occasion.streamed` in an effect of an event of theirs: with the `account_id` it is for, or 0 when it is for everybody
here. `words` then gets the entries that this viewer hears and returns the payloads of those that still stand.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from node.announcements.queries import find_announcement
from node.announcements.views import announcement_views, reaction_view
from node.base.db.stream_log import Kind, StreamEvent
from node.base.db.unit_of_work import Reader
from node.base.runtime import Runtime
from node.conversations.queries import find_conversation
from node.conversations.views import conversation_views
from node.notifications.queries import find_notification
from node.notifications.views import notification_views
from node.stream.channels import NOTIFICATIONS, STATUSES

Payloads = Mapping[StreamEvent, str | None]
Words = Callable[[Runtime, Reader, int, Sequence[StreamEvent]], Awaitable[Payloads]]


@dataclass(frozen=True, slots=True)
class Telling:
    """Which channels carry a kind, for tokens with which scope, and its words (None: a message without payload)."""

    channels: tuple[str, ...]
    scope: str
    words: Words


def as_text(view: Any) -> str:
    """Return a payload as it goes into a message."""
    return orjson.dumps(view).decode()


async def _notifications(runtime: Runtime, reader: Reader, viewer_id: int, events: Sequence[StreamEvent]) -> Payloads:
    rows = [await find_notification(reader, viewer_id, event.subject, now=runtime.now()) for event in events]
    views = await notification_views(runtime, reader, [row for row in rows if row is not None], viewer_id)
    told = {int(view["id"]): as_text(view) for view in views}
    return {event: told[event.subject] for event in events if event.subject in told}


async def _conversations(runtime: Runtime, reader: Reader, viewer_id: int, events: Sequence[StreamEvent]) -> Payloads:
    rows = [await find_conversation(reader, viewer_id, event.subject) for event in events]
    views = await conversation_views(runtime, reader, [row for row in rows if row is not None], viewer_id=viewer_id)
    told = {int(view["id"]): as_text(view) for view in views}
    return {event: told[event.subject] for event in events if event.subject in told}


async def _announcements(runtime: Runtime, reader: Reader, viewer_id: int, events: Sequence[StreamEvent]) -> Payloads:
    rows = [await find_announcement(reader, event.subject) for event in events]
    views = await announcement_views(runtime, reader, [row for row in rows if row is not None], viewer_id=viewer_id)
    told = {int(view["id"]): as_text(view) for view in views}
    return {event: told[event.subject] for event in events if event.subject in told}


async def _announcement_reactions(_: Runtime, reader: Reader, __: int, events: Sequence[StreamEvent]) -> Payloads:
    return {event: as_text(await reaction_view(reader, event.subject, event.word)) for event in events}


async def _subjects(_: Runtime, __: Reader, ___: int, events: Sequence[StreamEvent]) -> Payloads:
    """The bare id."""
    return {event: str(event.subject) for event in events}


async def _ones(_: Runtime, __: Reader, ___: int, events: Sequence[StreamEvent]) -> Payloads:
    return dict.fromkeys(events, "1")


async def _nothing(_: Runtime, __: Reader, ___: int, events: Sequence[StreamEvent]) -> Payloads:
    return dict.fromkeys(events)


_HOME: Final = ("user",)
_BOTH: Final = ("user", "user:notification")

TELLINGS: Final[dict[Kind, Telling]] = {
    "notification": Telling(_BOTH, NOTIFICATIONS, _notifications),
    "notifications_merged": Telling(_BOTH, NOTIFICATIONS, _ones),
    "filters_changed": Telling(_HOME, STATUSES, _nothing),
    "conversation": Telling(("direct",), STATUSES, _conversations),
    "announcement": Telling(_HOME, STATUSES, _announcements),
    "announcement.reaction": Telling(_HOME, STATUSES, _announcement_reactions),
    "announcement.delete": Telling(_HOME, STATUSES, _subjects),
}
