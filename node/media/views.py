"""Media in the shape of Mastodon's API: plain dicts, made from rows. No I/O.

Addresses are always ours: a remote picture, film or sound is shown through `/media/remote/...` (`media/routes`), so
that no page or app of ours makes somebody's browser call a third party. Streams and other files are not copied; they
come as type "unknown" with their `remote_url`, which clients show as a link.
"""

import hashlib
from typing import Any

from node.base.settings import Settings
from node.media.models import READY, Media
from node.uris import media_url

STREAM_TYPES = frozenset({"application/x-mpegurl", "application/vnd.apple.mpegurl"})
"""Films in pieces, which only some browsers play and which are not copied."""
SHOWN_META = (
    "length", "duration", "fps", "size", "width", "height", "aspect", "audio_encode", "audio_bitrate",
    "audio_channels", "original", "small",
)  # fmt: skip


def media_view(media: Media, *, settings: Settings) -> dict[str, Any]:
    """Return a MediaAttachment. Every key is always there (client-api 11); `url` is null until there is a file."""
    is_remote_file = bool(media.remote_url) and (
        media.kind not in {"image", "video", "audio"} or media.media_type in STREAM_TYPES
    )
    shows_nothing = media.kind in {"video", "audio", "gifv"} and not media.preview_key and "preview" not in media.meta
    if media.state != READY:
        url: str | None = None
        preview = media_url(settings, media.preview_key) if media.preview_key else None
    elif media.storage_key:
        url = media_url(settings, media.storage_key)
        preview = media_url(settings, media.preview_key or media.storage_key)
    elif is_remote_file:
        url = preview = media.remote_url
    else:
        url = remote_media_url(settings, media, "original")
        preview = remote_media_url(settings, media, "small")
    meta: dict[str, Any] = {name: media.meta[name] for name in SHOWN_META if name in media.meta}
    if media.focus_x or media.focus_y:
        meta["focus"] = {"x": media.focus_x, "y": media.focus_y}
    return {
        "id": str(media.id),
        "type": "unknown" if is_remote_file else media.kind,
        "url": url,
        "preview_url": None if is_remote_file or shows_nothing else preview,
        "remote_url": media.remote_url or None,
        "preview_remote_url": None,
        "text_url": None,
        "meta": meta,
        "description": media.description or None,
        "blurhash": media.blurhash or None,
    }


def remote_media_url(settings: Settings, media: Media, size: str) -> str:
    """Return our cached copy of a remote picture; `size` is "original" or "small"."""
    small = "&size=small" if size == "small" else ""
    return f"{settings.public_url}/media/remote/{media.id}?t={remote_token(media.remote_url)}{small}"


def remote_token(remote_url: str) -> str:
    """Return what makes the address of a cached picture unguessable (attack row 87).

    Ids are ordered by time, so an id alone could be tried out. Who knows the address at the origin may have the
    picture from there anyway.
    """
    return hashlib.sha256(remote_url.encode("utf-8", "replace")).hexdigest()[:24]
