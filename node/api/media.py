"""Uploads for posts: version 2, version 1 (Elk), and the changes before a post takes them.

Pictures are ready when the upload is answered. A film or sound is converted behind the answer in version 2, which
then is 202 and has no `url` yet, and before it in version 1. Only the owner sees an upload, and only until a post has
it (client-api behaviour 18, attack row 87).
"""

from typing import Any, Final

from quart import Blueprint

from node.api.entities.errors import Empty
from node.api.entities.media import MediaAttachment
from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid, NotFound
from node.http.context import runtime
from node.http.limits import MEDIA
from node.http.principals import Viewer, needs, pay
from node.http.requests import Request, Upload, answers, takes
from node.media.attaching import detach_media
from node.media.films import WALL_SECONDS
from node.media.models import FAILED, PROCESSING, Media
from node.media.queries import find_media
from node.media.rules import parse_focus
from node.media.service import describe, remove_discarded
from node.media.uploads import put_thumbnail, receive_upload, store_thumbnail
from node.media.views import media_view

IN_USE: Final = "Media attachment is currently used by a post"

blueprint = Blueprint("api_media", __name__, url_prefix="/api")


class NewMedia(Request, frozen=True, kw_only=True):
    """A file and what is said of it. `thumbnail` is a picture that stands for it, `focus` is two numbers."""

    file: Upload
    thumbnail: Upload | None = None
    description: str = ""
    focus: str = ""


class ChangedMedia(Request, frozen=True, kw_only=True):
    """What is to be different."""

    thumbnail: Upload | None = None
    description: str | None = None
    focus: str = ""


@blueprint.post("/v2/media")
@needs("write:media")
@takes(NewMedia)
@answers(MediaAttachment, status=202)
@answers(MediaAttachment)
async def upload_v2(viewer: Viewer, asked: NewMedia) -> tuple[dict[str, Any], int]:
    """Store an upload; 202 while it is still to be converted."""
    media = await _upload(viewer, asked)
    return media_view(media, settings=runtime().settings), 202 if media.state == PROCESSING else 200


@blueprint.post("/v1/media")
@needs("write:media")
@takes(NewMedia)
@answers(MediaAttachment)
async def upload_v1(viewer: Viewer, asked: NewMedia) -> dict[str, Any]:
    """Store an upload, the old way in: the answer comes when it is ready."""
    media = await _upload(viewer, asked, wait_seconds=WALL_SECONDS)
    return media_view(media, settings=runtime().settings)


@blueprint.get("/v1/media/<id:media_id>")
@needs("write:media")
@answers(MediaAttachment, status=206)
@answers(MediaAttachment)
async def show(viewer: Viewer, media_id: int) -> tuple[dict[str, Any], int]:
    """Return an own upload that no post has yet: 206 while it is converted, 422 with the reason if that failed."""
    node = runtime()
    async with node.read() as reader:
        media = await _own(reader, viewer, media_id)
    if media.state == FAILED:
        raise Invalid(media.problem)
    return media_view(media, settings=node.settings), 206 if media.state == PROCESSING else 200


@blueprint.put("/v1/media/<id:media_id>")
@blueprint.patch("/v1/media/<id:media_id>")
@needs("write:media")
@takes(ChangedMedia)
@answers(MediaAttachment)
async def change(viewer: Viewer, asked: ChangedMedia, media_id: int) -> dict[str, Any]:
    """Change the description, the focal point or the thumbnail."""
    focus = parse_focus(asked.focus)
    node = runtime()
    made = None
    if asked.thumbnail is not None:
        await pay(viewer, MEDIA)
        async with node.read() as reader:
            await _own(reader, viewer, media_id)
        made = await store_thumbnail(node, asked.thumbnail.stream)
    async with node.write() as uow:
        media = await _own(uow, viewer, media_id)
        await describe(uow, media, description=asked.description, focus=focus)
        if made is not None:
            await put_thumbnail(node, uow, media, made)
        return media_view(media, settings=node.settings)


@blueprint.delete("/v1/media/<id:media_id>")
@needs("write:media")
@answers(Empty)
async def delete(viewer: Viewer, media_id: int) -> dict[str, Any]:
    """Delete an upload that no post has; 422 for one that a post has."""
    node = runtime()
    async with node.write() as uow:
        media = await find_media(uow, media_id)
        if media is None or media.account_id != viewer.account_id:
            raise NotFound()
        if media.post_id is not None or media.scheduled_id is not None:
            raise Invalid(IN_USE)
        await detach_media(uow, [media.id])
    await remove_discarded(node)
    return {}


async def _upload(viewer: Viewer, asked: NewMedia, *, wait_seconds: float = 0.0) -> Media:
    try:
        await pay(viewer, MEDIA)
        return await receive_upload(
            runtime(),
            viewer.account_id,
            asked.file.stream,
            description=asked.description,
            focus=parse_focus(asked.focus) or (0.0, 0.0),
            thumbnail=asked.thumbnail.stream if asked.thumbnail is not None else None,
            wait_seconds=wait_seconds,
        )
    finally:
        asked.file.close()


async def _own(reader: Reader, viewer: Viewer, media_id: int) -> Media:
    found = await find_media(reader, media_id)
    if found is None or found.account_id != viewer.account_id or found.post_id is not None:
        raise NotFound()
    return found
