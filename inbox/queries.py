"""Every SELECT over what arrived."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from inbox.models import ReceivedActivity
from node.base.db.claims import first_due
from node.base.db.prepared import PreparedEntities
from node.base.db.unit_of_work import Reader

OPEN = (ReceivedActivity.done_at.is_(None), ReceivedActivity.parked_at.is_(None))
"""SQL: waits to be processed."""

_BY_IDS = PreparedEntities(
    select(ReceivedActivity)
    .where(ReceivedActivity.id.in_(bindparam("ids", expanding=True)))
    .order_by(ReceivedActivity.id)
)
_DUE = first_due(ReceivedActivity, *OPEN)


async def list_received(reader: Reader, ids: Sequence[int]) -> list[ReceivedActivity]:
    """Return these rows, oldest first."""
    return list(await reader.entities(_BY_IDS, {"ids": ids}))


async def has_due(reader: Reader, now: datetime) -> bool:
    """Say whether anything waits to be processed."""
    return bool(await reader.rows(_DUE, {"now": now}))


async def is_create_pending(reader: Reader, object_uri: str) -> bool:
    """Say whether the Create of this object has arrived and is still to be processed (INB-9)."""
    found = await reader.scalar(
        select(ReceivedActivity.id)
        .where(
            ReceivedActivity.object_uri == object_uri,
            ReceivedActivity.kind.in_(("Create", "Update")),
            *OPEN,
        )
        .limit(1)
    )
    return found is not None


async def count_open(reader: Reader) -> int:
    """Count what waits to be processed."""
    return int(await reader.scalar(select(func.count()).select_from(ReceivedActivity).where(*OPEN)) or 0)


async def count_open_by_host(reader: Reader, *, at_least: int) -> dict[str, int]:
    """Return the hosts with `at_least` waiting activities, and how many each has."""
    amount = func.count()
    rows = await reader.execute(
        select(ReceivedActivity.host, amount).where(*OPEN).group_by(ReceivedActivity.host).having(amount >= at_least)
    )
    return {row[0]: row[1] for row in rows.all()}


async def oldest_open(reader: Reader) -> datetime | None:
    """Return when the activity that has waited longest arrived, for health pages."""
    found: datetime | None = await reader.scalar(
        select(ReceivedActivity.received_at).where(*OPEN).order_by(ReceivedActivity.id).limit(1)
    )
    return found
