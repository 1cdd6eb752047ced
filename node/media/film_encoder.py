"""The child process that decodes films and sounds of strangers: `python -I film_encoder.py REQUEST`.

One file a process. The file is its stdin, opened for reading; what it makes goes into the open file that REQUEST
(JSON) names by number; the answer is a line of JSON on stdout and behind it the picture that stands for a film.
Before the first byte of the stranger's is looked at, the process gives up the right to open anything: with
RLIMIT_NOFILE at zero there is no further file, socket or pipe for it, so a playlist, an external track or a codec
that is taken over reaches neither disk nor network (attack row 85). Memory, CPU time and the size of what it writes
are bounded, it has no environment, and it dies with whoever started it.

The format is forced to the one that the first bytes said, and only the decoders named here may run. What comes out
holds one picture track and one sound track and nothing else: no tags, places, chapters, subtitles, covers or
attachments (row 86). A track that every browser plays already is copied, without the side data a camera puts
between its pictures; any other is encoded anew. Run by `films.convert` only, by path, so it imports nothing of the
product.
"""

import contextlib
import ctypes
import errno
import importlib
import io
import itertools
import json
import os
import pkgutil
import resource
import signal
import sys
from fractions import Fraction
from typing import Any

import av
from av.audio.resampler import AudioResampler
from av.bitstream import BitStreamFilterContext
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.reformatter import VideoReformatter
from PIL import Image

DECODERS = (
    "h264", "hevc", "libdav1d", "av1", "libvpx-vp9", "vp9", "libvpx", "vp8", "mpeg4", "theora",
    "aac", "mp3float", "mp3", "vorbis", "opus", "libopus", "flac", "alac", "pcm_s16le", "pcm_s24le", "pcm_s32le",
    "pcm_u8", "pcm_f32le",
)  # fmt: skip
DEMUXERS = {
    "mov": "mov", "matroska": "matroska", "ogg": "ogg", "mp3": "mp3", "flac": "flac", "wav": "wav", "aac": "aac",
}  # fmt: skip
READING = {
    "codec_whitelist": ",".join(DECODERS),
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,flac,wav,aac",
    "protocol_whitelist": "none",
    "probesize": "5000000",
    "analyzeduration": "5000000",
    "max_streams": "20",
}
LENIENT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
"""Takes titles and the like that are no UTF-8; newer versions always do."""
SMALL_SIDE = 640
MAX_IN_PIXELS = 3840 * 2160
MAX_OUT_PIXELS = 1280 * 720
COPIED_PIXELS = 1920 * 1080
COPIED_BITS = 6_000_000
MAX_RATE = 60
MAX_RATE_IN = 120
MAX_RATE_LONG = 30
LONG_SECONDS = 180
"""A film that lasts longer is encoded with less care, so that it is done in time."""
VIDEO_BITS = 2_500_000
AUDIO_BITS = 128_000
GIFV_SECONDS = 30
NOT_A_FILM = "The file is damaged or is no video or audio we can play"


class Unreadable(Exception):
    """The file cannot be used; the text is for the person who sent it."""


def main() -> None:
    """Serve one request."""
    request = json.loads(sys.argv[1])
    output = io.FileIO(request["output"], "r+")
    _load_everything()
    _lock_up(request)
    try:
        answer, poster = convert(sys.stdin.buffer, output, request)
    except Unreadable as error:
        answer, poster = {"error": str(error)}, b""
    except MemoryError:
        answer, poster = {"error": "The video needs too much memory to be read"}, b""
    except Exception as error:  # whatever a codec throws means the same
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            os._exit(os.EX_TEMPFAIL)
        too_large = isinstance(error, OSError) and error.errno == errno.EFBIG
        words = "The video is too large, even when made smaller" if too_large else NOT_A_FILM
        answer, poster = {"error": words, "cause": f"{type(error).__name__}: {error}"[:300]}, b""
    answer["poster"] = len(poster)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + poster)
    sys.stdout.buffer.flush()
    os._exit(0)  # closing codecs in good order is not worth another line run in here


