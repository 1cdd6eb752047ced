"""What streams ask of the events that still wait for their effects."""

from typing import Final

from sqlalchemy import select

from node.base.db.event_log import EventRow
from node.base.db.prepared import Prepared
from node.base.db.unit_of_work import Reader

_NAMES: Final = ("AccessChanged", "AccountSuspended", "AccountDeleted")
_WAITING: Final = Prepared(select(EventRow.payload).where(EventRow.name.in_(_NAMES)).limit(200))


async def list_losing_access(reader: Reader) -> set[int]:
    """Return whose tokens, sessions or account just ended, before anybody acted on it.

    Streams have to close within a second (attack rule 9), however much the relay has to do, and without Redis.
    """
    return {int(payload["account_id"]) for (payload,) in await reader.rows(_WAITING)}
