"""Uploads, avatars and their files: attack rows 82, 83, 86, 87."""

import asyncio
import contextlib
import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select

from node.accounts.models import Account
from node.base.errors import Invalid
from node.base.runtime import Runtime
from node.media.models import Media
from node.media.queries import find_media
from node.media.rules import parse_focus
from node.media.service import (
    describe,
    prune_media,
    remove_discarded,
    store_avatar,
    store_header,
    store_upload,
)
from node.media.storage import find_file, new_key, write_file
from node.media.views import media_view
from node.posts.service import withdraw
from tests.support.make import make_post
from tests.unit.node.media.pictures import animation, opened, picture, tattling_jpeg, tattling_png


def stored_files(runtime: Runtime) -> list[Path]:
    return sorted(path for path in runtime.settings.media_dir.glob("files/*/*") if path.is_file())


def file_of(runtime: Runtime, key: str) -> bytes:
    path = find_file(runtime.settings.media_dir, key)
    assert path is not None
    return path.read_bytes()


@pytest.mark.parametrize(
    ("given", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/png"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/jpeg"),
    ],
)
async def test_every_accepted_kind_is_drawn_anew(runtime: Runtime, ann: Account, given: str, media_type: str) -> None:
    media = await store_upload(runtime, ann.id, picture(given), description=" alt\x00 ", focus=(0.5, -1))
    assert (media.media_type, media.description, media.kind) == (media_type, "alt", "image")
    shown = media_view(media, settings=runtime.settings)
    assert shown["url"] == shown["preview_url"] == f"{runtime.settings.public_url}/media/{media.storage_key}"
    assert shown["meta"]["original"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 64 / 48}
    assert shown["meta"]["focus"] == {"x": 0.5, "y": -1.0}
    assert len(shown["blurhash"]) == 4 + 2 * 4 * 3
    assert opened(file_of(runtime, media.storage_key)).size == (64, 48)


async def test_row_86_nothing_but_pixels_survives_and_the_picture_stands_upright(
    runtime: Runtime, ann: Account
) -> None:
    for data, size in ((tattling_jpeg(), (40, 80)), (tattling_png(), (64, 48))):
        assert b"SECRET" in data
        media = await store_upload(runtime, ann.id, data)
        written = file_of(runtime, media.storage_key)
        assert b"SECRET" not in written
        found = opened(written)
        assert found.size == size
        assert not found.getexif()
    assert len(stored_files(runtime)) == 2


async def test_large_pictures_get_a_small_one_and_bounds(runtime: Runtime, ann: Account) -> None:
    media = await store_upload(runtime, ann.id, picture("JPEG", (5000, 2500)))
    large, small = opened(file_of(runtime, media.storage_key)), opened(file_of(runtime, media.preview_key))
    assert large.width * large.height <= 3840 * 2160
    assert small.size == (640, 320)
    assert media.meta["small"]["size"] == "640x320"
    assert media.bytes_ == sum(path.stat().st_size for path in stored_files(runtime))


@pytest.mark.parametrize("format_", ["GIF", "WEBP"])
async def test_animations_stay_animated(runtime: Runtime, ann: Account, format_: str) -> None:
    media = await store_upload(runtime, ann.id, animation(format_))
    assert getattr(opened(file_of(runtime, media.storage_key)), "n_frames", 1) == 4


