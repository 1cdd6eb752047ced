"""Bodies are counted as they come, and wait outside while nobody reads them (attack rows 31 and 111)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from quart import Quart
from werkzeug.exceptions import RequestEntityTooLarge

from node.http import bodies, problems, routing
from node.http.bodies import CappedBody
from node.http.connections import BUFFERED_BYTES
from node.http.json_provider import OrjsonProvider
from node.http.parameters import parameters

PIECE = b"x" * 65_536


def make_app(spool: Path) -> Quart:
    app = Quart("bodies")
    app.json = OrjsonProvider(app)
    routing.install(app)
    bodies.install(app, sizes=bodies.UploadSizes(picture=300_000, film=3_000_000), spool=lambda: spool)
    problems.install(app)

    async def take() -> dict[str, Any]:
        sent = await parameters()
        file = sent.file("file")
        assert file is not None
        data = file.read()
        file.close()
        return {"size": len(data)}

    app.add_url_rule("/api/v2/media", view_func=take, methods=["POST"])
    return app


async def form(pieces: int) -> AsyncIterator[bytes]:
    """Send a form of which nobody says how long it is."""
    yield b'--a\r\nContent-Disposition: form-data; name="file"; filename="../x"\r\n\r\n'
    for _ in range(pieces):
        yield PIECE
    yield b"\r\n--a--\r\n"


@pytest.mark.parametrize(("pieces", "status"), [(1, 200), (40, 200), (100, 413)])
async def test_a_body_without_a_length_is_counted_as_it_comes(pieces: int, status: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        transport = httpx.ASGITransport(app=make_app(Path(folder)))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://here.test") as http:
            headers = {"Content-Type": "multipart/form-data; boundary=a"}
            answer = await http.post("/api/v2/media", content=form(pieces), headers=headers)
        assert answer.status_code == status
        if status == 200:
            assert answer.json() == {"size": pieces * len(PIECE)}
        assert not list(Path(folder).iterdir()), "what was sent had no name"


async def test_a_sender_who_is_faster_than_the_reader_waits() -> None:
    body = CappedBody(None, 10 * BUFFERED_BYTES)
    while len(body._data) <= BUFFERED_BYTES:
        await asyncio.wait_for(body.has_room(), 1)
        body.append(PIECE)
    waiting = asyncio.create_task(body.has_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert len(await body.__anext__()) > BUFFERED_BYTES
    await asyncio.wait_for(waiting, 1)


async def test_all_that_came_counts_also_when_it_was_read() -> None:
    body = CappedBody(None, 100_000)
    body.append(PIECE)
    assert await body.__anext__() == PIECE
    body.append(PIECE)
    with pytest.raises(RequestEntityTooLarge):
        await body.__anext__()
