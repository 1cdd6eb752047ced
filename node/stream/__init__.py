"""The door for what happens as it happens: a WebSocket for apps, server-sent events for bots and our own pages, and
a long poll for who can hold nothing open.

A web process follows the node's log (`node/base/db/stream_log.py`) while somebody is connected to it; `hub.py` finds
out whom an entry may concern, and each connection then asks, as for any page, what this viewer may see (`messages.py`).
Events carry ids only, so nothing reaches anybody that a timeline would not show them (attack row 98).
"""

from quart import Blueprint


def blueprints() -> list[Blueprint]:
    """Return the doors of the streams, for the application factory."""
    from node.stream import long_poll, server_sent, sockets

    return [server_sent.blueprint, sockets.blueprint, long_poll.blueprint]
