"""Pictures of other servers, copied once and served from here, so that nobody's browser calls a third party.

By id only: what may be fetched is an avatar or header of an actor we know, a picture of a post we keep or a custom
emoji, never an address from a request (attack row 67: this is no open proxy). Fetched through the one guarded
client, drawn anew by the encoder, kept under `cache/`. One fetch at a time for one picture; a failure is remembered
for five minutes. Nothing of a host whose media the operator rejects is fetched (MOD-2). Films and sounds are copied
as they are, up to `max_video_bytes`, where their first bytes say that they are such.
"""

import asyncio
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import structlog

from federation.answers import FetchedBytes
from federation.errors import EgressRefused, FederationError
from federation.origins import host_of, is_http_uri
from node.accounts.queries import find_account
from node.base.errors import Invalid, NotFound, Unavailable
from node.base.runtime import Runtime
from node.emojis.models import Emoji
from node.emojis.queries import find_emoji
from node.media.images import EXTENSIONS, Encoded, Purpose, encode
from node.media.queries import find_cacheable
from node.media.sniffing import HEAD_BYTES, film_extension
from node.media.storage import adopt_cached, find_cached, find_file, new_part, write_cached
from node.media.views import STREAM_TYPES, remote_token
from node.moderation.queries import policy_book

FAILED_SECONDS: Final = 300.0
FLIGHT_SECONDS: Final = 120.0
FILM_SECONDS: Final = 60.0
FILM_ACCEPT: Final = "video/mp4,video/webm,audio/mpeg,audio/mp4,audio/ogg,video/*;q=0.9,audio/*;q=0.9"
ACCEPT: Final = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9"

Size = Literal["original", "small"]
CopyPurpose = Purpose | Literal["film"]

log = structlog.get_logger(__name__)


async def remote_picture(runtime: Runtime, account_id: int, which: Literal["avatar", "header"]) -> Path:
    """Return our copy of a remote actor's picture, fetching it if need be. Raises NotFound."""
    async with runtime.read() as reader:
        account = await find_account(reader, account_id)
    if account is None or account.is_local or account.is_gone:
        raise NotFound()
    url = account.avatar_url if which == "avatar" else account.header_url
    return await _copy_of(runtime, url, which, "original", owner=account.uri)


async def remote_media(runtime: Runtime, media_id: int, token: str, size: Size) -> Path:
    """Return our copy of a picture, film or sound of a remote post, fetching it if need be. Raises NotFound.

    Of a film or sound the small size is the picture that stands for it.
    """
    async with runtime.read() as reader:
        found = await find_cacheable(reader, media_id)
    if found is None or token != remote_token(found.media.remote_url):
        raise NotFound()
    media = found.media
    if media.kind == "image":
        return await _copy_of(runtime, media.remote_url, "upload", size, owner=found.author_uri)
    if media.kind not in {"video", "audio"} or media.media_type in STREAM_TYPES:
        raise NotFound()
    if size == "small":
        return await _copy_of(runtime, str(media.meta.get("preview", "")), "upload", "small", owner=found.author_uri)
    return await _copy_of(runtime, media.remote_url, "film", "original", owner=found.author_uri)


async def emoji_picture(runtime: Runtime, emoji_id: int, *, still: bool) -> Path:
    """Return the picture of a custom emoji: ours, or our copy of another server's. Raises NotFound."""
    async with runtime.read() as reader:
        emoji = await find_emoji(reader, emoji_id)
    if emoji is None:
        raise NotFound()
    if emoji.is_local:
        return await _own_emoji(runtime, emoji, still)
    return await _copy_of(runtime, emoji.image_url, "emoji", "small" if still else "original", owner=emoji.domain)


async def _own_emoji(runtime: Runtime, emoji: Emoji, still: bool) -> Path:
    key = (emoji.static_key if still else "") or emoji.storage_key
    path = await asyncio.to_thread(find_file, runtime.settings.media_dir, key)
    if path is None:
        raise NotFound()
    return path


