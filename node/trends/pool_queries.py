"""The SELECTs of servers whose trends are shown too."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import not_, or_, select

from node.accounts.directory import is_findable
from node.accounts.models import Account
from node.base.db.unit_of_work import Reader
from node.posts.models import Post
from node.trends.models import TrendPeer


async def list_peers(reader: Reader) -> list[TrendPeer]:
    """Return the servers that were chosen."""
    return list(await reader.scalars(select(TrendPeer).order_by(TrendPeer.domain)))


async def list_withheld_uris(reader: Reader, uris: Collection[str]) -> set[str]:
    """Return which of these are posts known here that are not for everybody, are gone, or are by people who do not want
    to be found: what their own server told us counts, not what another one says of them (row 106)."""
    if not uris:
        return set()
    rows = await reader.execute(
        select(Post.uri)
        .join(Account, Account.id == Post.account_id)
        .where(
            Post.uri.in_(list(uris)),
            or_(Post.visibility != "public", Post.local_only, Post.deleted_at.is_not(None), not_(is_findable())),
        )
    )
    return {row[0] for row in rows}


async def find_due_peer(reader: Reader, now: datetime) -> TrendPeer | None:
    """Return the server that has waited longest to be asked."""
    found: TrendPeer | None = await reader.scalar(
        select(TrendPeer).where(TrendPeer.due_at <= now).order_by(TrendPeer.due_at, TrendPeer.domain).limit(1)
    )
    return found
