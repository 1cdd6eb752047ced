"""Who goes first in a web process: likes wait for each other and for who publishes, and nobody waits for likes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from node.base.publishing import Publishing
from node.http import precedence
from node.http.precedence import FEW, MOST, Precedence

LIKE = ("POST", "/api/v1/statuses/1/favourite")
PUBLISH = ("POST", "/api/v1/statuses")


class Process:
    """Requests that go on until they are told to end."""

    def __init__(self) -> None:
        self.precedence = Precedence(Publishing())
        self.let_in: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, name: str, asked: tuple[str, str]) -> None:
        """Send a request."""
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._serve(name, asked))
        await pause()

    async def _serve(self, name: str, asked: tuple[str, str]) -> None:
        async with self.precedence.turn({"method": asked[0], "path": asked[1]}):
            self.let_in.append(name)
            await self.ends[name].wait()

    async def end(self, name: str) -> None:
        """Have a request answered."""
        self.ends[name].set()
        await pause()


async def pause() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def requests() -> AsyncIterator[Process]:
    process = Process()
    yield process
    for task in process.tasks.values():
        task.cancel()
    await asyncio.gather(*process.tasks.values(), return_exceptions=True)


async def test_likes_beyond_the_most_wait_in_their_order_and_nothing_else_does() -> None:
    async with requests() as process:
        for number in range(MOST + 2):
            await process.ask(f"like {number}", LIKE)
        assert process.let_in == [f"like {number}" for number in range(MOST)]
        for name, asked in (("home", ("GET", "/api/v1/timelines/home")), ("who", ("GET", LIKE[1] + "d_by"))):
            await process.ask(name, asked)
            assert process.let_in[-1] == name
        await process.end("like 3")
        assert process.let_in[-1] == f"like {MOST}"
        await process.end("like 0")
        assert process.let_in[-1] == f"like {MOST + 1}"


@pytest.mark.parametrize("path", ["/api/v1/statuses", "/web/posts", "/api/v1/statuses/7", "/web/posts/7/edit"])
async def test_while_somebody_publishes_few_likes_are_let_in(path: str) -> None:
    async with requests() as process:
        await process.ask("post", ("POST", path))
        for number in range(FEW + 2):
            await process.ask(f"like {number}", LIKE)
        assert process.let_in == ["post", *(f"like {number}" for number in range(FEW))]
        await process.end("post")
        assert len(process.let_in) == FEW + 3


async def test_who_hangs_up_leaves_no_gap() -> None:
    async with requests() as process:
        for number in range(MOST + 3):
            await process.ask(f"like {number}", LIKE)
        process.tasks[f"like {MOST}"].cancel()
        process.tasks["like 0"].cancel()
        await pause()
        assert process.let_in[MOST:] == [f"like {MOST + 1}"]
        await process.end("like 1")
        assert process.let_in[MOST:] == [f"like {MOST + 1}", f"like {MOST + 2}"]


async def test_a_like_that_never_ends_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "LONGEST_SECONDS", 0.0)
    async with requests() as process:
        for number in range(MOST + 1):
            await process.ask(f"like {number}", LIKE)
        await until(lambda: len(process.let_in) == MOST + 1)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/statuses/1/unfavourite"),
        ("POST", "/api/v1/statuses/1/bookmark"),
        ("POST", "/api/v1/statuses/1/react/👍"),
        ("PUT", "/api/v1/pleroma/statuses/1/reactions/👍"),
        ("POST", "/web/posts/1/like"),
    ],
)
async def test_what_else_comes_by_the_thousand(method: str, path: str) -> None:
    async with requests() as process:
        await process.ask("post", PUBLISH)
        for number in range(FEW + 1):
            await process.ask(f"like {number}", (method, path))
        assert len(process.let_in) == 1 + FEW
