"""From an upload that waits to a film or sound that plays: the life of a PROCESSING row.

Whoever works on a row has claimed it for a short lease and renews that while the child encodes; a worker that is
killed lets it run out, and the next one begins anew. What the child refuses is FAILED with its reason at once. What
kills the child is tried again, later, and given up after `MAX_TRIES` (attack row 114). A row that was deleted while
it was worked on takes nothing with it: the files just made are removed again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import update

from node.base.db.claims import claim_due
from node.base.errors import Invalid, NotFound, Unavailable
from node.base.full_disk import is_full
from node.base.runtime import Runtime
from node.media.films import TYPES, Converted, EncoderDied, convert
from node.media.images import encode
from node.media.models import FAILED, PROCESSING, READY, Media
from node.media.queries import find_media
from node.media.service import size_meta
from node.media.sniffing import HEAD_BYTES, film_format
from node.media.storage import adopt_file, incoming_file, new_key, new_part, remove_file, write_file

LEASE: Final = timedelta(seconds=60)
RENEW_SECONDS: Final = 20.0
MAX_TRIES: Final = 3
FIRST_WAIT: Final = timedelta(seconds=5)
ROOM_WAIT: Final = timedelta(seconds=30)
"""How long before it is tried again where the disk is full, as often as it takes."""
GIVEN_UP: Final = "The file could not be processed: it broke what was to read it"
LOST: Final = "The file was lost before it could be processed. Please upload it again."

_WAITS: Final = (Media.state == PROCESSING,)

log = structlog.get_logger(__name__)


async def take_next(runtime: Runtime) -> bool:
    """Convert the upload that has waited longest; False when none is due."""
    async with runtime.write() as uow:
        ids = await claim_due(uow, Media, now=runtime.now(), lease=LEASE, limit=1, where=_WAITS)
    if not ids:
        return False
    await _process(runtime, ids[0])
    return True


async def finish_claimed(runtime: Runtime, media_id: int, *, seconds: float) -> Media:
    """Convert an upload that was stored as claimed, within `seconds`; what takes longer is left to the workers.

    Returns the row as it is then. Raises Invalid when the file cannot be used.
    """
    try:
        async with asyncio.timeout(seconds):
            await _process(runtime, media_id)
    except TimeoutError:
        log.info("film_left_to_workers", media_id=media_id)
    async with runtime.read() as reader:
        media = await find_media(reader, media_id)
    if media is None:
        raise NotFound()
    if media.state == FAILED:
        raise Invalid(fields={"file": [media.problem]})
    return media


async def _process(runtime: Runtime, media_id: int) -> None:
    """Convert a claimed upload and settle its row, whatever comes of it; a claim that is cancelled is given back."""
    part = new_part(runtime.settings.media_dir)
    try:
        async with runtime.read() as reader:
            media = await find_media(reader, media_id)
        if media is not None and media.state == PROCESSING:
            await _try(runtime, media, part)
    except asyncio.CancelledError:
        await asyncio.shield(_give_back(runtime, media_id))
        raise
    finally:
        part.unlink(missing_ok=True)


async def _try(runtime: Runtime, media: Media, part: Path) -> None:
    try:
        async with _holding(runtime, media.id):
            await _convert(runtime, media, incoming_file(runtime.settings.media_dir, media.id), part)
    except Invalid as error:
        problem = next((text for texts in error.fields.values() for text in texts), error.message)
        await _fail(runtime, media.id, problem)
    except FileNotFoundError:
        await _fail(runtime, media.id, LOST)
    except (EncoderDied, Unavailable, OSError) as error:
        if is_full(error):
            log.warning("film_waits_for_room", media_id=media.id)
            await _settle(runtime, media.id, {"due_at": runtime.now() + ROOM_WAIT, "attempts": Media.attempts - 1})
        else:
            await _try_again(runtime, media, error)


async def _convert(runtime: Runtime, media: Media, source: Path, part: Path) -> None:
    with source.open("rb") as file:
        given = film_format(file.read(HEAD_BYTES))
    if given is None:
        raise Invalid("The file is damaged or is no video or audio we can play")
    made = await convert(runtime, source, part, given)
    poster_key, poster = "", None
    if made.poster and not media.preview_key:
        poster = await encode(runtime, made.poster, "upload")
        poster_key = new_key(poster.extension)
        await asyncio.to_thread(write_file, runtime.settings.media_dir, poster_key, poster.original)
    key = new_key(made.extension)
    size = await asyncio.to_thread(adopt_file, runtime.settings.media_dir, key, part)
    values: dict[str, Any] = {
        "state": READY,
        "due_at": None,
        "kind": made.kind,
        "media_type": TYPES[made.extension],
        "storage_key": key,
        "meta": _joined(made, media),
        "bytes_": Media.bytes_ + size + (len(poster.original) if poster else 0),
    }
    if poster is not None:
        values |= {"preview_key": poster_key, "blurhash": poster.blurhash}
        values["meta"]["small"] = size_meta(poster.width, poster.height)
    if await _settle(runtime, media.id, values, preview_before=media.preview_key):
        incoming_file(runtime.settings.media_dir, media.id).unlink(missing_ok=True)
        log.info("film_ready", media_id=media.id, kind=made.kind, bytes=size)
        return
    for unused in (key, poster_key):
        await asyncio.to_thread(remove_file, runtime.settings.media_dir, unused)
    await _give_back(runtime, media.id)  # if it still waits, a thumbnail came meanwhile: begin anew, with that


def _joined(made: Converted, media: Media) -> dict[str, Any]:
    small = media.meta.get("small")
    return {**made.meta, "small": small} if small else dict(made.meta)


async def _settle(
    runtime: Runtime, media_id: int, values: dict[str, Any], *, preview_before: str | None = None
) -> bool:
    """Change a row that still waits; False when it does not, or when a thumbnail came meanwhile."""
    conditions = [Media.id == media_id, Media.state == PROCESSING]
    if preview_before is not None:
        conditions.append(Media.preview_key == preview_before)
    async with runtime.write() as uow:
        count = await uow.write(
            update(Media).where(*conditions).values(**values).execution_options(synchronize_session=False)
        )
    return bool(count)


async def _fail(runtime: Runtime, media_id: int, problem: str) -> None:
    await _settle(runtime, media_id, {"state": FAILED, "due_at": None, "problem": problem[:500]})
    incoming_file(runtime.settings.media_dir, media_id).unlink(missing_ok=True)


async def _try_again(runtime: Runtime, media: Media, error: Exception) -> None:
    log.warning("film_not_converted", media_id=media.id, attempts=media.attempts, error=f"{error}"[:300])
    if media.attempts >= MAX_TRIES:
        await _fail(runtime, media.id, GIVEN_UP)
        return
    await _settle(runtime, media.id, {"due_at": runtime.now() + FIRST_WAIT * media.attempts})


async def _give_back(runtime: Runtime, media_id: int) -> None:
    """Let somebody else take a row that its worker leaves in good order: that was no try."""
    await _settle(runtime, media_id, {"due_at": runtime.now(), "attempts": Media.attempts - 1})


@asynccontextmanager
async def _holding(runtime: Runtime, media_id: int) -> AsyncIterator[None]:
    """Renew the claim of a row for as long as the block lasts."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with contextlib.suppress(Unavailable):
                await _settle(runtime, media_id, {"due_at": runtime.now() + LEASE})

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
