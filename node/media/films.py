"""Films and sounds of strangers made safe and playable, in a child process of their own (`film_encoder`).

As with pictures, nothing of them is decoded in a process that holds keys, sessions or a database. The libraries
that decode (PyAV, which carries FFmpeg's) are loaded by the child alone: a node that nobody sends films holds
nothing of them in memory. Here stand the wall clock, how many may run at a time, and what the answer means.
"""

import asyncio
import contextlib
import errno
import importlib.util
import os
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from node.base.caches import FOREVER
from node.base.errors import Invalid, Unavailable
from node.base.runtime import Runtime
from node.media.sniffing import HEAD_BYTES, FilmFormat, film_extension

ACCEPTED_VIDEO: Final = ("video/mp4", "video/quicktime", "video/webm", "video/x-matroska")
ACCEPTED_AUDIO: Final = (
    "audio/mpeg", "audio/mp3", "audio/ogg", "audio/vorbis", "audio/opus", "audio/flac", "audio/x-flac", "audio/wav",
    "audio/x-wav", "audio/wave", "audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac",
)  # fmt: skip
"""What we take, in the words of apps; several words mean one thing."""

VIDEO_MATRIX: Final = 3840 * 2160
VIDEO_RATE: Final = 120
AUDIO_SECONDS: Final = 3 * 3600
WALL_SECONDS: Final = 780.0
"""The longest one file may take."""
CPU_SECONDS: Final = 720
MEMORY: Final = 1536 * 1024 * 1024
"""Address space of the child; about 150 MB of it are used for a film of 1920 x 1080."""
MAX_ANSWER: Final = 8 * 1024 * 1024

TYPES: Final = {"mp4": "video/mp4", "mp3": "audio/mpeg", "m4a": "audio/mp4"}
"""What we store and serve, by extension."""

_ENCODER: Final = Path(__file__).with_name("film_encoder.py")

log = structlog.get_logger(__name__)


class EncoderDied(Exception):
    """The child ended without an answer: killed at a limit, or crashed by what it read."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A film or sound as it is served: what it is and what a MediaAttachment says of it."""

    kind: str
    extension: str
    meta: dict[str, Any] = field(default_factory=dict)
    poster: bytes = b""


@cache
def has_engine() -> bool:
    """Say whether this machine can read films and sounds at all. Loads nothing."""
    return sys.platform != "win32" and importlib.util.find_spec("av") is not None


async def convert(runtime: Runtime, source: Path, target: Path, given: FilmFormat) -> Converted:
    """Write the film or sound at `source` to `target`, a file that does not exist yet, as it is to be served.

    Raises Invalid for what is none that we take, EncoderDied, and Unavailable when the machine cannot do it now.
    """
    turns = runtime.caches.get("film_turns", size=1, seconds=FOREVER)
    loop = asyncio.get_running_loop()
    turn = turns.get(loop)
    if turn is None:
        turn = asyncio.Semaphore(1)
        turns.put(loop, turn)
    async with turn:
        answer, poster = await _run_child(runtime, source, target, given)
    if "error" in answer:
        log.info("film_refused", format=given, cause=str(answer.get("cause", ""))[:300])
        raise Invalid(fields={"file": [str(answer["error"])[:300]]})
    with target.open("rb") as file:
        extension = str(answer["extension"])
        if extension not in TYPES or film_extension(file.read(HEAD_BYTES)) != extension:
            raise EncoderDied("what it wrote is not what it said")
    return Converted(str(answer["kind"]), extension, _meta(answer), poster)


async def _run_child(runtime: Runtime, source: Path, target: Path, given: FilmFormat) -> tuple[dict[str, Any], bytes]:
    settings = runtime.settings
    with contextlib.ExitStack() as opened:
        try:
            film = opened.enter_context(source.open("rb"))
            output = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
            opened.callback(os.close, output)
            request = {
                "format": given,
                "output": output,
                "parent": os.getpid(),
                "max_seconds": settings.max_video_seconds,
                "max_audio_seconds": AUDIO_SECONDS,
                "max_bytes": settings.max_video_bytes,
                "max_memory": MEMORY,
                "max_cpu_seconds": CPU_SECONDS,
            }
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(_ENCODER),
                orjson.dumps(request).decode(),
                stdin=film,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(output,),
                env={},
                cwd="/",
            )
        except OSError as error:
            raise Unavailable("Videos cannot be read right now. Please try again.") from error
        try:
            async with asyncio.timeout(WALL_SECONDS):
                said = await _read_answer(child)
                await child.wait()
        except TimeoutError:
            log.warning("film_took_too_long", format=given)
            raise Invalid(fields={"file": ["The file takes too long to convert: make it shorter or smaller"]}) from None
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        await asyncio.to_thread(os.fsync, output)
    if child.returncode == os.EX_TEMPFAIL:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    header, _, body = said.partition(b"\n")
    try:
        answer = orjson.loads(header) if child.returncode == 0 else None
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise EncoderDied(f"ended with {child.returncode}")
    return answer, body


async def _read_answer(child: asyncio.subprocess.Process) -> bytes:
    assert child.stdout is not None
    said = b""
    while piece := await child.stdout.read(1 << 16):
        said += piece
        if len(said) > MAX_ANSWER:
            raise EncoderDied("said too much")
    return said


def _meta(answer: dict[str, Any]) -> dict[str, Any]:
    """Return `meta` as clients know it: everything once under `original`, and flat beside it as of old."""
    seconds, bits = float(answer["seconds"]), int(answer["bitrate"])
    original: dict[str, Any] = {"duration": seconds, "bitrate": bits}
    meta: dict[str, Any] = {"length": _clock(seconds), "duration": seconds}
    if answer["kind"] != "audio":
        width, height = int(answer["width"]), int(answer["height"])
        above, below = answer["rate"] or (0, 1)
        rate = f"{above}/{below}"
        original = {"width": width, "height": height, "frame_rate": rate, **original}
        meta |= {
            "fps": round(above / below),
            "size": f"{width}x{height}",
            "width": width,
            "height": height,
            "aspect": width / height,
        }
    sound = answer["sound"]
    if sound is not None:
        meta |= {
            "audio_encode": str(sound["codec"])[:40],
            "audio_bitrate": f"{int(sound['rate'])} Hz",
            "audio_channels": "mono" if sound["channels"] == 1 else "stereo",
        }
    return meta | {"original": original}


def _clock(seconds: float) -> str:
    """Return 75.5 as `0:01:15.50`."""
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{left:05.2f}"
