"""How the viewer stands to others, read after a change (client-api behaviour 32)."""

from collections.abc import Sequence
from typing import Any

from node.accounts.queries import list_known_ids
from node.base.db.unit_of_work import Reader
from node.follows.queries import list_relationships
from node.follows.views import relationship_view
from node.http.context import runtime


async def relationships(reader: Reader, viewer_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return relationships in the order of `ids`, unknown accounts left out."""
    known = await list_known_ids(reader, ids)
    found = await list_relationships(reader, viewer_id, known, now=runtime().now())
    return [relationship_view(found[id_]) for id_ in ids if id_ in found]


async def relationship(viewer_id: int, account_id: int) -> dict[str, Any]:
    """Return one relationship, as it stands after the commit: nobody who wants to write waits for it to be read."""
    async with runtime().read() as reader:
        found = await list_relationships(reader, viewer_id, [account_id], now=runtime().now())
    return relationship_view(found[account_id])
