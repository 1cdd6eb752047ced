"""Uploads for posts: version 2, version 1 (Elk), and the changes before a post takes them.

Pictures are ready when the upload is answered, so both versions answer 200 with a `url`. Only the owner sees an
upload, and only until a post has it (client-api behaviour 18, attack row 87).
"""

from typing import Any

from quart import Blueprint

from node.base.db.unit_of_work import Reader
from node.base.errors import Invalid, NotFound
from node.http.context import runtime
from node.http.limits import MEDIA
from node.http.parameters import parameters
from node.http.principals import Viewer, needs, pay
from node.media.models import Media
from node.media.queries import find_media
from node.media.rules import parse_focus
from node.media.service import describe, store_upload
from node.media.views import media_view

blueprint = Blueprint("api_media", __name__, url_prefix="/api")


@blueprint.post("/v2/media")
@needs("write:media")
async def upload_v2(viewer: Viewer) -> dict[str, Any]:
    """Store an upload."""
    return await _upload(viewer)


@blueprint.post("/v1/media")
@needs("write:media")
async def upload_v1(viewer: Viewer) -> dict[str, Any]:
    """Store an upload, the old way in."""
    return await _upload(viewer)


@blueprint.get("/v1/media/<id:media_id>")
@needs("write:media")
async def show(viewer: Viewer, media_id: int) -> dict[str, Any]:
    """Return an own upload that no post has yet."""
    node = runtime()
    async with node.read() as reader:
        return media_view(await _own(reader, viewer, media_id), settings=node.settings)


@blueprint.put("/v1/media/<id:media_id>")
@blueprint.patch("/v1/media/<id:media_id>")
@needs("write:media")
async def change(viewer: Viewer, media_id: int) -> dict[str, Any]:
    """Change the description or the focal point."""
    sent = await parameters()
    description, focus = sent.text("description"), parse_focus(sent.text("focus") or "")
    node = runtime()
    async with node.write() as uow:
        media = await _own(uow, viewer, media_id)
        await describe(uow, media, description=description, focus=focus)
        return media_view(media, settings=node.settings)


async def _upload(viewer: Viewer) -> dict[str, Any]:
    await pay(viewer, MEDIA)
    sent = await parameters()
    file = sent.file("file")
    if file is None:
        raise Invalid("Validation failed: File can't be blank")
    node = runtime()
    media = await store_upload(
        node,
        viewer.account_id,
        file.read(),
        filename=file.filename or "",
        description=sent.text("description") or "",
        focus=parse_focus(sent.text("focus") or "") or (0.0, 0.0),
    )
    return media_view(media, settings=node.settings)


async def _own(reader: Reader, viewer: Viewer, media_id: int) -> Media:
    found = await find_media(reader, media_id)
    if found is None or found.account_id != viewer.account_id or found.post_id is not None:
        raise NotFound()
    return found
