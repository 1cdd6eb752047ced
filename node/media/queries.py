"""Every SELECT over media."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from node.accounts.models import Account
from node.accounts.queries import is_present
from node.base.db.claims import first_due
from node.base.db.unit_of_work import Reader
from node.cards.models import LinkCard
from node.emojis.models import Emoji
from node.media.models import PROCESSING, Media

DISCARDED: Final = "discarded"
"""`Media.kind` of a row whose files are still to be removed. It belongs to nobody's post any more."""


_OTHER_KEYS: Final = (Emoji.storage_key, Emoji.static_key, LinkCard.image_key)


@dataclass(frozen=True, slots=True)
class RemotePicture:
    """A medium of a remote post, and whose it is."""

    media: Media
    author_uri: str


async def find_media(reader: Reader, media_id: int) -> Media | None:
    """Return a medium, attached or not; the door checks whose it is."""
    found: Media | None = await reader.scalar(select(Media).where(Media.id == media_id, Media.kind != DISCARDED))
    return found


async def list_media(reader: Reader, post_id: int) -> list[Media]:
    """Return the media of a post, in order."""
    return list(await reader.scalars(select(Media).where(Media.post_id == post_id).order_by(Media.position, Media.id)))


async def list_attachable(
    reader: Reader, account_id: int, ids: Collection[int], *, scheduled_id: int | None = None
) -> dict[int, Media]:
    """Return those uploads of `ids` that this account may still attach: its own, not attached (attack row 87).

    What a scheduled post holds is for that one alone: `scheduled_id` names it.
    Some may not be ready yet, or never (`posts.drafts.check_media`).
    """
    if not ids:
        return {}
    held: ColumnElement[bool] = Media.scheduled_id.is_(None)
    if scheduled_id is not None:
        held = or_(held, Media.scheduled_id == scheduled_id)
    rows = await reader.scalars(
        select(Media).where(
            Media.id.in_(ids), Media.account_id == account_id, Media.post_id.is_(None), Media.kind != DISCARDED, held
        )
    )
    return {row.id: row for row in rows}


async def list_held(
    reader: Reader, *, scheduled_ids: Collection[int] = (), draft_ids: Collection[int] = ()
) -> dict[int, Media]:
    """Return the uploads that scheduled posts or drafts hold, by id."""
    if not scheduled_ids and not draft_ids:
        return {}
    holder = Media.scheduled_id.in_(scheduled_ids) if scheduled_ids else Media.draft_id.in_(draft_ids)
    return {row.id: row for row in await reader.scalars(select(Media).where(holder))}


_DUE: Final = first_due(Media, Media.state == PROCESSING)


async def has_waiting(reader: Reader, now: datetime) -> bool:
    """Say whether an upload is due to be converted."""
    return bool(await reader.rows(_DUE, {"now": now}))


async def count_waiting(reader: Reader, account_id: int) -> int:
    """Return how many uploads of an account wait to be converted."""
    return await _count(reader, Media.account_id == account_id, Media.state == PROCESSING)


async def count_unattached(reader: Reader, account_id: int) -> int:
    """Return how many uploads of an account no post has, no draft and no schedule."""
    unheld = (Media.post_id.is_(None), Media.scheduled_id.is_(None), Media.draft_id.is_(None))
    return await _count(reader, Media.account_id == account_id, Media.kind != DISCARDED, *unheld)


async def list_waiting_ids(reader: Reader, ids: Collection[int]) -> set[int]:
    """Return those of `ids` that are still to be converted."""
    return set(await reader.scalars(select(Media.id).where(Media.id.in_(ids), Media.state == PROCESSING)))


async def _count(reader: Reader, *conditions: ColumnElement[bool]) -> int:
    return int(await reader.scalar(select(func.count()).select_from(Media).where(*conditions)) or 0)


async def find_cacheable(reader: Reader, media_id: int) -> RemotePicture | None:
    """Return a remote medium that belongs to a post that stands, of an author who is not gone.

    A post that stands has its media tied to it; a withdrawn one has let them go (`attaching.detach_media`).
    """
    row = (
        await reader.execute(
            select(Media, Account.uri)
            .join(Account, Account.id == Media.account_id)
            .where(Media.id == media_id, Media.remote_url != "", Media.post_id.is_not(None), is_present())
        )
    ).one_or_none()
    return None if row is None else RemotePicture(row[0], row[1])


async def list_removable(reader: Reader, *, unattached_before: datetime, limit: int) -> list[Media]:
    """Return media whose files are to go: discarded ones, and uploads that nobody attached in time."""
    return list(
        await reader.scalars(
            select(Media)
            .where(
                Media.post_id.is_(None),  # by itself an index away; a discarded medium is never tied to a post
                or_(
                    Media.kind == DISCARDED,
                    and_(
                        Media.created_at < unattached_before,
                        Media.scheduled_id.is_(None),
                        Media.draft_id.is_(None),
                    ),
                ),
            )
            .order_by(Media.id)
            .limit(limit)
        )
    )


async def list_kept_keys(reader: Reader, keys: Collection[str]) -> set[str]:
    """Return those of `keys` that a medium, an account, an emoji or a link preview still uses."""
    kept: set[str] = set()
    for column in (Media.storage_key, Media.preview_key, Account.avatar_key, Account.header_key, *_OTHER_KEYS):
        kept |= set(await reader.scalars(select(column).where(column.in_(keys))))
    return kept
