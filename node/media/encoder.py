"""The child process that decodes pictures of strangers: `python -I encoder.py`, one picture a process.

It gets a line of JSON (`purpose`, `max_pixels`) and the picture on stdin, and writes a line of JSON and the
encoded files to stdout. It has no network to speak of, no environment, a bound on memory, CPU time and open
files, and may not write to disk: a codec that hangs, crashes or is taken over harms nothing but itself (attack
rows 82, 85, 86). Run by `images.encode` only, by path and isolated, so it imports nothing of the product.

What comes out is newly drawn from pixels: no metadata, no colour profile (colours are converted), no trailing
bytes, and a type of our own choosing. Turned the way the camera said.
"""

import contextlib
import io
import json
import resource
import sys
from typing import Any

import blurhash
from PIL import Image, ImageCms, ImageOps, ImageSequence

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
MAX_DECODED_PIXELS = 64_000_000
MAX_ANIMATED_PIXELS = 120_000_000
MAX_FRAMES = 600
SMALL_SIDE = 640
AVATAR = (400, 400)
EMOJI_PIXELS = 256 * 256
HEADER = (1500, 500)


class Unreadable(Exception):
    """The picture cannot be used; the text is for the person who sent it."""


def main() -> None:
    """Serve one request."""
    _limit_resources()
    request = json.loads(sys.stdin.buffer.readline(4096))
    data = sys.stdin.buffer.read()
    try:
        answer, files = encode(data, request["purpose"], request["max_pixels"])
    except Unreadable as error:
        answer, files = {"error": str(error)}, []
    except Exception as error:  # whatever a codec throws means the same
        answer, files = {"error": "The file is damaged or is no picture", "cause": type(error).__name__}, []
    answer["sizes"] = [len(file) for file in files]
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"".join(files))


def encode(data: bytes, purpose: str, max_pixels: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is to be known of a picture and its files: the picture, and a small one if it is large."""
    Image.MAX_IMAGE_PIXELS = MAX_DECODED_PIXELS
    try:
        source = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise Unreadable("The picture has too many pixels") from None
    if source.width * source.height > MAX_DECODED_PIXELS:
        raise Unreadable("The picture has too many pixels")
    format_ = source.format or ""
    frames = getattr(source, "n_frames", 1)
    if purpose in {"avatar", "header"}:
        still = ImageOps.fit(_plain(source), AVATAR if purpose == "avatar" else HEADER, Image.Resampling.LANCZOS)
        return _facts(still, "image/webp", None), [_saved(still, "WEBP")]
    if purpose == "emoji":
        return _emoji(source, format_, frames)
    if frames > 1 and format_ in {"GIF", "WEBP"}:
        picture, file = _animation(source, format_, frames, max_pixels)
        type_ = TYPES[format_]
    else:
        picture = _within(_plain(source), max_pixels)
        format_ = format_ if format_ in {"PNG", "GIF", "WEBP"} else "JPEG" if picture.mode == "RGB" else "WEBP"
        if format_ == "GIF":
            format_ = "PNG"
        file, type_ = _saved(picture, format_), TYPES[format_]
    if max(picture.size) <= SMALL_SIDE:
        return _facts(picture, type_, None), [file]
    small = picture.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    return _facts(picture, type_, small), [file, _saved(small, "WEBP")]


def _emoji(source: Image.Image, format_: str, frames: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return a picture of a line's height, and where it moves one that does not."""
    if frames > 1:
        moving = format_ if format_ in {"GIF", "WEBP"} else "WEBP"
        picture, file = _animation(source, moving, frames, EMOJI_PIXELS)
        still = _within(_plain(source), EMOJI_PIXELS)
        return _facts(picture, TYPES[moving], still), [file, _saved(still, "WEBP")]
    picture = _within(_plain(source), EMOJI_PIXELS)
    format_ = "WEBP" if format_ == "WEBP" else "PNG"
    return _facts(picture, TYPES[format_], None), [_saved(picture, format_)]


def _animation(source: Image.Image, format_: str, frames: int, max_pixels: int) -> tuple[Image.Image, bytes]:
    if frames > MAX_FRAMES or frames * source.width * source.height > MAX_ANIMATED_PIXELS:
        raise Unreadable("The animation is too long or too large")
    drawn, durations = [], []
    for frame in ImageSequence.Iterator(source):
        durations.append(max(int(frame.info.get("duration", 100)), 20))
        drawn.append(_within(frame.convert("RGBA"), max_pixels))
    buffer = io.BytesIO()
    options: dict[str, Any] = {"disposal": 2} if format_ == "GIF" else {"quality": 80, "method": 2}
    drawn[0].save(buffer, format_, save_all=True, append_images=drawn[1:], duration=durations, loop=0, **options)
    return drawn[0], buffer.getvalue()


def _plain(source: Image.Image) -> Image.Image:
    """Return the first frame upright, in sRGB, RGB or RGBA, without anything but pixels."""
    source.seek(0)
    profile = source.info.get("icc_profile")
    upright = ImageOps.exif_transpose(source)
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    if profile and upright.mode in {"RGB", "RGBA", "CMYK", "L"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):  # a broken profile: colours as they are
            mode = "RGBA" if upright.mode == "RGBA" else "RGB"
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            shown = ImageCms.profileToProfile(upright, given, ImageCms.createProfile("sRGB"), outputMode=mode)
            upright = shown or upright
    converted = upright.convert("RGBA" if has_alpha else "RGB")
    bare = Image.new(converted.mode, converted.size)
    bare.paste(converted)
    return bare


def _within(picture: Image.Image, max_pixels: int) -> Image.Image:
    pixels = picture.width * picture.height
    if pixels <= max_pixels:
        return picture
    scale = (max_pixels / pixels) ** 0.5
    size = (max(1, int(picture.width * scale)), max(1, int(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _saved(picture: Image.Image, format_: str) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 86, "progressive": True, "optimize": True},
        "PNG": {"compress_level": 6},
        "WEBP": {"quality": 82, "method": 3},
    }
    picture.save(buffer, format_, **options[format_])
    return buffer.getvalue()


def _facts(picture: Image.Image, media_type: str, small: Image.Image | None) -> dict[str, Any]:
    tiny = picture.convert("RGB")
    tiny.thumbnail((32, 32))
    across, down = (4, 3) if tiny.width >= tiny.height else (3, 4)
    width = tiny.width
    values = list(tiny.tobytes())
    pixels = [values[at : at + 3] for at in range(0, len(values), 3)]
    rows = [pixels[at : at + width] for at in range(0, len(pixels), width)]
    return {
        "media_type": media_type,
        "width": picture.width,
        "height": picture.height,
        "small": None if small is None else [small.width, small.height],
        "blurhash": blurhash.encode(rows, components_x=across, components_y=down),
    }


def _limit_resources() -> None:
    for limit, bound in (
        (resource.RLIMIT_AS, 2 * 1024**3),
        (resource.RLIMIT_CPU, 25),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (bound, bound))


if __name__ == "__main__":
    main()
