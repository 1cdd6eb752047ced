"""What a client asks to hear: which channel, and from where on. One reading for sockets, events and polls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from node.base.errors import BadRequest, NotFound
from node.base.runtime import Runtime
from node.lists.queries import find_list
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
    """Return the channel, if this person may hear it: nobody hears another's list (attack row 89).

    Raises BadRequest, Forbidden, NotFound.
    """
    channel = channel_of(wish.name, tag=wish.tag, list_id=wish.list_id, scopes=listener.scopes)
    if channel.list_id:
        async with runtime.read() as reader:
            if await find_list(reader, channel.list_id, listener.account_id) is None:
                raise NotFound()
    return channel
