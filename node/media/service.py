"""Uploads of our own people, their avatars and headers, our custom emoji, and clearing away what nobody uses.

Called by the doors, by the effects of a deleted or edited post (`remove_discarded`) and by the scheduler
(`prune_media`). Decoding happens in a child process and writing files in a thread, both outside any transaction:
the row comes last, so a crash leaves at most a file without a row, which `prune_media` finds.
"""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import delete

from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.runtime import Runtime
from node.media.images import Encoded, Purpose, encode
from node.media.models import Media
from node.media.queries import list_kept_keys, list_removable, list_waiting_ids
from node.media.rules import check_description, check_focus
from node.media.storage import (
    PARTS,
    incoming_file,
    list_old_incoming,
    list_old_keys,
    new_key,
    remove_file,
    remove_leftovers,
    trim_cache,
    write_file,
)

UNATTACHED_LIFE: Final = timedelta(hours=24)
FILE_GRACE_SECONDS: Final = 3600.0
CACHE_SECONDS: Final = 14 * 24 * 3600.0
BATCH: Final = 200


async def store_upload(
    runtime: Runtime,
    account_id: int,
    data: bytes,
    *,
    description: str = "",
    focus: tuple[float, float] = (0.0, 0.0),
) -> Media:
    """Store a picture for a post to come and return its row. Raises Invalid with fields.

    No name and no type that its sender gives it comes this far (attack rows 82, 83). Films and sounds come in through
    `uploads.receive_upload`, which calls this for pictures.
    """
    words, point = check_description(description), check_focus(focus)
    encoded = await _encoded(runtime, data, "upload")
    key, preview_key = new_key(encoded.extension), new_key("webp") if encoded.small else ""
    await asyncio.to_thread(write_file, runtime.settings.media_dir, key, encoded.original)
    if encoded.small is not None:
        await asyncio.to_thread(write_file, runtime.settings.media_dir, preview_key, encoded.small)
    media = Media(
        id=new_id(),
        account_id=account_id,
        kind="image",
        media_type=encoded.media_type,
        storage_key=key,
        preview_key=preview_key,
        description=words,
        blurhash=encoded.blurhash,
        focus_x=point[0],
        focus_y=point[1],
        meta=_meta(encoded),
        bytes_=len(encoded.original) + len(encoded.small or b""),
        created_at=runtime.now(),
    )
    async with runtime.write() as uow:
        uow.add(media)
    return media


async def store_avatar(runtime: Runtime, account_id: int, data: bytes) -> str:
    """Store a square picture of a person and return its key, for the profile. Raises Invalid with fields."""
    return await _store_picture(runtime, data, "avatar")


async def store_header(runtime: Runtime, account_id: int, data: bytes) -> str:
    """Store the wide picture above a profile and return its key. Raises Invalid with fields."""
    return await _store_picture(runtime, data, "header")


async def store_emoji(runtime: Runtime, data: bytes) -> tuple[str, str]:
    """Store the picture of a custom emoji; return its key, and that of one that does not move where it does.

    Raises Invalid with fields.
    """
    encoded = await _encoded(runtime, data, "emoji")
    key, static_key = new_key(encoded.extension), new_key("webp") if encoded.small else ""
    await asyncio.to_thread(write_file, runtime.settings.media_dir, key, encoded.original)
    if encoded.small is not None:
        await asyncio.to_thread(write_file, runtime.settings.media_dir, static_key, encoded.small)
    return key, static_key


async def describe(
    uow: UnitOfWork,
    media: Media,
    *,
    description: str | None = None,
    focus: tuple[float, float] | None = None,
) -> None:
    """Change the words or the focal point of a medium; None leaves it. Raises Invalid with fields."""
    if description is not None:
        media.description = check_description(description)
    if focus is not None:
        media.focus_x, media.focus_y = check_focus(focus)
    uow.add(media)
    await uow.flush()


