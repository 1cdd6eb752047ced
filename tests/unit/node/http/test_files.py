"""Files as answers: whole, in part, and closed when the reader leaves."""

from pathlib import Path

import pytest

from node.http.files import OpenedFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "film.mp4"
    written.write_bytes(bytes(range(256)) * 1000)
    return written


async def read(body: OpenedFile) -> bytes:
    async with body:
        return b"".join([piece async for piece in body])


async def test_a_file_is_read_whole_and_in_part(path: Path) -> None:
    assert await read(OpenedFile(path)) == path.read_bytes()
    part = OpenedFile(path)
    await part.make_conditional(100, 200_000)
    assert await read(part) == path.read_bytes()[100:200_000]


async def test_a_file_that_became_shorter_ends_early(path: Path) -> None:
    body = OpenedFile(path)
    path.write_bytes(b"short")
    assert await read(body) == b"short"


async def test_a_reader_who_leaves_lets_go_of_it(path: Path) -> None:
    body = OpenedFile(path)
    async with body:
        assert await anext(body)
    with pytest.raises(ValueError, match="closed file"):
        await anext(body)
