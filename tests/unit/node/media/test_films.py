"""Films and sounds are made safe in a child that can open nothing: attack rows 82, 85, 86, 114."""

import asyncio
import contextlib
import io
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from node.accounts.models import Account
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.media import films, processing, uploads
from node.media.attaching import detach_media
from node.media.films import CPU_SECONDS, MEMORY
from node.media.models import FAILED, PROCESSING, READY, Media
from node.media.processing import GIVEN_UP, LEASE, MAX_TRIES, take_next
from node.media.queries import count_waiting, find_media, has_waiting
from node.media.service import prune_media, remove_discarded
from node.media.sniffing import film_format
from node.media.storage import find_file, incoming_dir, incoming_file
from node.media.uploads import MAX_WAITING, receive_upload
from node.media.views import media_view
from tests.support.films import film, lasting, opened, sound, sound_with_cover, turned, with_stts_delta
from tests.unit.node.media.pictures import animation, picture


def all_files(runtime: Runtime) -> list[Path]:
    return sorted(path for path in runtime.settings.media_dir.rglob("*") if path.is_file())


async def send(runtime: Runtime, ann: Account, data: bytes, **words: Any) -> Media:
    """Upload and convert."""
    return await receive_upload(runtime, ann.id, io.BytesIO(data), wait_seconds=60, **words)


async def row(runtime: Runtime, media_id: int) -> Media | None:
    async with runtime.read() as reader:
        return await find_media(reader, media_id)


def bytes_of(runtime: Runtime, key: str) -> bytes:
    path = find_file(runtime.settings.media_dir, key)
    assert path is not None
    return path.read_bytes()


@pytest.mark.parametrize(
    ("data", "kind", "media_type", "codecs"),
    [
        (film(), "video", "video/mp4", ["h264", "aac"]),
        (film(sound=None), "gifv", "video/mp4", ["h264"]),
        (film("mov", video="mpeg4"), "video", "video/mp4", ["h264", "aac"]),
        (film("webm", video="libvpx-vp9", sound="libopus"), "video", "video/mp4", ["h264", "aac"]),
        (film("matroska"), "video", "video/mp4", ["h264", "aac"]),
        (sound(), "audio", "audio/mpeg", ["mp3float"]),
        (sound("ogg", "libopus"), "audio", "audio/mpeg", ["mp3float"]),
        (sound("flac", "flac"), "audio", "audio/mpeg", ["mp3float"]),
        (sound("wav", "pcm_s16le"), "audio", "audio/mpeg", ["mp3float"]),
        (sound("ipod", "aac"), "audio", "audio/mp4", ["aac"]),
        (sound("adts", "aac"), "audio", "audio/mp4", ["aac"]),
    ],
    ids=["mp4", "silent", "mov", "webm", "mkv", "mp3", "opus", "flac", "wav", "m4a", "aac"],
)
async def test_every_accepted_kind_plays_in_every_browser(
    runtime: Runtime, ann: Account, data: bytes, kind: str, media_type: str, codecs: list[str]
) -> None:
    media = await send(runtime, ann, data, description="A test", focus=(0.5, 0.5))
    assert (media.state, media.kind, media.media_type, media.description) == (READY, kind, media_type, "A test")
    made = bytes_of(runtime, media.storage_key)
    with opened(made) as container:
        assert [stream.codec_context.name for stream in container.streams] == codecs
        assert 0.8 < container.duration / 1e6 < 1.4
    shown = media_view(media, settings=runtime.settings)
    assert shown["url"].endswith(media.storage_key)
    assert shown["meta"]["original"]["duration"] == shown["meta"]["duration"]
    if kind == "audio":
        assert (shown["preview_url"], shown["blurhash"]) == (None, None)
        assert shown["meta"]["audio_channels"] == "mono"
        assert made[:3] != b"ID3"
    else:
        assert shown["preview_url"].endswith(".jpg")
        assert shown["blurhash"]
        assert shown["meta"]["original"]["frame_rate"] == "10/1"
        assert shown["meta"]["small"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 64 / 48}
        assert made.index(b"moov") < made.index(b"mdat"), "players begin before all has come"
    assert not list(incoming_dir(runtime.settings.media_dir).iterdir())
    assert media.bytes_ == sum(path.stat().st_size for path in all_files(runtime))


