"""The door for what happens as it happens: a WebSocket for apps, server-sent events for bots and our own pages.

A web process follows the node's log (`node/base/streams.py`) while somebody is connected to it; `hub.py` finds out
whom an entry may concern, and each connection then asks, as for any page, what this viewer may see (`messages.py`).
Events carry ids only, so nothing reaches anybody that a timeline would not show them (attack row 98).
"""

from quart import Blueprint


def blueprints() -> list[Blueprint]:
    """Return the doors of the streams, for the application factory."""
    from node.stream import server_sent, sockets

    return [server_sent.blueprint, sockets.blueprint]
