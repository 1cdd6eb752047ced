"""Every SELECT over markers."""

from collections.abc import Collection

from sqlalchemy import select

from node.base.db.unit_of_work import Reader
from node.markers.models import Marker


async def list_markers(reader: Reader, account_id: int, timelines: Collection[str]) -> dict[str, Marker]:
    """Return somebody's markers of these timelines, by timeline."""
    rows = await reader.scalars(
        select(Marker).where(Marker.account_id == account_id, Marker.timeline.in_(list(timelines)))
    )
    return {row.timeline: row for row in rows}
