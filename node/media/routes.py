"""Serving files: uploads by their key, copies of remote pictures by id. The blueprint is handed to the app.

Whatever lies behind an address, a browser gets a type of ours, may not guess another one, and runs
nothing (attack rows 19, 82): `nosniff`, and a policy that sandboxes the file even when it is opened by itself.
Keys never mean another file, so caches may keep them for good; copies by id may be kept for a day.
"""

from pathlib import Path

from quart import Blueprint, Response, request

from node.base.errors import NotFound
from node.http.context import runtime
from node.http.files import send_part
from node.media.remote import emoji_picture, remote_media, remote_picture
from node.media.storage import CACHED_TYPES, find_file
from node.uris import missing_picture_url

FOREVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
FIVE_MINUTES = "public, max-age=300"

blueprint = Blueprint("media", __name__, url_prefix="/media")


@blueprint.get("/<key>")
async def show_file(key: str) -> Response:
    """Serve an upload, avatar or header of ours."""
    path = find_file(runtime().settings.media_dir, key)
    if path is None:
        raise NotFound()
    return await _picture(path, FOREVER)


@blueprint.get("/remote/<id:account_id>/<any(avatar, header):which>")
async def show_remote_picture(account_id: int, which: str) -> Response:
    """Serve a remote actor's avatar or header; the default picture where it cannot be had."""
    node = runtime()
    try:
        path = await remote_picture(node, account_id, "avatar" if which == "avatar" else "header")
    except NotFound:
        missing = missing_picture_url(node.settings, which)
        return Response(b"", 302, {"Location": missing, "Cache-Control": FIVE_MINUTES})
    return await _picture(path, A_DAY)


@blueprint.get("/remote/<id:media_id>")
async def show_remote_media(media_id: int) -> Response:
    """Serve a picture, film or sound of a remote post, or with `size` small the picture that stands for it; `t` is the
    token of its address."""
    size = "small" if request.args.get("size") == "small" else "original"
    path = await remote_media(runtime(), media_id, request.args.get("t", ""), size)  # type: ignore[arg-type]
    return await _picture(path, A_DAY)


@blueprint.get("/emoji/<id:emoji_id>")
async def show_emoji(emoji_id: int) -> Response:
    """Serve a custom emoji, ours or another server's; `still` asks for a picture that does not move."""
    path = await emoji_picture(runtime(), emoji_id, still=request.args.get("still") == "1")
    return await _picture(path, A_DAY)


async def _picture(path: Path, caching: str) -> Response:
    response = await send_part(path, CACHED_TYPES[path.suffix.removeprefix(".")])
    response.headers["Cache-Control"] = caching
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Disposition"] = "inline"
    return response
