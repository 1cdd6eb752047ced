"""Every SELECT over custom emoji."""

from collections.abc import Collection

from sqlalchemy import bindparam, select

from node.base.db.unit_of_work import Reader
from node.emojis.models import Emoji

LOCAL = ""

_NAMED = select(Emoji).where(
    Emoji.domain == bindparam("domain"), Emoji.shortcode.in_(bindparam("shortcodes", expanding=True))
)
_BY_ID = select(Emoji).where(Emoji.id.in_(bindparam("ids", expanding=True)))


async def find_emoji(reader: Reader, emoji_id: int) -> Emoji | None:
    """Return an emoji, ours or remote."""
    found: Emoji | None = await reader.scalar(select(Emoji).where(Emoji.id == emoji_id))
    return found


async def find_named_emoji(reader: Reader, domain: str, shortcode: str) -> Emoji | None:
    """Return the emoji of a domain ("" for ours) with this shortcode."""
    return (await list_named_emojis(reader, domain, [shortcode])).get(shortcode)


async def list_named_emojis(reader: Reader, domain: str, shortcodes: Collection[str]) -> dict[str, Emoji]:
    """Return the emoji of a domain with these shortcodes, by shortcode."""
    if not shortcodes:
        return {}
    rows = await reader.scalars(_NAMED, {"domain": domain, "shortcodes": list(shortcodes)})
    return {row.shortcode: row for row in rows}


async def list_emojis(reader: Reader, ids: Collection[int]) -> dict[int, Emoji]:
    """Return emoji by id."""
    if not ids:
        return {}
    return {row.id: row for row in await reader.scalars(_BY_ID, {"ids": list(ids)})}


async def list_local_emojis(reader: Reader) -> list[Emoji]:
    """Return all of ours, by category and name."""
    rows = await reader.scalars(select(Emoji).where(Emoji.domain == LOCAL).order_by(Emoji.category, Emoji.shortcode))
    return list(rows)
