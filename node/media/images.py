"""Pictures of strangers made safe, in a child process of their own (`encoder`).

A picture is never decoded in a process that holds keys, sessions or a database. The child runs isolated, with
an empty environment and hard limits; here stands the wall clock and how many may run at a time.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import orjson
import structlog

from node.base.caches import FOREVER
from node.base.errors import Invalid, Unavailable
from node.base.runtime import Runtime
from node.media.sniffing import is_picture

ACCEPTED_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif")
EXTENSIONS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
"""What we store and serve, whatever came in."""

MAX_PIXELS: Final = 3840 * 2160
"""Larger pictures are made smaller."""
SECONDS: Final = 40.0
AT_ONCE: Final = 2

Purpose = Literal["upload", "avatar", "header", "emoji"]

_ENCODER: Final = Path(__file__).with_name("encoder.py")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture newly drawn. `small` is None when it is small enough by itself; of an emoji it is the one that does
    not move, None when none does."""

    media_type: str
    width: int
    height: int
    blurhash: str
    original: bytes
    small: bytes | None
    small_size: tuple[int, int] | None

    @property
    def extension(self) -> str:
        """What its file's name ends with."""
        return EXTENSIONS[self.media_type]


async def encode(runtime: Runtime, data: bytes, purpose: Purpose) -> Encoded:
    """Draw a picture anew: upright, without metadata, not larger than needed.

    Raises Invalid for what is no picture we take, Unavailable when the machine cannot do it now.
    """
    if not is_picture(data[:16]):
        raise Invalid(fields={"file": ["File is not a picture we can show: JPEG, PNG, GIF, WebP or AVIF"]})
    turns = runtime.caches.get("picture_turns", size=1, seconds=FOREVER)
    loop = asyncio.get_running_loop()
    turn = turns.get(loop)
    if turn is None:
        turn = asyncio.Semaphore(AT_ONCE)
        turns.put(loop, turn)
    async with turn:
        output = await _run_child(data, purpose)
    header, _, body = output.partition(b"\n")
    try:
        answer = orjson.loads(header)
    except orjson.JSONDecodeError:
        raise Invalid(fields={"file": ["The file is damaged or is no picture"]}) from None
    if "error" in answer:
        raise Invalid(fields={"file": [str(answer["error"])]})
    first = answer["sizes"][0]
    small = answer["small"]
    return Encoded(
        media_type=answer["media_type"],
        width=answer["width"],
        height=answer["height"],
        blurhash=answer["blurhash"],
        original=body[:first],
        small=body[first:] if small else None,
        small_size=(small[0], small[1]) if small else None,
    )


async def _run_child(data: bytes, purpose: Purpose) -> bytes:
    request = orjson.dumps({"purpose": purpose, "max_pixels": MAX_PIXELS}) + b"\n"
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(_ENCODER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
        )
    except OSError as error:
        raise Unavailable("Pictures cannot be read right now. Please try again.") from error
    try:
        async with asyncio.timeout(SECONDS):
            output, _ = await child.communicate(request + data)
    except TimeoutError:
        log.warning("picture_took_too_long", bytes=len(data))
        raise Invalid(fields={"file": ["The picture took too long to read"]}) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        log.warning("picture_encoder_died", returncode=child.returncode, bytes=len(data))
        return b""
    return output
