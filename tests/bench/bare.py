"""An ASGI application that answers 7 kB of JSON and does nothing else: what the web server alone costs."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

BODY = json.dumps([{"id": str(number), "content": "rooks " * 8} for number in range(100)]).encode()


async def app(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request alike."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    length = str(len(BODY)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
