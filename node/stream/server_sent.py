"""Streams as server-sent events, one channel each: for bots, and for our own pages by the session's cookie."""

import asyncio
from collections.abc import AsyncIterator

from quart import Blueprint, Response, request

from node.http.context import runtime
from node.http.principals import open_to_all, with_guard
from node.stream.channels import GUARDS
from node.stream.flow import flow
from node.stream.hub import Hub, hub, install
from node.stream.identity import identify
from node.stream.subscribers import Subscriber
from node.stream.wishes import open_channel, wish_of

blueprint = Blueprint("stream_server_sent", __name__, url_prefix="/api/v1/streaming")
install(blueprint)

PATHS = {
    "user": "user",
    "user/notification": "user:notification",
    "public": "public",
    "public/local": "public:local",
    "public/remote": "public:remote",
    "hashtag": "hashtag",
    "hashtag/local": "hashtag:local",
    "list": "list",
    "direct": "direct",
    **{f"{path}/media": f"{path.replace('/', ':')}:media" for path in ("public", "public/local", "public/remote")},
}
"""Channels by their path."""


@blueprint.get("/health")
@open_to_all
async def health() -> Response:
    """Say that streams are served here."""
    return Response("OK", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-store"})


async def _stream(name: str) -> Response:
    """Stream one channel, from `Last-Event-ID` or `since_id` on where that is given."""
    node, arguments = runtime(), request.args
    listener = await identify(
        node, headers=request.headers, cookies=request.cookies, query_token=arguments.get("access_token", "")
    )
    wish = wish_of(arguments, name=name, last_event_id=request.headers.get("Last-Event-ID", ""))
    channel = await open_channel(node, listener, wish)
    here = hub()
    here.check_room(listener.account_id)
    subscriber = Subscriber(listener)
    subscriber.listen_to(channel, since=wish.since)
    # Browsers alone say that they accept this type. Some clients choke on an event that has nothing but an id.
    is_browser = "text/event-stream" in request.headers.get("Accept", "")
    response = Response(
        _blocks(here, subscriber, begin_with_id=is_browser and not wish.since),
        content_type="text/event-stream; charset=utf-8",
        headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
    )
    response.timeout = None
    return response


def _route(path: str, name: str) -> None:
    """Give a channel its path, and the path what the channel asks for."""

    async def listen() -> Response:
        return await _stream(name)

    handler = with_guard(listen, GUARDS[name])
    blueprint.add_url_rule(f"/{path}", endpoint=path.replace("/", "_"), view_func=handler, methods=["GET"])


for _path, _name in PATHS.items():
    _route(_path, _name)


async def _blocks(here: Hub, subscriber: Subscriber, *, begin_with_id: bool) -> AsyncIterator[bytes]:
    subscriber.task = asyncio.current_task()
    await here.join(subscriber)
    try:
        yield b":)\n"
        if begin_with_id and here.cursor is not None:
            yield f"id: {here.cursor}\n\n".encode()
        async for messages in flow(here.runtime, subscriber):
            yield b"".join(message.block() for message in messages) or b":thump\n"
        if subscriber.reason:
            yield f":{subscriber.reason}\n".encode()
    finally:
        here.leave(subscriber)