def png_bomb(width: int, height: int) -> bytes:
    """Return a PNG that claims `width` x `height` and is a few bytes long."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"#!/bin/sh",
        b"GIF89a=1;alert(1);//",
        b"\xff\xd8\xff" + os.urandom(2000),
        b"\x00\x00\x00\x18ftypmp42" + b"\0" * 100,
        b"RIFF\x00\x00\x00\x00WEBP" + b"\0" * 100,
        picture("PNG")[:60],
        picture("BMP"),
        picture("TIFF"),
        png_bomb(60_000, 60_000),
        png_bomb(9_000, 9_000),
    ],
    ids=range(15),
)
async def test_row_82_what_is_no_picture_is_refused_and_leaves_nothing(
    runtime: Runtime, ann: Account, data: bytes
) -> None:
    with pytest.raises(Invalid) as caught:
        await store_upload(runtime, ann.id, data)
    assert list(caught.value.fields) == ["file"]
    with pytest.raises(Invalid):
        await store_avatar(runtime, ann.id, data)
    assert stored_files(runtime) == []
    async with runtime.read() as reader:
        assert await reader.scalars(select(Media)) == []


async def test_a_file_beyond_the_limit_is_refused_unread(runtime: Runtime, ann: Account) -> None:
    data = b"\x89PNG\r\n\x1a\n" + b"\0" * runtime.settings.max_media_bytes
    with pytest.raises(Invalid, match="at most"):
        await store_upload(runtime, ann.id, data)


async def test_row_59_words_and_points_have_bounds(runtime: Runtime, ann: Account) -> None:
    with pytest.raises(Invalid) as caught:
        await store_upload(runtime, ann.id, picture(), description="a" * 1501)
    assert list(caught.value.fields) == ["description"]
    for wrong in ("2,0", "a,b", "1", "nan,0", "0,0,0", "inf,0"):
        with pytest.raises(Invalid):
            parse_focus(wrong)
    assert parse_focus("-0.5, 1") == (-0.5, 1.0)
    assert parse_focus("") is None
    media = await store_upload(runtime, ann.id, picture())
    async with runtime.write() as uow:
        await describe(uow, media, description="new", focus=(1, 1))
    async with runtime.read() as reader:
        found = await find_media(reader, media.id)
    assert found is not None
    assert (found.description, found.focus_x) == ("new", 1.0)


async def test_avatars_and_headers_have_their_shape(runtime: Runtime, ann: Account) -> None:
    avatar = await store_avatar(runtime, ann.id, tattling_jpeg())
    header = await store_header(runtime, ann.id, animation())
    assert opened(file_of(runtime, avatar)).size == (400, 400)
    found = opened(file_of(runtime, header))
    assert (found.size, getattr(found, "n_frames", 1)) == ((1500, 500), 1)


async def test_row_83_keys_are_names_and_nothing_else(runtime: Runtime) -> None:
    media_dir = runtime.settings.media_dir
    secret = media_dir.parent / "secret.png"
    secret.write_bytes(b"x")
    for key in (
        "../secret.png",
        "..%2fsecret.png",
        "/etc/passwd",
        "",
        "a.png",
        new_key("svg"),
        new_key("png") + "\x00",
    ):
        assert find_file(media_dir, key) is None
    key = new_key("png")
    write_file(media_dir, key, b"data")
    assert file_of(runtime, key) == b"data"
    assert len({new_key("png") for _ in range(100)}) == 100


async def test_row_87_files_go_with_their_post(runtime: Runtime, ann: Account) -> None:
    media = await store_upload(runtime, ann.id, picture("JPEG", (900, 700)))
    kept = await store_upload(runtime, ann.id, picture())
    post = await make_post(runtime, ann, "look", media_ids=(media.id,))
    assert await remove_discarded(runtime) == 0
    async with runtime.write() as uow:
        await withdraw(uow, post, now=runtime.now())
    assert await remove_discarded(runtime) == 1
    assert find_file(runtime.settings.media_dir, media.storage_key) is None
    assert find_file(runtime.settings.media_dir, media.preview_key) is None
    assert find_file(runtime.settings.media_dir, kept.storage_key) is not None


async def test_pruning_takes_what_nobody_uses_and_nothing_else(runtime: Runtime, ann: Account) -> None:
    attached = await store_upload(runtime, ann.id, picture())
    await make_post(runtime, ann, "look", media_ids=(attached.id,))
    forgotten = await store_upload(runtime, ann.id, picture())
    avatar = await store_avatar(runtime, ann.id, picture())
    orphan = await store_avatar(runtime, ann.id, picture())
    async with runtime.write() as uow:
        account = await uow.scalar(select(Account).where(Account.id == ann.id))
        account.avatar_key = avatar
    assert await prune_media(runtime, whole=True) == {}, "young files may belong to a transaction under way"
    runtime.clock.advance(hours=25)  # type: ignore[attr-defined]
    for path in stored_files(runtime):
        os.utime(path, (1, 1))
    assert await prune_media(runtime, whole=True) == {"media": 1, "media_files": 1}
    keys = {path.name for path in stored_files(runtime)}
    assert keys == {attached.storage_key, avatar}
    assert {forgotten.storage_key, orphan}.isdisjoint(keys)


async def test_many_uploads_at_once(runtime: Runtime, ann: Account) -> None:
    made = await asyncio.gather(*(store_upload(runtime, ann.id, picture()) for _ in range(5)))
    assert len({media.storage_key for media in made}) == 5


async def test_the_encoder_survives_hostile_input_by_dying_alone(runtime: Runtime, ann: Account) -> None:
    """Rows 82, 85: random damage in real files is an Invalid or a picture, never anything else."""
    for seed, format_ in enumerate(("PNG", "JPEG", "GIF", "WEBP", "AVIF")):
        data = bytearray(picture(format_))
        for offset in range(20, len(data), 37):
            data[offset] ^= (seed * 31 + offset) & 0xFF
        with contextlib.suppress(Invalid):
            await store_upload(runtime, ann.id, bytes(data))


def test_pictures_of_the_tests_are_what_they_say() -> None:
    assert opened(picture("AVIF")).format == "AVIF"
    assert io.BytesIO(tattling_png()).read()[-9:] == b"</script>"
