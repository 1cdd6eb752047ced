"""What a client asks to hear: which channel, and from where on. One reading for sockets, events and polls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from node.base.errors import BadRequest
from node.base.runtime import Runtime
from node.stream.channels import Channel, channel_of
from node.stream.identity import Listener
from node.stream.past import is_cursor


@dataclass(frozen=True, slots=True)
class Wish:
    """A channel by the name apps use, what the name asks for, and the cursor to go on from ("" for from now on)."""

    name: str
    tag: str = ""
    list_id: str = ""
    since: str = ""


def wish_of(sent: Mapping[str, Any], *, name: str = "", last_event_id: str = "") -> Wish:
    """Return what a query or message asks for. Raises BadRequest for a cursor that is none.

    `name` is that of the path, where the path says it; `last_event_id` is what a browser sends when it comes back.
    """

    def word(key: str) -> str:
        return str(sent.get(key) or "")[:300]

    since = last_event_id[:300] or word("since_id") or word("last_event_id") or word("since")
    if since and not is_cursor(since):
        raise BadRequest("since_id must be the id of an event, post or notification")
    name = name or word("stream")
    if word("only_media") in ("true", "1", "on") and name.startswith("public") and not name.endswith(":media"):
        name = f"{name}:media"
    return Wish(name, word("tag"), word("list"), since)


async def open_channel(runtime: Runtime, listener: Listener, wish: Wish) -> Channel:
    """Return the channel, if this person may hear it. Raises BadRequest, Forbidden, NotFound."""
    return channel_of(wish.name, tag=wish.tag, scopes=listener.scopes)