async def test_a_film_stands_upright_and_within_bounds(runtime: Runtime, ann: Account) -> None:
    media = await send(runtime, ann, turned(film(size=(64, 32))))
    with opened(bytes_of(runtime, media.storage_key)) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (32, 64)
    drawn = frame.to_image()
    left, right = drawn.getpixel((4, 32)), drawn.getpixel((28, 32))
    assert right[0] > 150 > left[0], "what was above is to the right now: turned with the clock"
    large = await send(runtime, ann, film(size=(2560, 1440), seconds=0.2))
    assert large.meta["original"]["width"] * large.meta["original"]["height"] <= 1280 * 720
    assert large.meta["small"]["width"] == 640


async def test_row_86_nothing_but_pictures_and_sound_survives(runtime: Runtime, ann: Account) -> None:
    words = {"title": "SECRET", "comment": "SECRET", "location": "+52.5310+013.3849/", "artist": "SECRET"}
    told = film(words=words, **{"x264-params": "sei-test=1"})
    assert b"SECRET" in told
    assert b"x264" in told, "an encoder wrote its settings between the pictures"
    for data in (
        told,
        turned(told),
        film("matroska", words=words),
        sound(words=words),
        sound("flac", "flac", words=words),
    ):
        media = await send(runtime, ann, data)
        made = bytes_of(runtime, media.storage_key)
        assert b"SECRET" not in made
        assert b"52.53" not in made
        with opened(made) as container:
            assert not set(container.metadata) - {"major_brand", "minor_version", "compatible_brands"}
    media = await send(runtime, ann, told)
    assert b"x264" not in bytes_of(runtime, media.storage_key)


async def test_words_that_are_no_text_harm_no_film(runtime: Runtime, ann: Account) -> None:
    """What cameras and old programs wrote into titles, in the letters of their country."""
    for data in (film(words={"title": "TITLE"}), film("matroska", words={"title": "TITLE"})):
        garbled = data.replace(b"TITLE", b"\xe9\xff\xfe\xc3\x28")
        assert garbled != data
        assert (await send(runtime, ann, garbled)).state == READY


async def test_row_86_covers_subtitles_and_attachments_are_left_out(runtime: Runtime, ann: Account) -> None:
    media = await send(runtime, ann, sound_with_cover())
    assert (media.kind, media.preview_key) == ("audio", "")
    with opened(bytes_of(runtime, media.storage_key)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def damaged(data: bytes, seed: int) -> bytes:
    dice, changed = random.Random(seed), bytearray(data)
    for _ in range(200):
        changed[dice.randrange(64, len(changed))] ^= dice.randrange(256)
    return bytes(changed)


FTYP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@pytest.mark.parametrize(
    "data",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        FTYP + b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nhttp://127.0.0.1/x\n",
        b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"[Script Info]\nFontname: x",
        b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Note"}',
        FTYP + b"\0" * 200,
        b"\x1aE\xdf\xa3" + bytes(300),
        b"OggS" + bytes(300),
        b"ID3\x04\0\0\0\0\0\0" + b"<script>" * 40,
        b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(60),
        film()[:700],
        lasting(film("mov", video="mpeg4"), 100),
        film(size=(64, 48)).replace(b"avc1\0\0", b"evil\0\0"),
        film("mp4", rate=240, seconds=0.2),
    ],
    ids=range(17),
)
async def test_rows_82_and_85_what_is_hostile_is_refused_and_leaves_nothing(
    runtime: Runtime, ann: Account, data: bytes
) -> None:
    with contextlib.suppress(Invalid):
        media = await send(runtime, ann, data)
        assert media.meta["original"]["duration"] < 5, "a header lied; what is there was taken"
    assert not list(incoming_dir(runtime.settings.media_dir).iterdir())
    async with runtime.read() as reader:
        assert await count_waiting(reader, ann.id) == 0
    for path in all_files(runtime):
        assert path.suffix in {".mp4", ".jpg"}