def convert(source: Any, output: io.FileIO, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return what is to be known of a film or sound, and its picture; write what is to be served into `output`."""
    film = _Film(source, request)
    copied = film.copies
    for attempt in (copied, dict.fromkeys(copied, False)):
        output.seek(0)
        output.truncate()
        try:
            written = film.write(output, attempt)
            break
        except (av.FFmpegError, ValueError):
            if not any(attempt.values()):
                raise
    return film.facts(written, attempt), film.poster


class _Film:
    """A stranger's file: what its tracks say, and its first picture. Raises Unreadable."""

    def __init__(self, source: Any, request: dict[str, Any]) -> None:
        self.source, self.request = source, request
        self.kind = request["format"]
        self.poster, self.size, self.turn = b"", (0, 0), 0
        with self.open() as container:
            video, audio = _tracks(container)
            if video is None and audio is None:
                raise Unreadable(NOT_A_FILM)
            self.is_film = video is not None
            self.has_sound = audio is not None
            self.seconds = (container.duration or 0) / 1_000_000
            self._check_length(self.seconds)
            self.rate = 0.0
            if video is not None:
                self._look_at(container, video)
            self.copies = {"video": False, "audio": False}
            if video is not None and self.kind in {"mov", "matroska"}:
                self.copies["video"] = self._plays_everywhere(video)
            if audio is not None:
                self.copies["audio"] = _sounds_everywhere(audio, film=self.is_film)
            self.extension = "mp4" if self.is_film else "mp3"
            if audio is not None and not self.is_film and audio.codec_context.codec.canonical_name == "aac":
                self.extension = "m4a"

    def open(self) -> Any:
        """Open the file from its start, as what its first bytes said, with no way to any other file."""
        self.source.seek(0)
        options = dict(READING)
        if self.kind == "mov":
            options |= {"enable_drefs": "0", "use_absolute_path": "0"}
        return av.open(
            self.source, "r", format=DEMUXERS[self.kind], container_options=options, io_open=_refuse, **LENIENT
        )

    def limit(self) -> float:
        """Return how many seconds such a file may last."""
        seconds: float = self.request["max_seconds" if self.is_film else "max_audio_seconds"]
        return seconds

    def _check_length(self, seconds: float) -> None:
        if seconds > self.limit():
            what = "video" if self.is_film else "audio"
            raise Unreadable(f"The {what} is longer than {round(self.limit() / 60)} minutes")

    def _look_at(self, container: Any, video: Any) -> None:
        context = video.codec_context
        if context.width * context.height > MAX_IN_PIXELS:
            raise Unreadable("The video has too many pixels")
        rate = video.average_rate or video.guessed_rate or 0
        self.rate = float(rate) if rate else 0.0
        if self.rate > 1000:  # a clock, not a rate: pictures come as they are stamped
            self.rate = 0.0
        if self.rate > MAX_RATE_IN + 1:
            raise Unreadable(f"The video has more than {MAX_RATE_IN} pictures a second")
        _restrict(video)
        for frame in container.decode(video):
            _check_frame(frame)
            self.size, self.turn = (frame.width, frame.height), round(frame.rotation / 90) * 90 % 360
            picture = frame.to_image()
            break
        else:
            raise Unreadable(NOT_A_FILM)
        picture.thumbnail((SMALL_SIDE, SMALL_SIDE))
        picture = picture.rotate(self.turn, expand=True)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=82)
        self.poster = buffer.getvalue()

    def _plays_everywhere(self, video: Any) -> bool:
        context = video.codec_context
        length = os.fstat(self.source.fileno()).st_size
        return (
            context.codec.canonical_name == "h264"
            and context.pix_fmt in {"yuv420p", "yuvj420p"}
            and self.turn == 0
            and self.size[0] * self.size[1] <= COPIED_PIXELS
            and 0 < self.rate <= MAX_RATE
            and self.seconds > 0
            and length * 8 / self.seconds <= COPIED_BITS
            and length <= self.request["max_bytes"]
            and (video.sample_aspect_ratio or 1) == 1
        )

    def write(self, output: io.FileIO, copied: dict[str, bool]) -> "_Written":
        """Write the file that is served. Raises Unreadable, and what the codecs raise."""
        options = {"fflags": "+bitexact"}
        form = {"mp4": "mp4", "m4a": "ipod", "mp3": "mp3"}[self.extension]
        if form == "mp3":
            options["id3v2_version"] = "0"
        else:
            options["movflags"] = "+faststart"
        target = av.open(
            output, "w", format=form, container_options=options, io_open=lambda *_: _Again(output.fileno())
        )
        with self.open() as container, target:
            video, audio = _tracks(container)
            tracks: dict[int, _Track] = {}
            if video is not None:
                tracks[video.index] = _CopiedVideo(target, video) if copied["video"] else _NewVideo(target, video, self)
            if audio is not None:
                made = _CopiedAudio(target, audio) if copied["audio"] else _NewAudio(target, audio, self.extension)
                tracks[audio.index] = made
            latest = 0.0
            for packet in container.demux([stream for stream in (video, audio) if stream is not None]):
                if packet.pts is not None and packet.dts is not None:
                    ends = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    latest = max(latest, ends)
                    self._check_length(latest - 1)
                tracks[packet.stream.index].take(packet)
            for track in tracks.values():
                track.finish()
            if not all(track.count for track in tracks.values()):
                raise Unreadable(NOT_A_FILM)
            size = next((track.size for track in tracks.values() if track.size), (0, 0))
            pictures = tracks[video.index].count if video is not None else 0
            sound = _sound_facts(audio) if audio is not None else None
        return _Written(latest, size, pictures, sound, os.fstat(output.fileno()).st_size)

    def facts(self, written: "_Written", copied: dict[str, bool]) -> dict[str, Any]:
        """Return the answer to the one who asked."""
        seconds = written.seconds or self.seconds
        kind = "audio"
        if self.is_film:
            kind = "gifv" if not self.has_sound and seconds <= GIFV_SECONDS else "video"
        return {
            "kind": kind,
            "extension": self.extension,
            "seconds": round(seconds, 3),
            "bitrate": round(written.bytes_ * 8 / seconds) if seconds > 0 else 0,
            "width": written.size[0],
            "height": written.size[1],
            "rate": [*Fraction(min(self.rate or written.pictures / seconds, MAX_RATE)).limit_denominator(1001)
                     .as_integer_ratio()] if self.is_film and seconds > 0 else None,
            "sound": written.sound,
            "copied": [name for name, is_copied in copied.items() if is_copied],
        }  # fmt: skip


