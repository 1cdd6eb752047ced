"""Tying media to posts and letting them go, inside the transaction of the post. Called by `node/posts` only.

Files are never touched here. A row that is let go is marked `DISCARDED`; `service.remove_discarded` removes its
files and then the row, after the commit and however often it takes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from federation.tag_parsing import RemoteAttachment
from node.base.db.unit_of_work import UnitOfWork
from node.base.ids import new_id
from node.media.models import READY, Media
from node.media.queries import DISCARDED, find_media, list_media
from node.media.rules import MediaChange, check_description, check_focus
from node.text.sanitising import clean_text


async def attach_media(uow: UnitOfWork, post_id: int, media_ids: Sequence[int]) -> None:
    """Make these the media of a post, in this order. The caller has checked whose they are."""
    for position, media_id in enumerate(media_ids):
        await uow.write(
            update(Media)
            .where(Media.id == media_id)
            .values(post_id=post_id, position=position, scheduled_id=None, draft_id=None)
            .execution_options(synchronize_session="fetch")
        )


async def hold_media(
    uow: UnitOfWork,
    account_id: int,
    media_ids: Sequence[int],
    *,
    now: datetime,
    scheduled_id: int | None = None,
    draft_id: int | None = None,
) -> None:
    """Keep uploads for a scheduled post or a draft: exactly these, in this order. The caller has checked whose."""
    column, holder = (Media.scheduled_id, scheduled_id) if scheduled_id is not None else (Media.draft_id, draft_id)
    await uow.write(
        update(Media)
        .where(Media.account_id == account_id, column == holder, Media.id.not_in(media_ids))
        .values({column.key: None, "created_at": now})
        .execution_options(synchronize_session="fetch")
    )
    for position, media_id in enumerate(media_ids):
        await uow.write(
            update(Media)
            .where(Media.id == media_id)
            .values({column.key: holder, "position": position})
            .execution_options(synchronize_session="fetch")
        )


async def change_media(uow: UnitOfWork, account_id: int, changes: Sequence[MediaChange]) -> None:
    """Give media new descriptions, focal points and thumbnails; those of others are left alone. Raises Invalid.

    The file of a thumbnail that was replaced is named by no row any more, which `service.prune_media` sees.
    """
    for change in changes:
        values: dict[str, Any] = {}
        if change.description is not None:
            values["description"] = check_description(change.description)
        if change.focus is not None:
            values["focus_x"], values["focus_y"] = check_focus(change.focus)
        if change.thumbnail is not None:
            found = await find_media(uow, change.media_id)
            values["preview_key"], values["blurhash"] = change.thumbnail.key, change.thumbnail.blurhash
            values["meta"] = {**(found.meta if found else {}), "small": dict(change.thumbnail.size)}
        if values:
            await uow.write(
                update(Media)
                .where(Media.id == change.media_id, Media.account_id == account_id)
                .values(**values)
                .execution_options(synchronize_session="fetch")
            )


async def detach_media(uow: UnitOfWork, media_ids: Sequence[int]) -> None:
    """Take media from their post for good."""
    if media_ids:
        await uow.write(
            update(Media)
            .where(Media.id.in_(media_ids))
            .values(post_id=None, kind=DISCARDED, description="", remote_url="", state=READY, due_at=None)
            .execution_options(synchronize_session="fetch")
        )


async def discard_post_media(uow: UnitOfWork, post_id: int, *, keep: bool, now: datetime) -> None:
    """Take all media from a post. `keep` makes them uploads of their owner again, to attach anew within a day."""
    if not keep:
        await detach_media(uow, [item.id for item in await list_media(uow, post_id)])
        return
    await uow.write(
        update(Media)
        .where(Media.post_id == post_id)
        .values(post_id=None, created_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def set_remote_media(
    uow: UnitOfWork, account_id: int, post_id: int, attachments: Sequence[RemoteAttachment], *, now: datetime
) -> bool:
    """Make `attachments` the media of a remote post; return whether anything changed. Nothing is fetched (OBJ-7)."""
    known = {item.remote_url: item for item in await list_media(uow, post_id)}
    changed = False
    kept: set[str] = set()
    for position, attachment in enumerate(attachments):
        values = _columns(attachment, position)
        item = known.get(attachment.url)
        if attachment.url in kept:
            continue
        kept.add(attachment.url)
        if item is None:
            uow.add(
                Media(
                    id=new_id(), account_id=account_id, post_id=post_id, remote_url=attachment.url,
                    created_at=now, **values,
                )
            )  # fmt: skip
            changed = True
            continue
        for name, value in values.items():
            if getattr(item, name) != value:
                setattr(item, name, value)
                changed = True
    await uow.flush()
    gone = [item.id for url, item in known.items() if url not in kept]
    if gone:
        # Of a remote medium only cached copies exist, under names of their own: the row may go at once.
        await uow.write(delete(Media).where(Media.id.in_(gone)).execution_options(synchronize_session="fetch"))
    return changed or bool(gone)


def _columns(attachment: RemoteAttachment, position: int) -> Mapping[str, Any]:
    meta: dict[str, Any] = {}
    if attachment.width and attachment.height:
        meta["original"] = {
            "width": attachment.width,
            "height": attachment.height,
            "size": f"{attachment.width}x{attachment.height}",
            "aspect": attachment.width / attachment.height,
        }
    if attachment.duration and attachment.kind in {"video", "audio"}:
        meta["duration"] = attachment.duration
        meta["original"] = {**meta.get("original", {}), "duration": attachment.duration}
    if attachment.preview_url:
        meta["preview"] = attachment.preview_url
    x, y = attachment.focus or (0.0, 0.0)
    return {
        "position": position,
        "kind": attachment.kind,
        "media_type": attachment.media_type or "",
        "description": clean_text(attachment.description),
        "blurhash": attachment.blurhash or "",
        "focus_x": x,
        "focus_y": y,
        "meta": meta,
    }
