"""Use cases of custom emoji: add and remove ours, learn those of others, find those in a text.

Called by the `rookery emoji` verbs, by posts and accounts when they are stored, and by reactions. Files are made and
removed by `node/media`; here are rows only.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from federation.tag_parsing import RemoteEmoji
from node.base.db.inserts import insert_if_absent
from node.base.db.unit_of_work import Reader, UnitOfWork
from node.base.errors import NotFound
from node.base.ids import new_id
from node.emojis.models import Emoji
from node.emojis.queries import LOCAL, find_named_emoji, list_named_emojis
from node.emojis.rules import check_shortcode, is_replaced, shortcodes_in
from node.emojis.views import Reference, reference_to


async def add_emoji(
    uow: UnitOfWork,
    shortcode: str,
    *,
    storage_key: str,
    static_key: str = "",
    category: str = "",
    in_picker: bool = True,
    now: datetime,
) -> Emoji:
    """Add one of ours, or give it another picture. Raises Invalid."""
    shortcode = check_shortcode(shortcode)
    values: dict[str, Any] = {
        "id": new_id(),
        "domain": LOCAL,
        "shortcode": shortcode,
        "storage_key": storage_key,
        "static_key": static_key,
        "category": category.strip()[:100],
        "in_picker": in_picker,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    if await insert_if_absent(uow, Emoji, values):
        stored = await find_named_emoji(uow, LOCAL, shortcode)
        assert stored is not None
        return stored
    known = await find_named_emoji(uow, LOCAL, shortcode)
    assert known is not None
    known.storage_key, known.static_key = storage_key, static_key
    known.category, known.in_picker = values["category"] or known.category, in_picker
    known.version += 1
    known.updated_at = now
    await uow.flush()
    return known


async def remove_emoji(uow: UnitOfWork, shortcode: str) -> None:
    """Remove one of ours; posts that used it show its shortcode. Raises NotFound."""
    gone = await uow.write(
        delete(Emoji)
        .where(Emoji.domain == LOCAL, Emoji.shortcode == shortcode.strip().strip(":"))
        .execution_options(synchronize_session=False)
    )
    if not gone:
        raise NotFound()


async def local_references(reader: Reader, texts: Iterable[str]) -> list[Reference]:
    """Return the references to those emoji of ours that stand in the texts of a local post or profile."""
    wanted = shortcodes_in(texts)
    found = await list_named_emojis(reader, LOCAL, wanted)
    return [reference_to(found[shortcode]) for shortcode in sorted(found)]


async def learn_emojis(uow: UnitOfWork, host: str, emojis: Sequence[RemoteEmoji], *, now: datetime) -> list[Emoji]:
    """Remember the emoji that somebody on `host` used, and return them in the order given (OBJ-6).

    They belong to that host, whatever their ids say, so nobody changes another host's. A changed picture replaces the
    known one. Nothing is fetched.
    """
    known = await list_named_emojis(uow, host, [emoji.shortcode for emoji in emojis])
    learned = []
    for emoji in emojis:
        row = known.get(emoji.shortcode) or await _insert(uow, host, emoji, now)
        if row is None:
            continue
        if is_replaced(
            image_url=emoji.url, updated=emoji.updated, known_image_url=row.image_url, known_updated=row.updated_at
        ):
            if row.image_url != emoji.url or row.updated_at is not None:
                row.version += 1
            row.image_url, row.updated_at = emoji.url, emoji.updated or row.updated_at
        row.uri = emoji.id or row.uri
        learned.append(row)
    await uow.flush()
    return learned


async def learned_references(
    uow: UnitOfWork, host: str, emojis: Sequence[RemoteEmoji], *, now: datetime
) -> list[Reference]:
    """Remember emoji like `learn_emojis`, and return what a row keeps of them."""
    return [reference_to(row) for row in await learn_emojis(uow, host, emojis, now=now)] if emojis else []


async def _insert(uow: UnitOfWork, host: str, emoji: RemoteEmoji, now: datetime) -> Emoji | None:
    if len(emoji.url) > 2048 or len(emoji.shortcode) > 100:
        return None
    values = {
        "id": new_id(),
        "domain": host,
        "shortcode": emoji.shortcode,
        "uri": emoji.id or "",
        "image_url": emoji.url,
        "created_at": now,
        "updated_at": emoji.updated,
    }
    await insert_if_absent(uow, Emoji, values)  # on a race the other's row is as good
    return await find_named_emoji(uow, host, emoji.shortcode)