class _Written:
    def __init__(
        self, seconds: float, size: tuple[int, int], pictures: int, sound: dict[str, Any] | None, bytes_: int
    ) -> None:
        self.seconds, self.size, self.pictures, self.sound, self.bytes_ = seconds, size, pictures, sound, bytes_


class _Track:
    """One track of what is written: takes the packets of its source in order."""

    def __init__(self) -> None:
        self.count = 0
        self.size: tuple[int, int] | None = None

    def take(self, packet: Any) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        """Write what is held back."""


class _CopiedVideo(_Track):
    def __init__(self, target: Any, source: Any) -> None:
        super().__init__()
        self.target, self.stream = target, target.add_stream_from_template(source)
        self.stream.metadata.clear()
        self.size = (source.codec_context.width, source.codec_context.height)
        # NAL unit type 6 is supplemental information: captions, and whatever a camera or editor noted
        self.bare = BitStreamFilterContext("filter_units=remove_types=6", source, self.stream)

    def take(self, packet: Any) -> None:
        if packet.dts is None:
            return
        for made in self.bare.filter(packet):
            made.stream = self.stream
            self.target.mux(made)
            self.count += 1

    def finish(self) -> None:
        for made in self.bare.filter(None):
            made.stream = self.stream
            self.target.mux(made)


