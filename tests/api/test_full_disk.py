"""A disk without room: refused in plain words and for now, nothing half stored, and well again by itself."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from node.base.full_disk import NO_ROOM
from node.media import processing, service
from node.media.models import Media
from node.posts.models import Post
from tests.api.test_media import upload
from tests.support.films import film
from tests.support.nodes import Node, Person, settle


async def _count(node: Node, table: Any) -> int:
    async with node.runtime.read() as reader:
        return int(await reader.scalar(select(func.count()).select_from(table)))


async def test_an_upload_is_refused_and_leaves_nothing(
    node: Node, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(service, "write_file", full)
        assert (await upload(ann, expect=503))["error"] == NO_ROOM
    assert await _count(node, Media) == 0
    assert [path for path in node.runtime.settings.media_dir.rglob("*") if path.is_file()] == []
    await upload(ann)


async def _let_grow(node: Node, pages: int) -> None:
    async with node.runtime.write() as uow:
        await uow.execute(text(f"PRAGMA max_page_count = {pages}"))


async def test_a_post_is_refused_until_there_is_room_and_comes_once(node: Node, ann: Person) -> None:
    """SQLite itself says that it is full: what it had begun is undone, and the repeat of the call is the first post."""
    if node.runtime.database.dialect != "sqlite":
        pytest.skip("about SQLite's file")
    await settle(node.runtime)
    await _let_grow(node, 1)  # no further than it is
    said = {"status": "walnut " * 30}
    answered = 0
    while True:
        headers = {"Authorization": f"Bearer {ann.token}", "Idempotency-Key": f"key {answered}"}
        answer = await node.http.request("POST", "/api/v1/statuses", json=said, headers=headers)
        if answer.status_code == 503:
            break
        assert answer.status_code == 200
        answered += 1
        assert answered < 200, "it grew all the same"
    assert answer.json()["error"] == NO_ROOM
    assert int(answer.headers["Retry-After"]) > 0
    assert len(await ann.get("/api/v1/timelines/home", limit="1")) == min(answered, 1)
    assert await _count(node, Post) == answered
    await _let_grow(node, 1_000_000)
    await ann.call("POST", "/api/v1/statuses", json=said, headers=headers)
    await ann.call("POST", "/api/v1/statuses", json=said, headers=headers)
    assert await _count(node, Post) == answered + 1


FULL_CONVERTER = """
import errno, os, sys
from node.media import film_encoder

def convert(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

film_encoder.convert, film_encoder._lock_up = convert, lambda _: None
film_encoder.main()
"""


async def test_a_film_waits_for_room_and_is_not_called_damaged(
    node: Node, ann: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its converter says so in its own way, and however long it lasts the film is tried again."""
    with (tmp_path / "film").open("w+b") as target:
        request = json.dumps({"output": target.fileno()})
        ran = subprocess.run(
            [sys.executable, "-c", FULL_CONVERTER, request],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            pass_fds=(target.fileno(),),
            check=False,
        )
    assert (ran.returncode, ran.stdout) == (os.EX_TEMPFAIL, b"")

    async def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sent = await upload(ann, expect=202, content=film())
    with monkeypatch.context() as patch:
        patch.setattr(processing, "convert", full)
        for _ in range(processing.MAX_TRIES + 2):
            await settle(node.runtime)
            node.clock.advance(minutes=2)
        await ann.call("GET", f"/api/v1/media/{sent['id']}", expect=206)
    await settle(node.runtime)
    assert (await ann.get(f"/api/v1/media/{sent['id']}"))["url"]
