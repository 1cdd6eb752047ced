"""Every SELECT of the doors themselves."""

from datetime import datetime

from sqlalchemy import func, select

from node.base.db.unit_of_work import Reader
from node.http.models import KeyedCall


async def find_keyed_call(reader: Reader, call_id: str) -> KeyedCall | None:
    """Return a call that was sent with a key."""
    found: KeyedCall | None = await reader.scalar(select(KeyedCall).where(KeyedCall.id == call_id))
    return found


async def count_keyed_calls(reader: Reader, account_id: int, *, since: datetime) -> int:
    """Return how many calls of a person are kept with their key."""
    kept = select(func.count()).where(KeyedCall.account_id == account_id, KeyedCall.claimed_at > since)
    return int(await reader.scalar(kept) or 0)
