"""Films and sounds made for tests, honest and otherwise; all of them are a few kilobytes."""

import io
import math
import struct
from array import array
from fractions import Fraction
from typing import Any

import av
from PIL import Image


def film(
    format_: str = "mp4",
    *,
    size: tuple[int, int] = (64, 48),
    seconds: float = 1.0,
    rate: int = 10,
    video: str = "libx264",
    sound: str | None = "aac",
    words: dict[str, str] | None = None,
    **options: str,
) -> bytes:
    """Return a film: its upper half is red and its lower half changes. `sound` names a codec, None is silence."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format_) as target:
        target.metadata.update(words or {})
        pictures = target.add_stream(video, rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        pictures.options = {"preset": "ultrafast", "deadline": "realtime", **options}
        waves = target.add_stream(sound, rate=48_000) if sound else None
        if waves is not None:
            waves.layout = "mono"
        for n in range(max(1, round(seconds * rate))):
            drawn = Image.new("RGB", size, (200, 30, 30))
            drawn.paste((30, n * 11 % 255, 200), (0, size[1] // 2, *size))
            frame = av.VideoFrame.from_image(drawn)
            frame.pts, frame.time_base = n, Fraction(1, rate)
            target.mux(pictures.encode(frame))
        target.mux(pictures.encode(None))
        if waves is not None:
            _hum(target, waves, seconds)
    return buffer.getvalue()


def sound(
    format_: str = "mp3",
    codec: str = "libmp3lame",
    *,
    seconds: float = 1.0,
    words: dict[str, str] | None = None,
) -> bytes:
    """Return a sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=format_) as target:
        target.metadata.update(words or {})
        waves = target.add_stream(codec, rate=48_000)
        waves.layout = "mono"
        _hum(target, waves, seconds)
    return buffer.getvalue()


def sound_with_cover() -> bytes:
    """Return a sound in a file that has a picture track too: its cover."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as target:
        cover = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        waves = target.add_stream("aac", rate=48_000)
        waves.layout = "mono"
        target.mux(cover.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48)))))
        target.mux(cover.encode(None))
        _hum(target, waves, 1.0)
    return buffer.getvalue()


def _hum(target: Any, stream: Any, seconds: float) -> None:
    rate = 48_000
    samples = array("h", (int(9000 * math.sin(n / 17)) for n in range(int(rate * seconds))))
    resampler = av.AudioResampler(stream.format, "mono", rate, stream.codec_context.frame_size or None)
    for start in range(0, len(samples), 960):
        piece = samples[start : start + 960]
        frame = av.AudioFrame("s16", "mono", len(piece))
        frame.planes[0].update(piece.tobytes().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        for made in resampler.resample(frame):
            target.mux(stream.encode(made))
    for made in resampler.resample(None):
        target.mux(stream.encode(made))
    target.mux(stream.encode(None))


def turned(data: bytes) -> bytes:
    """Return an mp4 that says it is to be shown turned by 90 degrees, as phones write it."""
    one = 0x10000
    matrix = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 0x40000000)
    at = data.index(b"tkhd") + 44
    return data[:at] + matrix + data[at + 36 :]


def lasting(data: bytes, hours: int) -> bytes:
    """Return an mp4 whose headers claim that it lasts for hours."""
    changed = bytearray(data)
    for atom, unit, at in ((b"mvhd", 16, 20), (b"mdhd", 16, 20)):
        start = changed.index(atom)
        (ticks,) = struct.unpack(">I", changed[start + unit : start + unit + 4])
        changed[start + at : start + at + 4] = struct.pack(">I", min(ticks * hours * 3600, 2**32 - 2))
    start = changed.index(b"tkhd") + 24
    changed[start : start + 4] = struct.pack(">I", min(1000 * hours * 3600, 2**32 - 2))
    return bytes(changed)


def with_stts_delta(data: bytes, delta: int) -> bytes:
    """Return an mp4 whose pictures are `delta` ticks apart: 0 makes the rate 0/0."""
    at = data.index(b"stts") + 16
    return data[:at] + struct.pack(">I", delta) + data[at + 4 :]


def opened(data: bytes) -> Any:
    """Open what was made, as a player would."""
    return av.open(io.BytesIO(data))
