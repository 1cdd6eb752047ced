"""Every SELECT over link previews."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select

from node.base.db.claims import first_due
from node.base.db.unit_of_work import Reader
from node.cards.models import LinkCard, PostLink

READY: Final = "ready"

_BY_ID: Final = select(LinkCard).where(LinkCard.id.in_(bindparam("ids", expanding=True)))


async def find_card(reader: Reader, card_id: int) -> LinkCard | None:
    """Return a card, ready or not."""
    found: LinkCard | None = await reader.scalar(select(LinkCard).where(LinkCard.id == card_id))
    return found


async def find_card_by_url(reader: Reader, url: str) -> LinkCard | None:
    """Return the card of an address as it is posted."""
    found: LinkCard | None = await reader.scalar(select(LinkCard).where(LinkCard.url == url))
    return found


async def list_card_ids_of(reader: Reader, url: str) -> list[int]:
    """Return the cards that lead to an address, whichever way it was posted."""
    return list(
        await reader.scalars(select(LinkCard.id).where((LinkCard.url == url) | (LinkCard.page_url == url)).limit(20))
    )


async def list_cards(reader: Reader, ids: Collection[int]) -> dict[int, LinkCard]:
    """Return cards by id."""
    return {card.id: card for card in await reader.scalars(_BY_ID, {"ids": list(ids)})}


async def find_link(reader: Reader, post_id: int) -> PostLink | None:
    """Return a post's link, if it has one."""
    found: PostLink | None = await reader.scalar(select(PostLink).where(PostLink.post_id == post_id))
    return found


async def list_linking_posts(reader: Reader, card_id: int, *, newer_than: int = 0, limit: int = 100) -> list[int]:
    """Return the newest posts with a link, above an id."""
    statement = select(PostLink.post_id).where(PostLink.card_id == card_id, PostLink.post_id > newer_than)
    return list(await reader.scalars(statement.order_by(PostLink.post_id.desc()).limit(limit)))


async def count_asked(reader: Reader, host: str, since: datetime) -> int:
    """Return how many pages of a host were asked for since a moment."""
    statement = select(func.count()).select_from(LinkCard).where(LinkCard.host == host, LinkCard.asked_at > since)
    return int(await reader.scalar(statement) or 0)


_DUE: Final = first_due(LinkCard, LinkCard.wanted.is_(True))


async def has_due_cards(reader: Reader, now: datetime) -> bool:
    """Say whether any page is to be looked at."""
    return bool(await reader.rows(_DUE, {"now": now}))
