"""Whoever has just changed something reads it back: noted before the answer, where reads may go to a replica.

`node/base/db/replica.py` says what the note is good for. Without a replica this is nothing.
"""

from quart import Quart, Response, g, request

from node.http.context import runtime
from node.http.repeats import UNSAFE


def install(app: Quart) -> None:
    """Note it after every request that may have changed something."""
    app.after_request(_note)


async def _note(response: Response) -> Response:
    if request.method in UNSAFE and (node := runtime()).replica is not None:
        person = g.get("visitor") or g.get("principal")
        account_id: int | None = getattr(person, "account_id", None)
        if account_id is not None:
            await node.note_write(account_id)
    return response
