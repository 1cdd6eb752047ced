"""Use cases of markers: move one. Two apps at once never undo each other unseen: the one that came late is told."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Conflict
from node.markers.models import Marker
from node.markers.queries import list_markers
from node.markers.rules import Timeline

CONFLICT = "Conflict during update, please try again"


async def set_marker(
    uow: UnitOfWork,
    account_id: int,
    timeline: Timeline,
    last_read_id: int,
    *,
    version: int | None = None,
    now: datetime,
) -> Marker:
    """Move somebody's marker; return it. `version` is what the app saw last.

    Raises Conflict when it is not the version that stands, or another change came between.
    """
    before = (await list_markers(uow, account_id, [timeline])).get(timeline)
    if before is None:
        if version or not await insert_if_absent(uow, Marker, _first(account_id, timeline, last_read_id, now)):
            raise Conflict(CONFLICT)
    else:
        seen = before.version if version is None else version
        changed = await uow.write(
            update(Marker)
            .where(Marker.account_id == account_id, Marker.timeline == timeline, Marker.version == seen)
            .values(last_read_id=last_read_id, version=seen + 1, updated_at=now)
        )
        if not changed:
            raise Conflict(CONFLICT)
    return (await list_markers(uow, account_id, [timeline]))[timeline]


async def read_up_to(uow: UnitOfWork, account_id: int, timeline: Timeline, last_read_id: int, *, now: datetime) -> bool:
    """Move somebody's marker on, never back; return whether it moved."""
    moved = await uow.write(
        update(Marker)
        .where(Marker.account_id == account_id, Marker.timeline == timeline, Marker.last_read_id < last_read_id)
        .values(last_read_id=last_read_id, version=Marker.version + 1, updated_at=now)
    )
    return bool(moved) or await insert_if_absent(uow, Marker, _first(account_id, timeline, last_read_id, now))


def _first(account_id: int, timeline: Timeline, last_read_id: int, now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "timeline": timeline,
        "last_read_id": last_read_id,
        "version": 1,
        "updated_at": now,
    }


async def forget_markers(uow: UnitOfWork, account_id: int) -> None:
    """Remove the markers of an account that is gone."""
    await uow.write(delete(Marker).where(Marker.account_id == account_id))