async def remove_discarded(runtime: Runtime) -> int:
    """Remove files and rows of media that were let go, and of uploads nobody attached within a day.

    Files first: a crash between the two leaves rows, which the next run takes up again. Returns how many.
    """
    removed = 0
    while True:
        async with runtime.read() as reader:
            rows = await list_removable(reader, unattached_before=runtime.now() - UNATTACHED_LIFE, limit=BATCH)
        if not rows:
            return removed
        for row in rows:
            await asyncio.to_thread(_remove_files, runtime, row)
        async with runtime.write() as uow:
            removed += await uow.write(
                delete(Media)
                # an upload attached since it was listed keeps its row; its file is the loss of a 24 h old tab
                .where(Media.id.in_([row.id for row in rows]), Media.post_id.is_(None))
                .execution_options(synchronize_session=False)
            )
        if len(rows) < BATCH:
            return removed


async def prune_media(runtime: Runtime, *, whole: bool = False) -> dict[str, int]:
    """Clear away what nobody uses: let-go media, files without a row, copies long unasked for.

    Files are looked at a part of the store at a time, so that all of it has its turn within a day; `whole` looks
    at everything now. Returns how many of what, without zeros.
    """
    part = None if whole else runtime.now().hour % PARTS
    counts = {
        "media": await remove_discarded(runtime),
        "media_files": await _remove_orphan_files(runtime, part) + await _remove_orphan_uploads(runtime),
    }
    counts["media_copies"] = await asyncio.to_thread(
        trim_cache, runtime.settings.media_dir, unused_seconds=CACHE_SECONDS, part=part
    )
    return {name: count for name, count in counts.items() if count}


async def _remove_orphan_files(runtime: Runtime, part: int | None) -> int:
    """Remove files that no row names: replaced avatars, uploads whose transaction never came."""
    media_dir = runtime.settings.media_dir
    keys = await asyncio.to_thread(
        lambda: list(list_old_keys(media_dir, older_than_seconds=FILE_GRACE_SECONDS, part=part))
    )
    removed = 0
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        async with runtime.read() as reader:
            kept = await list_kept_keys(reader, batch)
        for key in batch:
            if key not in kept:
                await asyncio.to_thread(remove_file, media_dir, key)
                removed += 1
    return removed


def _remove_files(runtime: Runtime, media: Media) -> None:
    for key in (media.storage_key, media.preview_key):
        remove_file(runtime.settings.media_dir, key)
    incoming_file(runtime.settings.media_dir, media.id).unlink(missing_ok=True)


async def _remove_orphan_uploads(runtime: Runtime) -> int:
    """Remove uploads whose row is gone or no longer waits for them, and what killed processes did not finish."""
    media_dir = runtime.settings.media_dir
    ids = await asyncio.to_thread(lambda: list(list_old_incoming(media_dir, older_than_seconds=FILE_GRACE_SECONDS)))
    async with runtime.read() as reader:
        orphans = set(ids) - await list_waiting_ids(reader, ids)
    for media_id in orphans:
        incoming_file(media_dir, media_id).unlink(missing_ok=True)
    unfinished = await asyncio.to_thread(remove_leftovers, media_dir, older_than_seconds=FILE_GRACE_SECONDS)
    return len(orphans) + unfinished


async def _store_picture(runtime: Runtime, data: bytes, purpose: Purpose) -> str:
    encoded = await _encoded(runtime, data, purpose)
    key = new_key(encoded.extension)
    await asyncio.to_thread(write_file, runtime.settings.media_dir, key, encoded.original)
    return key


async def _encoded(runtime: Runtime, data: bytes, purpose: Purpose) -> Encoded:
    limit = runtime.settings.max_emoji_bytes if purpose == "emoji" else runtime.settings.max_media_bytes
    if not data:
        raise Invalid(fields={"file": ["File can't be blank"]})
    if len(data) > limit:
        raise Invalid(fields={"file": [f"File must be at most {limit // 1024} KiB"]})
    return await encode(runtime, data, purpose)


def _meta(encoded: Encoded) -> dict[str, object]:
    meta: dict[str, object] = {"original": size_meta(encoded.width, encoded.height)}
    meta["small"] = size_meta(*(encoded.small_size or (encoded.width, encoded.height)))
    return meta


def size_meta(width: int, height: int) -> dict[str, object]:
    """Return what a MediaAttachment says of one of its pictures."""
    return {"width": width, "height": height, "size": f"{width}x{height}", "aspect": width / height}
