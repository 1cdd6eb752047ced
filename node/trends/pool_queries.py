"""The SELECTs of servers whose trends are shown too."""

from datetime import datetime

from sqlalchemy import select

from node.base.db.unit_of_work import Reader
from node.trends.models import TrendPeer


async def list_peers(reader: Reader) -> list[TrendPeer]:
    """Return the servers that were chosen."""
    return list(await reader.scalars(select(TrendPeer).order_by(TrendPeer.domain)))


async def find_due_peer(reader: Reader, now: datetime) -> TrendPeer | None:
    """Return the server that has waited longest to be asked."""
    found: TrendPeer | None = await reader.scalar(
        select(TrendPeer).where(TrendPeer.due_at <= now).order_by(TrendPeer.due_at, TrendPeer.domain).limit(1)
    )
    return found