@pytest.mark.parametrize("data", [b"#EXTM3U\n", b"<svg/>", b"GIF89a=1;alert(1);//", b"%PDF-1.7", b"MZ\x90", b""])
async def test_row_82_what_is_neither_is_refused_at_the_door(runtime: Runtime, ann: Account, data: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        await receive_upload(runtime, ann.id, io.BytesIO(data))
    assert list(caught.value.fields) == ["file"]
    assert all_files(runtime) == []


@pytest.mark.parametrize("seed", range(6))
async def test_row_85_damage_harms_the_child_alone(runtime: Runtime, ann: Account, seed: int) -> None:
    whole = [film(), film("webm", video="libvpx-vp9", sound="libopus"), sound(), sound("ogg", "libopus")]
    with contextlib.suppress(Invalid):
        await send(runtime, ann, damaged(whole[seed % 4], seed))
    assert not [path for path in all_files(runtime) if path.suffix == ".part"]


async def test_row_85_a_rate_of_nothing_and_lying_lengths(runtime: Runtime, ann: Account) -> None:
    honest = film(sound=None)
    for data in (with_stts_delta(honest, 0), with_stts_delta(honest, 2**31 - 1), lasting(honest, 100)):
        with contextlib.suppress(Invalid):
            media = await send(runtime, ann, data)
            assert media.meta["original"]["duration"] < 5
    assert not list(incoming_dir(runtime.settings.media_dir).iterdir())


async def test_row_85_too_long_and_too_large_is_said_in_plain_words(runtime: Runtime, ann: Account) -> None:
    object.__setattr__(runtime.settings, "max_video_seconds", 1)
    with pytest.raises(Invalid, match="longer than"):
        await send(runtime, ann, film(seconds=3, rate=4))
    object.__setattr__(runtime.settings, "max_video_bytes", 2000)
    with pytest.raises(Invalid, match="at most 1 KiB"):
        await send(runtime, ann, film())
    assert all_files(runtime) == []


def test_row_85_the_child_can_open_nothing_any_more(tmp_path: Path) -> None:
    """No file, no socket, no process: whatever a playlist or a broken codec would have it do."""
    script = f"""
import runpy, socket, subprocess, os, sys, json
film = runpy.run_path({str(films._ENCODER)!r})
film["_load_everything"]()
film["_lock_up"](
    {{"max_memory": {MEMORY}, "max_cpu_seconds": {CPU_SECONDS}, "max_bytes": 1000, "parent": {os.getpid()}}}
)
said = []
for name, act in (
    ("file", lambda: open("/etc/passwd")),
    ("write", lambda: open("{tmp_path}/x", "w")),
    ("socket", lambda: socket.socket()),
    ("process", lambda: subprocess.run(["true"])),
    ("pipe", lambda: os.pipe()),
):
    try:
        act()
        said.append(name)
    except OSError:
        pass
print(json.dumps(said))
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, env={}, check=True)
    assert json.loads(done.stdout) == []


@pytest.fixture
def deadly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An encoder that every file kills."""
    script = tmp_path / "deadly.py"
    script.write_text("import os; os.abort()")
    monkeypatch.setattr(films, "_ENCODER", script)
    return script


async def test_row_114_a_file_that_kills_is_given_up_with_its_reason(
    runtime: Runtime, ann: Account, deadly: Path
) -> None:
    media = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    assert (media.state, media.kind) == (PROCESSING, "video")
    for _ in range(MAX_TRIES):
        assert await take_next(runtime)
        runtime.clock.advance(minutes=2)  # type: ignore[attr-defined]
    assert not await take_next(runtime)
    found = await row(runtime, media.id)
    assert found is not None
    assert (found.state, found.problem, found.due_at) == (FAILED, GIVEN_UP, None)
    assert all_files(runtime) == []


async def test_row_114_an_encoder_that_hangs_is_stopped(
    runtime: Runtime, ann: Account, deadly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly.write_text("import time; time.sleep(600)")
    monkeypatch.setattr(films, "WALL_SECONDS", 0.2)
    with pytest.raises(Invalid, match="too long to convert"):
        await send(runtime, ann, film())
    assert all_files(runtime) == []


async def test_a_killed_worker_loses_nothing(runtime: Runtime, ann: Account) -> None:
    """Its claim runs out, and the sweep finds the row."""
    media = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    async with runtime.write() as uow:  # a worker claims it and is never heard of again
        await uow.write(update(Media).where(Media.id == media.id).values(due_at=runtime.now() + LEASE, attempts=1))
    async with runtime.read() as reader:
        assert not await has_waiting(reader, runtime.now())
    runtime.clock.advance(seconds=61)  # type: ignore[attr-defined]
    async with runtime.read() as reader:
        assert await has_waiting(reader, runtime.now())
    assert await take_next(runtime)
    found = await row(runtime, media.id)
    assert found is not None
    assert found.state == READY


async def test_a_worker_that_stops_gives_its_file_back(
    runtime: Runtime, ann: Account, deadly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def slowly(*_: Any) -> Any:
        started.set()
        await asyncio.Event().wait()

    media = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    with monkeypatch.context() as patch:
        patch.setattr(processing, "convert", slowly)
        task = asyncio.create_task(take_next(runtime))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    found = await row(runtime, media.id)
    assert found is not None
    assert (found.state, found.attempts) == (PROCESSING, 0)
    async with runtime.read() as reader:
        assert await has_waiting(reader, runtime.now())


async def test_what_was_deleted_meanwhile_leaves_nothing(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    convert = processing.convert

    async def interrupted(*args: Any) -> Any:
        made = await convert(*args)
        async with runtime.write() as uow:
            await detach_media(uow, [media.id])
        return made

    monkeypatch.setattr(processing, "convert", interrupted)
    assert await take_next(runtime)
    assert await remove_discarded(runtime) == 1
    assert all_files(runtime) == []


async def test_a_thumbnail_that_comes_meanwhile_stays(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    convert, given = processing.convert, []

    async def interrupted(*args: Any) -> Any:
        made = await convert(*args)
        if not given:
            given.append(await uploads.store_thumbnail(runtime, io.BytesIO(picture())))
            async with runtime.write() as uow:
                await uploads.put_thumbnail(runtime, uow, media, given[0])
        return made

    monkeypatch.setattr(processing, "convert", interrupted)
    assert await take_next(runtime)
    assert await take_next(runtime), "it is due again at once"
    found = await row(runtime, media.id)
    assert found is not None
    assert (found.state, found.preview_key) == (READY, given[0].key)
    assert {path.name for path in all_files(runtime)} == {found.storage_key, found.preview_key}


async def test_row_59_few_may_wait_at_a_time(runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    data = film()
    for _ in range(MAX_WAITING):
        await receive_upload(runtime, ann.id, io.BytesIO(data))
    with pytest.raises(Invalid, match="still being processed"):
        await receive_upload(runtime, ann.id, io.BytesIO(data))
    assert len(all_files(runtime)) == MAX_WAITING
    monkeypatch.setattr(uploads, "MAX_UNATTACHED", MAX_WAITING)
    with pytest.raises(Invalid, match="too many uploads"):
        await receive_upload(runtime, ann.id, io.BytesIO(picture()))


async def test_pruning_clears_what_nobody_waits_for(runtime: Runtime, ann: Account) -> None:
    media_dir = runtime.settings.media_dir
    waiting = await receive_upload(runtime, ann.id, io.BytesIO(film()))
    incoming_file(media_dir, 4711).write_bytes(b"x")
    (incoming_dir(media_dir) / ".aa.part").write_bytes(b"x")
    assert "media_files" not in await prune_media(runtime, whole=True)
    for path in all_files(runtime):
        os.utime(path, (1, 1))
    assert (await prune_media(runtime, whole=True))["media_files"] == 2
    assert all_files(runtime) == [incoming_file(media_dir, waiting.id)]
    runtime.clock.advance(hours=25)  # type: ignore[attr-defined]
    await prune_media(runtime, whole=True)
    assert all_files(runtime) == []


async def test_a_picture_may_stand_for_a_sound(runtime: Runtime, ann: Account) -> None:
    media = await send(runtime, ann, sound(), thumbnail=io.BytesIO(picture("JPEG", (900, 600))))
    shown = media_view(media, settings=runtime.settings)
    assert shown["preview_url"].endswith(media.preview_key)
    assert shown["meta"]["small"]["size"] == "640x427"
    assert shown["blurhash"]
    assert shown["meta"]["original"]["duration"]
    with pytest.raises(Invalid) as caught:
        await send(runtime, ann, sound(), thumbnail=io.BytesIO(b"<svg/>"))
    assert list(caught.value.fields) == ["thumbnail"]


async def test_an_animated_picture_stays_one(runtime: Runtime, ann: Account) -> None:
    media = await receive_upload(runtime, ann.id, io.BytesIO(animation("GIF")))
    assert (media.kind, media.media_type, media.state) == ("image", "image/gif", READY)


async def test_a_node_without_the_engine_says_so(
    runtime: Runtime, ann: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "has_engine", lambda: False)
    with pytest.raises(Invalid, match="takes pictures only"):
        await receive_upload(runtime, ann.id, io.BytesIO(film()))
    assert all_files(runtime) == []


def test_long_lived_processes_do_not_load_the_decoders() -> None:
    """Memory: nothing that a web process or worker imports may bring in the libraries."""
    code = "import admin.serve, admin.jobs, sys; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_formats_are_told_by_their_first_bytes() -> None:
    assert film_format(film()) == "mov"
    assert film_format(sound("adts", "aac")) == "aac"
    assert film_format(sound()) == "mp3"
    assert film_format(picture("AVIF")) is None
    assert film_format(b"") is None
