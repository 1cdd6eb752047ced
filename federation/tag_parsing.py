"""What hangs on a post or actor: mentions, hashtags, custom emoji, media. For `parsing` and `post_parsing`.

Everything here is capped (row 54) and a bad entry is left out, never an error for the whole.
"""

import mimetypes
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from federation.documents import (
    Document,
    as_float,
    as_int,
    as_list,
    first_id,
    link_url,
    natural_text,
    objects_of,
    parse_time,
    text_of,
    type_of,
    types_of,
)
from federation.origins import is_http_uri
from federation.vocabulary import MAX_ATTACHMENTS, MAX_DESCRIPTION, MAX_HASHTAG, MAX_TAGS

MediaKind = Literal["image", "video", "audio", "unknown"]

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")
_DURATION = re.compile(r"PT(?:([0-9]{1,4})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8}(?:\.[0-9]{1,9})?)S)?")
_SHORTCODE = re.compile(r":?([A-Za-z0-9_+-]{1,100}):?")
_BLURHASH_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_KIND_OF_TYPE: Final[dict[str, MediaKind]] = {"Image": "image", "Video": "video", "Audio": "audio"}
_MAJOR: Final[dict[str, MediaKind]] = {"image": "image", "video": "video", "audio": "audio"}
_STREAMS: Final = frozenset({"application/x-mpegurl", "application/vnd.apple.mpegurl"})
PAGE_HEIGHT: Final = 720
"""Lines of a film that a page shows; larger ones are taken only where there is nothing else."""

_MEDIA_OBJECTS: Final = frozenset({"Document", "Image", "Video", "Audio", "Link"})


@dataclass(frozen=True, slots=True)
class MentionTag:
    """A tagged actor: resolve by `href` (an id or a profile page), else by `name` (OBJ-4)."""

    href: str | None
    name: str


@dataclass(frozen=True, slots=True)
class RemoteEmoji:
    """A custom emoji; it belongs to the host of whoever used it, not to the host of its id (OBJ-6)."""

    shortcode: str
    url: str
    id: str | None
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class RemoteAttachment:
    """A medium by reference; nothing of it is fetched here (OBJ-7)."""

    url: str
    media_type: str | None
    kind: MediaKind
    description: str
    blurhash: str | None
    focus: tuple[float, float] | None
    width: int | None
    height: int | None
    preview_url: str | None = None
    """A picture that stands for a film or sound."""
    duration: float | None = None
    """Seconds."""


def parse_mentions(tags: Any) -> tuple[MentionTag, ...]:
    """Return the Mention tags, each once."""
    found = []
    for tag in objects_of(tags)[:MAX_TAGS]:
        if type_of(tag, {"Mention"}):
            href = link_url(tag.get("href"))
            name = (text_of(tag.get("name")) or "")[:MAX_HASHTAG]
            if href is not None and not is_http_uri(href):
                href = None
            if href or name:
                found.append(MentionTag(href, name))
    return tuple(dict.fromkeys(found))


def parse_hashtags(tags: Any) -> tuple[str, ...]:
    """Return hashtags without `#`, in the case they were written, each once by NFKC and casefold (OBJ-5)."""
    found: dict[str, str] = {}
    for tag in objects_of(tags)[:MAX_TAGS]:
        name = (text_of(tag.get("name")) or "").strip()
        if not (type_of(tag, {"Hashtag"}) or (not types_of(tag) and name.startswith("#"))):
            continue
        name = name.lstrip("#")
        if name and len(name) <= MAX_HASHTAG and not re.search(r"[\s#<>\"]", name):
            found.setdefault(unicodedata.normalize("NFKC", name).casefold(), name)
    return tuple(found.values())


def parse_emojis(tags: Any) -> tuple[RemoteEmoji, ...]:
    """Return the custom emoji of a `tag` property, each shortcode once."""
    found: dict[str, RemoteEmoji] = {}
    for tag in objects_of(tags)[:MAX_TAGS]:
        if not any(kind in {"Emoji", "toot:Emoji"} for kind in types_of(tag)):
            continue
        match = _SHORTCODE.fullmatch(text_of(tag.get("name")) or "")
        icon = next(iter(as_list(tag.get("icon"))), None)
        url = link_url(icon.get("url", icon.get("href"))) if isinstance(icon, dict) else link_url(icon)
        if match and url and is_http_uri(url):
            emoji = RemoteEmoji(match[1], url, first_id(tag), parse_time(tag.get("updated")))
            found.setdefault(emoji.shortcode, emoji)
    return tuple(found.values())


def parse_attachments(doc: Document, kind: str) -> tuple[RemoteAttachment, ...]:
    """Return the media of a post, at most 16 (OBJ-7).

    A Video, Audio or Image object carries its medium in its own `url`; a post without attachments lends its
    `image` or `icon`.
    """
    entries = [entry for entry in objects_of(doc.get("attachment")) if type_of(entry, _MEDIA_OBJECTS)]
    found = [made for entry in entries[: MAX_ATTACHMENTS * 2] if (made := _attachment(entry)) is not None]
    if not found and kind in _KIND_OF_TYPE:
        own = _own_medium(doc, kind)
        found = [own] if own else []
    if not found:
        pictures = objects_of(doc.get("image")) or objects_of(doc.get("icon"))
        found = [made for entry in pictures[:1] if (made := _attachment(entry)) is not None]
    return tuple(dict.fromkeys(found))[:MAX_ATTACHMENTS]


