"""The files a browser asks for: styles, modules, icons, pictures; from our own host only.

Under `/static/v<digest>/` a file never changes, so browsers keep it for ever; a plain `/static/<path>` is for
addresses that others keep (default pictures, the logo) and is good for a day. Called by browsers.
"""

import mimetypes
from functools import lru_cache

from quart import Blueprint, Response, request

from node.base.errors import NotFound
from node.web.rendering import STATIC_ROOT, static_version

blueprint = Blueprint("web_static", __name__)

FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"
LONGEST_PATH = 200
"""Of a file of ours; the file system itself takes no name that is much longer."""
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@lru_cache(maxsize=256)
def _content(path: str) -> tuple[bytes, str] | None:
    """Return a file's bytes and type; None when there is no such file inside our folder (no `..` leaves it)."""
    if len(path) > LONGEST_PATH:
        return None
    file = (STATIC_ROOT / path).resolve()
    if not file.is_relative_to(STATIC_ROOT.resolve()) or not file.is_file():
        return None
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return file.read_bytes(), kind


async def _answer(path: str, cache: str) -> Response:
    found = _content(path)
    if found is None:
        raise NotFound
    response = Response(found[0], content_type=found[1])
    response.headers["Cache-Control"] = cache
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.set_etag(static_version())
    await response.make_conditional(request)
    return response


@blueprint.get("/static/<path:path>")
async def static_file(path: str) -> Response:
    """Answer a static file."""
    folder, _, rest = path.partition("/")
    if folder == static_version():
        return await _answer(rest, FOR_EVER)
    if folder.startswith("v") and len(folder) == len(static_version()) and rest:
        return await _answer(rest, "no-cache")  # an older page of ours: the newest file is what there is
    return await _answer(path, FOR_A_DAY)


@blueprint.get("/<any(avatar, header):which>s/original/missing.png")
async def missing_picture(which: str) -> Response:
    """Answer the picture of who has none, at the address by which apps know it."""
    return await _answer(f"images/{which}-missing.png", FOR_A_DAY)


@blueprint.get("/favicon.ico")
async def favicon() -> Response:
    """Answer the icon that browsers ask for by habit."""
    return await _answer("images/favicon.png", FOR_A_DAY)