async def _copy_of(runtime: Runtime, url: str, purpose: CopyPurpose, size: Size, *, owner: str) -> Path:
    """Return our copy of what lies at `url`; `owner` is the host, or an id on the host, of whose it is."""
    if not url or not is_http_uri(url):
        raise NotFound()
    book = await policy_book(runtime)
    if any(book.rejects_media(host) for host in (host_of(url), host_of(owner) if "://" in owner else owner)):
        raise NotFound()
    address = f"{purpose} {size} {url}"
    media_dir = runtime.settings.media_dir
    found = await asyncio.to_thread(find_cached, media_dir, address)
    if found is not None:
        return found
    flights = runtime.caches.get("picture_flights", size=2_000, seconds=FLIGHT_SECONDS)
    key = (asyncio.get_running_loop(), purpose, url)
    flight: asyncio.Lock | None = flights.get(key)
    if flight is None:
        flight = asyncio.Lock()
        flights.put(key, flight)
    async with flight:
        found = await asyncio.to_thread(find_cached, media_dir, address)
        return found or await _fetched(runtime, url, purpose, size)


async def _fetched(runtime: Runtime, url: str, purpose: CopyPurpose, size: Size) -> Path:
    failures = runtime.caches.get("picture_failures", size=5_000, seconds=FAILED_SECONDS)
    if failures.get((purpose, url)):
        raise NotFound()
    try:
        if purpose == "film":
            return await _fetched_film(runtime, url, size)
        answer = await runtime.http.fetch_bytes(url, accept=ACCEPT, limit=_limit(runtime, purpose))
        await _check_end(runtime, answer)
        encoded = await encode(runtime, answer.body, purpose)
    except (FederationError, Invalid) as error:
        failures.put((purpose, url), True)
        reason = error.reason if isinstance(error, FederationError) else "not_a_picture"
        log.info("remote_picture_refused", host=urlsplit(url).hostname, reason=reason)
        raise NotFound() from error
    except OSError as error:
        raise Unavailable() from error
    return await asyncio.to_thread(_keep, runtime.settings.media_dir, url, purpose, encoded, size)


async def _fetched_film(runtime: Runtime, url: str, size: Size) -> Path:
    """Copy a film or sound as it is, by way of the disk: it may be as large as one of ours."""
    media_dir = runtime.settings.media_dir
    part = await asyncio.to_thread(new_part, media_dir)
    try:
        with part.open("w+b") as file:
            answer = await runtime.http.fetch_bytes(
                url, accept=FILM_ACCEPT, limit=runtime.settings.max_video_bytes, into=file, seconds=FILM_SECONDS
            )
            await _check_end(runtime, answer)
            file.seek(0)
            extension = film_extension(file.read(HEAD_BYTES))
        if extension is None:
            raise Invalid(fields={"file": ["File is no film or sound we can show"]})
        return await asyncio.to_thread(adopt_cached, media_dir, f"film {size} {url}", part, extension)
    finally:
        part.unlink(missing_ok=True)


async def _check_end(runtime: Runtime, answer: FetchedBytes) -> None:
    """Raise EgressRefused where redirects led to a host whose media is rejected."""
    if (await policy_book(runtime)).rejects_media(host_of(answer.final_url)):
        raise EgressRefused("rejected_media", f"{answer.final_url[:200]} is where it ended")


def _limit(runtime: Runtime, purpose: CopyPurpose) -> int:
    """Return how many bytes are read of a picture; an emoji may have few (OBJ-6)."""
    return runtime.settings.max_emoji_bytes if purpose == "emoji" else runtime.settings.max_media_bytes


def _keep(media_dir: Path, url: str, purpose: Purpose, encoded: Encoded, size: Size) -> Path:
    original = write_cached(media_dir, f"{purpose} original {url}", encoded.original, EXTENSIONS[encoded.media_type])
    if purpose not in {"upload", "emoji"}:
        return original
    small = (
        write_cached(media_dir, f"{purpose} small {url}", encoded.small, "webp")
        if encoded.small is not None
        else write_cached(media_dir, f"{purpose} small {url}", encoded.original, EXTENSIONS[encoded.media_type])
    )
    return small if size == "small" else original
