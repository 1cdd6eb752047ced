"""Streams for those who can hold nothing open: one question, answered as soon as something happened.

`GET /api/v1/streaming/poll?stream=user&since=...` answers `{"events": [...], "cursor": "..."}` with the messages that
a socket would have got behind `since`, at once when there are any, else when something happens or `timeout` seconds
(at most 25) are over. `cursor` is the `since` of the next question; without `since` the answer says where to begin.
An app of our own kind: Mastodon has no such door. Nothing is lost or told twice between two questions, since the log
itself is read and a question that waits only listens for when to look.
"""

import asyncio
import contextlib
from typing import Final

from quart import Blueprint, Response, jsonify, request

from node.auth.service import touch_activity
from node.base.db.stream_log import READ_AT_ONCE, event_id, newest, read_after
from node.base.errors import NotSignedIn
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.principals import Guard, with_guard
from node.stream.channels import NOTIFICATIONS, STATUSES, Channel
from node.stream.hub import hub
from node.stream.identity import Listener, identify
from node.stream.messages import Message, messages_for
from node.stream.past import from_rows, in_log
from node.stream.subscribers import REVOKED, Subscriber
from node.stream.wishes import open_channel, wish_of

LONGEST: Final = 25.0

blueprint = Blueprint("stream_long_poll", __name__)


async def poll() -> Response:
    """Answer with what happened since, waiting for it."""
    node, here = runtime(), hub()
    listener = await identify(
        node, headers=request.headers, cookies=request.cookies, query_token=request.args.get("access_token", "")
    )
    wish = wish_of(request.args)
    channel = await open_channel(node, listener, wish)
    here.check_room(listener.account_id)
    subscriber = Subscriber(listener)
    subscriber.listen_to(channel)
    await here.join(subscriber)
    try:
        await touch_activity(node, listener.account_id, last_active_at=listener.last_active_at)
        messages, cursor = await _news(
            node, subscriber, channel, wish.since, _patience(request.args.get("timeout", ""))
        )
    finally:
        here.leave(subscriber)
    answer = jsonify({"events": [message.told for message in messages], "cursor": cursor})
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


handler = with_guard(poll, Guard((STATUSES, NOTIFICATIONS)))
blueprint.add_url_rule("/api/v1/streaming/poll", endpoint="poll", view_func=handler, methods=["GET"])


def _patience(text: str) -> float:
    return min(float(text), LONGEST) if text.isascii() and text.isdigit() and len(text) < 4 else LONGEST


async def _news(
    node: Runtime, subscriber: Subscriber, channel: Channel, since: str, patience: float
) -> tuple[list[Message], str]:
    if not since:
        async with node.read() as reader:
            return [], await newest(reader)
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    cursor = since
    while True:
        messages, cursor = await _behind(node, subscriber.listener, channel, cursor)
        if messages or loop.time() >= until:
            return messages, cursor
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await subscriber.queue.get()
        if subscriber.reason == REVOKED:
            raise NotSignedIn
        if subscriber.reason:
            return [], cursor
        while not subscriber.queue.empty():
            subscriber.queue.get_nowait()


async def _behind(node: Runtime, listener: Listener, channel: Channel, since: str) -> tuple[list[Message], str]:
    """Return the next messages behind a cursor, and the cursor behind them."""
    async with node.read() as reader:
        cursor = await in_log(reader, since)
    if cursor is None:
        return await _without_log(node, listener, channel, since)
    while True:
        async with node.read() as reader:
            entries = await read_after(reader, cursor)
        messages = await messages_for(node, listener, [channel], entries, {}) if entries else []
        cursor = entries[-1].id if entries else cursor
        if messages or len(entries) < READ_AT_ONCE:
            return messages, cursor


async def _without_log(node: Runtime, listener: Listener, channel: Channel, since: str) -> tuple[list[Message], str]:
    messages, progress = await from_rows(node, listener, channel, since)
    return messages, event_id(progress.floor)