class _CopiedAudio(_Track):
    def __init__(self, target: Any, source: Any) -> None:
        super().__init__()
        self.target, self.stream = target, target.add_stream_from_template(source)
        self.stream.metadata.clear()

    def take(self, packet: Any) -> None:
        if packet.dts is None:
            return
        packet.stream = self.stream
        self.target.mux(packet)
        self.count += 1


class _NewVideo(_Track):
    """Pictures decoded, turned, made smaller where they are large, and encoded as H.264."""

    def __init__(self, target: Any, source: Any, film: _Film) -> None:
        super().__init__()
        _restrict(source)
        self.target, self.source, self.film = target, source, film
        scale = min(1.0, (MAX_OUT_PIXELS / (film.size[0] * film.size[1])) ** 0.5)
        ratio = float(source.sample_aspect_ratio or 1)
        stretch = ratio if 0.2 < ratio < 5 else 1.0
        self.drawn = (_even(film.size[0] * scale * stretch), _even(film.size[1] * scale))
        self.size = self.drawn if film.turn % 180 == 0 else (self.drawn[1], self.drawn[0])
        self.stream = target.add_stream("libx264", rate=min(round(film.rate) or 30, MAX_RATE))
        self.stream.width, self.stream.height = self.size
        self.stream.pix_fmt = "yuv420p"
        self.stream.time_base = self.stream.codec_context.time_base = Fraction(1, 90_000)
        is_long = film.seconds > LONG_SECONDS
        self.pace = "ultrafast" if film.seconds > 2 * LONG_SECONDS else "superfast" if is_long else "veryfast"
        self.gap = 90_000 // (MAX_RATE_LONG if is_long else MAX_RATE) - 100
        bits = VIDEO_BITS
        if film.seconds:
            bits = min(bits, max(100_000, int(film.request["max_bytes"] * 8 * 0.8 / film.seconds) - AUDIO_BITS))
        self.stream.codec_context.thread_count = 1
        self.stream.options = {
            "preset": self.pace, "crf": "25", "maxrate": str(bits), "bufsize": str(2 * bits), "g": "120",
            "profile": "high", "threads": "1",
        }  # fmt: skip
        self.reformatter, self.graph = VideoReformatter(), _turning(film.turn, self.drawn)
        self.last = -(10**15)

    def take(self, packet: Any) -> None:
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            return  # a damaged picture; the others may be whole
        for frame in frames:
            self._draw(frame)

    def _draw(self, frame: Any) -> None:
        _check_frame(frame)
        if frame.pts is None or frame.time_base is None:
            return
        at = int(frame.pts * frame.time_base * 90_000)
        if at < self.last + self.gap:  # too fast, or not after the last one
            return
        self.last = at
        made = self.reformatter.reformat(frame, *self.drawn, "yuv420p")
        if self.graph is not None:
            made.pts, made.time_base = at, Fraction(1, 90_000)
            self.graph.push(made)
            made = self.graph.pull()
        made.pts, made.time_base = at, Fraction(1, 90_000)
        made.pict_type = 0
        self.count += 1
        self.target.mux(self.stream.encode(made))

    def finish(self) -> None:
        self.target.mux(self.stream.encode(None))


class _NewAudio(_Track):
    """Sound decoded and encoded as AAC, for a film or an m4a file, or as MP3."""

    def __init__(self, target: Any, source: Any, extension: str) -> None:
        super().__init__()
        self.target = target
        rate = 44_100 if source.codec_context.sample_rate == 44_100 else 48_000
        codec, layout = ("libmp3lame", "fltp") if extension == "mp3" else ("aac", "fltp")
        self.stream = target.add_stream(codec, rate=rate)
        channels = "mono" if source.codec_context.channels == 1 else "stereo"
        self.stream.codec_context.layout = channels
        self.stream.codec_context.bit_rate = AUDIO_BITS
        self.resampler = AudioResampler(layout, channels, rate, 1152 if extension == "mp3" else 1024)

    def take(self, packet: Any) -> None:
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:
            return
        for frame in frames:
            for made in self.resampler.resample(frame):
                self.count += 1
                self.target.mux(self.stream.encode(made))

    def finish(self) -> None:
        if self.count or self.resampler.graph is not None:
            for made in self.resampler.resample(None):
                self.count += 1
                self.target.mux(self.stream.encode(made))
        self.target.mux(self.stream.encode(None))


