"""An activity for very many inboxes is stored ahead of the transaction that ends its event, in pieces.

On SQLite one transaction writes at a time, so somebody's post would wait while thousands of deliveries are inserted.
Each piece notes on the event's row how far it came (`EventRow.stored_up_to`): whoever takes over from a killed worker
goes on from there, and where two are at it the one that lags behind leaves it to the other. Called by `relay`.
"""

from typing import Final

from sqlalchemy import Text, bindparam, select, update

from node.base.db.event_log import EventRow
from node.base.db.prepared import Prepared
from node.base.runtime import Runtime
from outbox.address import store
from outbox.occasion import Outgoing, Sending

PIECE: Final = 200
"""Deliveries that a transaction inserts."""

_ROWS: Final = EventRow.metadata.tables[EventRow.__tablename__]
_CAME: Final = Prepared(select(_ROWS.c.stored_up_to).where(_ROWS.c.id == bindparam("event_id")))
_COMES: Final = Prepared(
    update(_ROWS)
    .where(
        _ROWS.c.id == bindparam("event_id"),
        _ROWS.c.stored_up_to.is_not_distinct_from(bindparam("came_to", type_=Text())),
    )
    .values(stored_up_to=bindparam("comes_to"))
    .returning(_ROWS.c.id)
)


def is_for_many(sending: Sending) -> bool:
    """Whether something of it is to be stored ahead, or may have been by whoever was at it before."""
    return any(sending.is_begun or len(outgoing.deliveries) > PIECE for outgoing in sending.outgoing)


async def store_ahead(runtime: Runtime, sending: Sending) -> bool:
    """Store all but the last deliveries of what goes to very many, and leave these in `sending`.

    False where another worker has ended the event, or is further with it.
    """
    if not is_for_many(sending):
        return True
    # an event has one such activity, or one note would have to tell of two
    longest = max(sending.outgoing, key=lambda outgoing: len(outgoing.deliveries))
    rest = await _store_most(runtime, sending.event_id, longest)
    if rest is None:
        return False
    sending.outgoing[sending.outgoing.index(longest)] = rest
    return True


async def _store_most(runtime: Runtime, event_id: int, outgoing: Outgoing) -> Outgoing | None:
    async with runtime.read() as reader:
        came = await reader.rows(_CAME, {"event_id": event_id})
    if not came:
        return None
    came_to: str | None = came[0][0]
    left = (row for row in outgoing.deliveries if row["inbox_url"] > (came_to or ""))
    rest = sorted(left, key=lambda row: row["inbox_url"])
    while len(rest) > PIECE:
        piece, rest = rest[:PIECE], rest[PIECE:]
        comes_to = piece[-1]["inbox_url"]
        async with runtime.write() as uow:
            if not await uow.rows(_COMES, {"event_id": event_id, "came_to": came_to, "comes_to": comes_to}):
                return None
            lanes = await store(uow, Outgoing(outgoing.activity, piece))
        came_to = comes_to
        for lane in lanes:
            await runtime.nudge(lane)
    return Outgoing(outgoing.activity, rest)
