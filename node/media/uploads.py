"""Taking in what somebody uploads for a post: a picture at once, a film or sound to be converted.

Called by the doors with an open file, so that nothing large is ever held in memory. What it is, its first bytes say.
A picture is ready when this returns (`service.store_upload`). Of a film or sound the file comes first, then the row
that says it waits, then the nudge; the rest is `processing`.
"""

import asyncio
from typing import IO, Final

from sqlalchemy import update

from node.base.db.unit_of_work import UnitOfWork
from node.base.errors import Invalid
from node.base.ids import new_id
from node.base.lanes import MEDIA
from node.base.runtime import Runtime
from node.media.films import has_engine
from node.media.images import encode
from node.media.models import PROCESSING, Media
from node.media.processing import LEASE, finish_claimed
from node.media.queries import count_unattached, count_waiting
from node.media.rules import Thumbnail, check_description, check_focus
from node.media.service import size_meta, store_upload
from node.media.sniffing import HEAD_BYTES, film_format, is_picture, is_sound
from node.media.storage import incoming_file, new_key, remove_file, write_file, write_incoming

MAX_WAITING: Final = 8
"""Films and sounds of one person that may wait to be converted (attack row 59)."""
MAX_UNATTACHED: Final = 100
"""Uploads of one person that no post has yet."""
PAGE_SECONDS: Final = 8.0
"""How long a page waits for a film, so that a short one is there when the post is tried."""

NO_ENGINE: Final = "This server takes pictures only: what reads video and audio is not installed"
NOT_TAKEN: Final = "File is not a picture, video or sound we can show"


async def receive_upload(
    runtime: Runtime,
    account_id: int,
    file: IO[bytes],
    *,
    description: str = "",
    focus: tuple[float, float] = (0.0, 0.0),
    thumbnail: IO[bytes] | None = None,
    wait_seconds: float = 0.0,
) -> Media:
    """Store an upload for a post to come and return its row; a film or sound is PROCESSING in it.

    `wait_seconds`: convert it here and now if that takes no longer. Raises Invalid with fields.
    """
    words, point = check_description(description), check_focus(focus)
    head = await asyncio.to_thread(_head_of, file)
    size = await asyncio.to_thread(_size_of, file)
    async with runtime.read() as reader:
        if await count_unattached(reader, account_id) >= MAX_UNATTACHED:
            raise Invalid("You have too many uploads that no post has yet. Post or delete some of them first.")
    if film_format(head) is None:
        if size and not is_picture(head):
            raise Invalid(fields={"file": [NOT_TAKEN]})
        _check_size(size, runtime.settings.max_media_bytes)
        stood_for = await store_thumbnail(runtime, thumbnail) if thumbnail is not None else None
        data = await asyncio.to_thread(file.read)
        picture = await store_upload(runtime, account_id, data, description=words, focus=point)
        if stood_for is not None:
            async with runtime.write() as uow:
                await put_thumbnail(runtime, uow, picture, stood_for)
        return picture
    if not has_engine():
        raise Invalid(fields={"file": [NO_ENGINE]})
    _check_size(size, runtime.settings.max_video_bytes)
    stood_for = await store_thumbnail(runtime, thumbnail) if thumbnail is not None else None
    media_id = new_id()
    await asyncio.to_thread(write_incoming, runtime.settings.media_dir, media_id, file)
    now = runtime.now()
    media = Media(
        id=media_id,
        account_id=account_id,
        kind="audio" if is_sound(head) else "video",
        description=words,
        focus_x=point[0],
        focus_y=point[1],
        meta={"small": dict(stood_for.size)} if stood_for else {},
        preview_key=stood_for.key if stood_for else "",
        blurhash=stood_for.blurhash if stood_for else "",
        bytes_=stood_for.bytes_ if stood_for else 0,
        state=PROCESSING,
        due_at=now + LEASE if wait_seconds else now,
        attempts=1 if wait_seconds else 0,
        created_at=now,
    )
    try:
        async with runtime.write() as uow:
            if await count_waiting(uow, account_id) >= MAX_WAITING:
                raise Invalid("Too many files of yours are still being processed. Try again in a moment!")
            uow.add(media)
            if not wait_seconds:
                uow.after_commit(lambda: _nudge(runtime))
    except BaseException:
        incoming_file(runtime.settings.media_dir, media_id).unlink(missing_ok=True)
        raise
    if wait_seconds:
        return await finish_claimed(runtime, media_id, seconds=wait_seconds)
    return media


async def store_thumbnail(runtime: Runtime, file: IO[bytes]) -> Thumbnail:
    """Store a picture that is to stand for something else. Raises Invalid with fields."""
    size = await asyncio.to_thread(_size_of, file)
    if not 0 < size <= runtime.settings.max_media_bytes:
        raise Invalid(fields={"thumbnail": ["Thumbnail is empty or too large"]})
    data = await asyncio.to_thread(file.read)
    try:
        encoded = await encode(runtime, data, "upload")
    except Invalid as error:
        raise Invalid(fields={"thumbnail": ["Thumbnail is not a picture we can show"]}) from error
    is_small = encoded.small is None
    key = new_key(encoded.extension if is_small else "webp")
    stored = encoded.original if encoded.small is None else encoded.small
    await asyncio.to_thread(write_file, runtime.settings.media_dir, key, stored)
    width, height = encoded.small_size or (encoded.width, encoded.height)
    return Thumbnail(key, encoded.blurhash, size_meta(width, height), len(stored))


async def put_thumbnail(runtime: Runtime, uow: UnitOfWork, media: Media, made: Thumbnail) -> None:
    """Let a stored picture stand for a medium from now on; the one before goes after the commit."""
    before = media.preview_key
    await uow.write(
        update(Media)
        .where(Media.id == media.id)
        .values(preview_key=made.key, blurhash=made.blurhash, meta={**media.meta, "small": dict(made.size)})
        .execution_options(synchronize_session=False)
    )
    media.preview_key, media.blurhash = made.key, made.blurhash
    media.meta = {**media.meta, "small": dict(made.size)}
    uow.after_commit(lambda: asyncio.to_thread(remove_file, runtime.settings.media_dir, before))


async def _nudge(runtime: Runtime) -> None:
    await runtime.nudge(MEDIA)


def _check_size(size: int, limit: int) -> None:
    if size == 0:
        raise Invalid(fields={"file": ["File can't be blank"]})
    if size > limit:
        raise Invalid(fields={"file": [f"File must be at most {limit // 1024} KiB"]})


def _head_of(file: IO[bytes]) -> bytes:
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return head


def _size_of(file: IO[bytes]) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size