class _Again(io.RawIOBase):
    """Reads what was written, by the same open file: the muxer moves its index to the front with it."""

    def __init__(self, number: int) -> None:
        self.number, self.at = number, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: os.fstat(self.number).st_size}[whence]
        self.at = base + offset
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int = -1) -> bytes:
        data = os.pread(self.number, size if size >= 0 else 1 << 20, self.at)
        self.at += len(data)
        return data


def _tracks(container: Any) -> tuple[Any, Any]:
    """Return the first picture track, which is no cover, and the first sound track."""
    cover = av.stream.Disposition.attached_pic
    films = [stream for stream in container.streams.video if not stream.disposition & cover]
    if container.format.name in {"mp3", "flac", "wav", "aac"}:
        films = []
    return next(iter(films), None), next(iter(container.streams.audio), None)


def _restrict(video: Any) -> None:
    video.thread_type = "NONE"
    video.codec_context.thread_count = 1
    video.codec_context.options = {"max_pixels": str(MAX_IN_PIXELS)}


def _check_frame(frame: Any) -> None:
    if not 0 < frame.width * frame.height <= MAX_IN_PIXELS:
        raise Unreadable("The video has too many pixels")


def _sounds_everywhere(audio: Any, *, film: bool) -> bool:
    context = audio.codec_context
    name = context.codec.canonical_name
    plain = 1 <= context.channels <= 2 and 8_000 <= context.sample_rate <= 48_000
    if name == "aac":
        return plain and context.profile in {"LC", "HE-AAC", "HE-AACv2"}
    return name == "mp3" and plain and not film


def _sound_facts(audio: Any) -> dict[str, Any]:
    context = audio.codec_context
    return {"codec": context.codec.canonical_name, "rate": context.sample_rate, "channels": min(context.channels, 2)}


def _turning(turn: int, size: tuple[int, int]) -> Any:
    """Return a filter that turns pictures by `turn` degrees against the clock, None when they stand upright."""
    steps = {0: (), 90: ("cclock",), 180: ("cclock", "cclock"), 270: ("clock",)}[turn]
    if not steps:
        return None
    graph = Graph()
    nodes = [
        graph.add_buffer(width=size[0], height=size[1], format=VideoFormat("yuv420p"), time_base=Fraction(1, 90_000))
    ]
    nodes += [graph.add("transpose", step) for step in steps]
    nodes.append(graph.add("buffersink"))
    for before, after in itertools.pairwise(nodes):
        before.link_to(after)
    graph.configure()
    return graph


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def _refuse(url: str, _flags: int, _options: dict[str, Any]) -> Any:
    raise PermissionError(f"nothing else is opened: {url[:100]}")


def _load_everything() -> None:
    """Import what the libraries would import when they need it: later nothing can be opened."""
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    Image.new("RGB", (1, 1)).save(io.BytesIO(), "JPEG")


def _lock_up(request: dict[str, Any]) -> None:
    """Give up what a decoder does not need. After this nothing can be opened any more."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: dies with its parent
        libc.prctl(4, 0)  # PR_SET_DUMPABLE: nobody of the same user looks inside
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        if os.getppid() == 1 and request["parent"] != 1:
            os._exit(1)
    with contextlib.suppress(OSError):
        os.nice(10)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    av.logging.set_level(None)
    for limit, bound in (
        (resource.RLIMIT_AS, request["max_memory"]),
        (resource.RLIMIT_CPU, request["max_cpu_seconds"]),
        (resource.RLIMIT_FSIZE, request["max_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        with contextlib.suppress(ValueError):  # a bound that the machine set lower already
            resource.setrlimit(limit, (bound, bound))


if __name__ == "__main__":
    main()
