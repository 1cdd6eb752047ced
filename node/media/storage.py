"""Files of media on the local disk, under random names (attack rows 83, 87).

A key such as `kJ3...Q.webp` says nothing of what came in: neither name nor type are the sender's. Uploads and
pictures of our own people lie in `files/`, copies of remote pictures in `cache/` under the hash of their
address, uploads that are still to be converted in `incoming/`; only `files/` is ever served by key. Everything here
is synchronous and called in a thread.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

TYPES: Final = {
    "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "mp4": "video/mp4", "m4a": "audio/mp4", "mp3": "audio/mpeg",
}  # fmt: skip
CACHED_TYPES: Final = {
    **TYPES, "webm": "video/webm", "ogv": "video/ogg", "oga": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav",
    "aac": "audio/aac",
}  # fmt: skip
"""Films and sounds of others are copied as they are: no file of ours has one of the further types."""
PARTS: Final = 24
"""Into how many parts the store is cut for sweeping: one an hour."""

_KEY = re.compile(r"[A-Za-z0-9_-]{32}\.(jpg|png|gif|webp|mp4|m4a|mp3)")


def new_key(extension: str) -> str:
    """Return a name nobody can guess."""
    return f"{secrets.token_urlsafe(24)}.{extension}"


def type_of_key(key: str) -> str | None:
    """Return the media type a key stands for, None for what is no key."""
    match = _KEY.fullmatch(key)
    return TYPES[match[1]] if match else None


def write_file(media_dir: Path, key: str, data: bytes) -> None:
    """Write a file whole or not at all."""
    _write(_path(media_dir, key), data)


def adopt_file(media_dir: Path, key: str, source: Path) -> int:
    """Move a file that is written already to where the key's lies; return its size."""
    path = _path(media_dir, key)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    source.replace(path)
    return path.stat().st_size


def incoming_dir(media_dir: Path) -> Path:
    """Return the folder of what is on its way in, making it: nothing of it is ever served."""
    folder = media_dir / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def incoming_file(media_dir: Path, media_id: int) -> Path:
    """Return where an upload lies until it is converted."""
    return media_dir / "incoming" / str(media_id)


def new_part(media_dir: Path) -> Path:
    """Return where to write what is to be adopted; what a killed process leaves there is cleared away."""
    return incoming_dir(media_dir) / f".{secrets.token_hex(8)}.part"


def write_incoming(media_dir: Path, media_id: int, source: IO[bytes]) -> int:
    """Keep an upload until it is converted; return its size. It is copied in pieces, never held in memory."""
    path, part = incoming_file(media_dir, media_id), new_part(media_dir)
    try:
        with part.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


def list_old_incoming(media_dir: Path, *, older_than_seconds: float) -> Iterator[int]:
    """Yield the ids of uploads that have waited for a while."""
    bound = time.time() - older_than_seconds
    for path in (media_dir / "incoming").glob("*"):
        with contextlib.suppress(OSError):
            if path.name.isascii() and path.name.isdigit() and path.stat().st_mtime < bound:
                yield int(path.name)


def remove_leftovers(media_dir: Path, *, older_than_seconds: float) -> int:
    """Remove files that were never finished: their writer was killed. Returns how many."""
    bound, removed = time.time() - older_than_seconds, 0
    for pattern in ("incoming/.*.part", "files/*/.*.part", "cache/*/.*.part"):
        for path in media_dir.glob(pattern):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < bound:
                    path.unlink()
                    removed += 1
    return removed


def find_file(media_dir: Path, key: str) -> Path | None:
    """Return where a key's file lies, None when there is none or the key is no key."""
    if type_of_key(key) is None:
        return None
    path = _path(media_dir, key)
    return path if path.is_file() else None


def remove_file(media_dir: Path, key: str) -> None:
    """Remove a key's file, if it is there."""
    if type_of_key(key) is not None:
        _path(media_dir, key).unlink(missing_ok=True)


def list_old_keys(media_dir: Path, *, older_than_seconds: float, part: int | None = None) -> Iterator[str]:
    """Yield the keys of files that were written some time ago; of one of `PARTS` parts of the store, or of all."""
    bound = time.time() - older_than_seconds
    for path in _files(media_dir / "files", part):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < bound and type_of_key(path.name) is not None:
                yield path.name


def write_cached(media_dir: Path, address: str, data: bytes, extension: str) -> Path:
    """Keep a copy of what lies at `address` (a URL with its size) and return where."""
    path = _cache_folder(media_dir, address) / f"{_digest(address)}.{extension}"
    _write(path, data)
    return path


def adopt_cached(media_dir: Path, address: str, source: Path, extension: str) -> Path:
    """Keep a file that is written already as the copy of what lies at `address`, and return where."""
    path = _cache_folder(media_dir, address) / f"{_digest(address)}.{extension}"
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    source.replace(path)
    return path


def find_cached(media_dir: Path, address: str) -> Path | None:
    """Return the copy of what lies at `address`, marking it as used."""
    for extension in CACHED_TYPES:
        path = _cache_folder(media_dir, address) / f"{_digest(address)}.{extension}"
        if path.is_file():
            with contextlib.suppress(OSError):
                os.utime(path)
            return path
    return None


def trim_cache(media_dir: Path, *, unused_seconds: float, part: int | None = None) -> int:
    """Remove copies that nobody asked for in a while; return how many. They come back when they are wanted."""
    bound, removed = time.time() - unused_seconds, 0
    for path in _files(media_dir / "cache", part):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < bound:
                path.unlink()
                removed += 1
    return removed


def _files(folder: Path, part: int | None) -> Iterator[Path]:
    for inner in folder.glob("*"):
        if part is None or sum(inner.name.encode()) % PARTS == part:
            yield from inner.glob("*")


def _path(media_dir: Path, key: str) -> Path:
    return media_dir / "files" / key[:2] / key


def _cache_folder(media_dir: Path, address: str) -> Path:
    return media_dir / "cache" / _digest(address)[:2]


def _digest(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