def _attachment(entry: Document) -> RemoteAttachment | None:
    reference = entry.get("url", entry.get("href"))
    url = link_url(reference, "image/jpeg")
    if url is None or not is_http_uri(url):
        return None
    media_type = _media_type(entry.get("mediaType")) or next(
        (found for link in objects_of(reference) if (found := _media_type(link.get("mediaType")))), None
    )
    if media_type is None and not type_of(entry, set(_KIND_OF_TYPE)):
        media_type = _guessed_type(url)
    media_kind = _kind(media_type, types_of(entry))
    if type_of(entry, {"Link"}) and media_kind == "unknown":
        return None  # a link card, not a medium
    description = natural_text(entry, "summary")[0] or natural_text(entry, "name")[0] or ""
    return RemoteAttachment(
        url=url,
        media_type=media_type,
        kind=media_kind,
        description=description[:MAX_DESCRIPTION],
        blurhash=_blurhash(entry.get("blurhash")),
        focus=_focus(entry.get("focalPoint")),
        width=_size(entry.get("width")),
        height=_size(entry.get("height")),
        preview_url=_preview(entry) if media_kind in {"video", "audio"} else None,
        duration=_seconds(entry.get("duration")),
    )


def _own_medium(doc: Document, kind: str) -> RemoteAttachment | None:
    wanted = _KIND_OF_TYPE[kind]
    links = [link for link in _links(doc) if _kind(_media_type(link.get("mediaType")), ()) == wanted]
    if links:
        best = min(links, key=_distance)
        own = {"type": "Link", "width": best.get("width"), "height": best.get("height")}
        made = _attachment({**own, "href": best.get("href", best.get("url")), "mediaType": best.get("mediaType")})
        return (
            None if made is None else replace(made, preview_url=_preview(doc), duration=_seconds(doc.get("duration")))
        )
    media_type = _media_type(doc.get("mediaType"))
    if _kind(media_type, ()) == wanted:
        return _attachment({"type": kind, "url": doc.get("url"), "mediaType": media_type})
    return None


def _links(doc: Document) -> list[Document]:
    """Return the links of an object, and those that hang on its links: PeerTube nests the files of a stream."""
    links = objects_of(doc.get("url"))[:MAX_TAGS]
    return [*links, *(nested for link in links for nested in objects_of(link.get("tag"))[:MAX_TAGS])]


def _distance(link: Document) -> tuple[bool, bool, int]:
    """Rank a film: a file before a stream, what fits a page before what does not, then the largest picture."""
    height = as_int(link.get("height")) or 0
    is_stream = (_media_type(link.get("mediaType")) or "") in _STREAMS
    return is_stream, height > PAGE_HEIGHT, height if height > PAGE_HEIGHT else -height


def _preview(doc: Document) -> str | None:
    """Return the largest picture that stands for a film."""
    pictures = [*objects_of(doc.get("icon")), *objects_of(doc.get("image"))]
    for picture in sorted(pictures, key=lambda picture: -(as_int(picture.get("width")) or 0)):
        url = link_url(picture.get("url", picture.get("href")), "image/jpeg")
        if url is not None and is_http_uri(url):
            return url
    return None


def _kind(media_type: str | None, kinds: tuple[str, ...]) -> MediaKind:
    if media_type in _STREAMS:
        return "video"
    major = (media_type or "").partition("/")[0]
    if major in _MAJOR:
        return _MAJOR[major]
    return next((_KIND_OF_TYPE[name] for name in kinds if name in _KIND_OF_TYPE), "unknown")


def _media_type(value: Any) -> str | None:
    text = (text_of(value) or "").partition(";")[0].strip().lower()
    return text if _MEDIA_TYPE.fullmatch(text) else None


def _guessed_type(url: str) -> str | None:
    """Return the media type that the name of a file suggests; what is in it shows when it is copied."""
    guessed = mimetypes.guess_type(urlsplit(url).path)[0] or ""
    return guessed if guessed.partition("/")[0] in _MAJOR else None


def _blurhash(value: Any) -> str | None:
    """Return a hash that a decoder will take: at most 5 by 5 components and the length they ask for."""
    text = text_of(value)
    if text is None or not 6 <= len(text) <= 54 or any(c not in _BLURHASH_ALPHABET for c in text):
        return None
    size = _BLURHASH_ALPHABET.index(text[0])
    across, down = size % 9 + 1, size // 9 + 1
    return text if across <= 5 and down <= 5 and len(text) == 4 + 2 * across * down else None


def _focus(value: Any) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    x, y = as_float(value[0]), as_float(value[1])
    return (x, y) if x is not None and y is not None and abs(x) <= 1 and abs(y) <= 1 else None


def _seconds(value: Any) -> float | None:
    """Read an xsd:duration of hours, minutes and seconds, as films have."""
    match = _DURATION.fullmatch(text_of(value) or "")
    if match is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return (hours * 3600 + minutes * 60 + seconds) or None


def _size(value: Any) -> int | None:
    size = as_int(value, maximum=1_000_000)
    return size if size else None
