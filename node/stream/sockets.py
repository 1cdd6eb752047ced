"""One WebSocket for all channels of an app: it asks for them and drops them by messages (client-api behaviour 20)."""

import asyncio
import contextlib
from typing import Any, Final

import orjson
from quart import Blueprint, Response, websocket

from node.base.errors import BadRequest, RookeryError, TooManyRequests
from node.base.runtime import Runtime
from node.http.context import runtime
from node.http.limits import ADDRESS, Bucket, spend
from node.http.problems import error_body
from node.http.proxies import network_of
from node.stream.flow import flow
from node.stream.hub import Hub, hub
from node.stream.identity import Listener, identify
from node.stream.subscribers import LEAVING, REVOKED, SLOW, Subscriber
from node.stream.wishes import open_channel, wish_of

FRAME_BYTES: Final = 4 * 1024
PING_SECONDS: Final = 30
CHANNELS: Final = 30
"""Channels one socket may listen to."""
FRAMES: Final = 120
"""Messages one socket may send in a minute."""
CLOSE_SECONDS: Final = 1.0

_CODES: Final = {REVOKED: 1008, SLOW: 1008, LEAVING: 1001}
TOO_LARGE, POLICY, TRY_AGAIN = 1009, 1008, 1013

blueprint = Blueprint("stream_sockets", __name__)


@blueprint.websocket("/api/v1/streaming")
async def streaming() -> Response | None:
    """Serve one socket until either side ends it."""
    node, here = runtime(), hub()
    arguments, asked = websocket.args, websocket.requested_subprotocols
    try:
        listener = await _admit(node, here)
        subscriber = Subscriber(listener)
        wish = wish_of(arguments)
        if wish.name:
            subscriber.listen_to(await open_channel(node, listener, wish), since=wish.since)
    except RookeryError as error:
        refusal = error_body(error.message)
        refusal.status_code = error.status
        return refusal
    await here.join(subscriber)
    try:
        await websocket.accept(subprotocol=asked[0] if asked else None)
        code, reason = await _serve(node, subscriber)
    finally:
        here.leave(subscriber)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await websocket.close(code, reason)
    return None


async def _admit(node: Runtime, here: Hub) -> Listener:
    client = websocket.scope.get("client")
    await spend(node, Bucket(ADDRESS, f"address:{network_of(str(client[0]) if client else '')}"))
    listener = await identify(
        node,
        headers=websocket.headers,
        cookies=websocket.cookies,
        query_token=websocket.args.get("access_token", ""),
        subprotocols=websocket.requested_subprotocols,
        must_name_origin=True,
    )
    here.check_room(listener.account_id)
    return listener


async def _serve(node: Runtime, subscriber: Subscriber) -> tuple[int, str]:
    """Send and listen until one of the two ends; return how to close."""
    sending = subscriber.task = asyncio.create_task(_send(node, subscriber))
    listening = asyncio.create_task(_listen(node, subscriber))
    try:
        await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, listening):
            task.cancel()
        results = await asyncio.gather(sending, listening, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    if isinstance(results[1], tuple):
        return results[1]
    return _CODES.get(subscriber.reason, TRY_AGAIN), subscriber.reason


async def _send(node: Runtime, subscriber: Subscriber) -> None:
    async for messages in flow(node, subscriber):
        for message in messages:
            await websocket.send(message.frame())


async def _listen(node: Runtime, subscriber: Subscriber) -> tuple[int, str]:
    """Do as the other end says until it says too much; return why that is to end the socket."""
    loop = asyncio.get_running_loop()
    began, count = loop.time(), 0
    while True:
        said = await websocket.receive()
        if loop.time() - began > 60:
            began, count = loop.time(), 0
        count += 1
        if count > FRAMES:
            return POLICY, "too many messages"
        if len(said.encode() if isinstance(said, str) else said) > FRAME_BYTES:
            return TOO_LARGE, "message too large"
        try:
            await _do(node, subscriber, said)
        except RookeryError as error:
            await websocket.send(orjson.dumps({"error": error.message, "status": error.status}).decode())


async def _do(node: Runtime, subscriber: Subscriber, said: str | bytes) -> None:
    """Begin or end to listen to a channel. Raises RookeryError."""
    try:
        frame: Any = orjson.loads(said)
    except orjson.JSONDecodeError as error:
        raise BadRequest("Messages are JSON objects") from error
    if not isinstance(frame, dict):
        raise BadRequest("Messages are JSON objects")
    kind = frame.get("type")
    if kind not in ("subscribe", "unsubscribe"):
        raise BadRequest("Unknown message type")
    wish = wish_of(frame)
    channel = await open_channel(node, subscriber.listener, wish)
    if kind == "unsubscribe":
        subscriber.channels.discard(channel)
        return
    if channel in subscriber.channels:
        return
    if len(subscriber.channels) >= CHANNELS:
        raise TooManyRequests("Too many subscriptions on one connection")
    subscriber.listen_to(channel, since=wish.since)
