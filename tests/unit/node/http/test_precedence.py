"""Who goes first in a web process: likes and follows wait for each other and for who publishes, nobody for them."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from node.base import publishing
from node.base.publishing import Publishing
from node.http import precedence
from node.http.precedence import CLICKS, DELIVERIES, FEW, LIKES, Flood, Line, Place, Precedence

LIKE = ("POST", "/api/v1/statuses/1/favourite")
PUBLISH = ("POST", "/api/v1/statuses")


@pytest.fixture(autouse=True)
def slow_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be late, however slow the machine is, but where a test says so."""
    for name in ("LIKES", "CLICKS", "DELIVERIES"):
        monkeypatch.setattr(precedence, name, replace(getattr(precedence, name), longest=60.0))
    monkeypatch.setattr(precedence, "BEGIN_SECONDS", 60.0)
    monkeypatch.setattr(publishing, "COUNTS_SECONDS", 60.0)
    monkeypatch.setattr(publishing, "PATIENCE_SECONDS", 60.0)


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
        for number in range(LIKES.most + 2):
            await process.ask(f"like {number}", LIKE)
        assert process.let_in == [f"like {number}" for number in range(LIKES.most)]
        for name, asked in (("home", ("GET", "/api/v1/timelines/home")), ("who", ("GET", LIKE[1] + "d_by"))):
            await process.ask(name, asked)
            assert process.let_in[-1] == name
        await process.end("like 3")
        assert process.let_in[-1] == f"like {LIKES.most}"
        await process.end("like 0")
        assert process.let_in[-1] == f"like {LIKES.most + 1}"


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
        for number in range(LIKES.most + 3):
            await process.ask(f"like {number}", LIKE)
        process.tasks[f"like {LIKES.most}"].cancel()
        process.tasks["like 0"].cancel()
        await pause()
        assert process.let_in[LIKES.most :] == [f"like {LIKES.most + 1}"]
        await process.end("like 1")
        assert process.let_in[LIKES.most :] == [f"like {LIKES.most + 1}", f"like {LIKES.most + 2}"]


async def test_one_that_never_ends_keeps_nobody_out() -> None:
    line = Line(Flood(LIKES.paths, most=1, longest=0.0), Publishing())
    async with line.turn(), asyncio.timeout(10), line.turn():
        pass


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/statuses/1/unfavourite"),
        ("POST", "/api/v1/statuses/1/bookmark"),
        ("POST", "/api/v1/statuses/1/react/👍"),
        ("PUT", "/api/v1/pleroma/statuses/1/reactions/👍"),
        ("POST", "/web/posts/1/like"),
        ("POST", "/api/v1/accounts/1/follow"),
        ("POST", "/api/v1/accounts/1/remove_from_followers"),
        ("POST", "/api/v1/statuses/1/unreblog"),
        ("POST", "/api/v1/polls/1/votes"),
        ("POST", "/api/v1/follow_requests/1/authorize"),
        ("POST", "/api/v1/tags/rooks/follow"),
        ("POST", "/web/accounts/1/unfollow"),
        ("POST", "/web/posts/1/boost"),
        ("POST", "/web/polls/1/votes"),
    ],
)
async def test_what_else_comes_by_the_thousand(method: str, path: str) -> None:
    async with requests() as process:
        await process.ask("post", PUBLISH)
        for number in range(FEW + 1):
            await process.ask(f"like {number}", (method, path))
        assert len(process.let_in) == 1 + FEW


async def test_follows_wait_for_each_other_and_no_like_waits_for_them() -> None:
    async with requests() as process:
        for number in range(CLICKS.most + 1):
            await process.ask(f"follow {number}", ("POST", "/api/v1/accounts/1/follow"))
        assert len(process.let_in) == CLICKS.most
        await process.ask("like", LIKE)
        assert process.let_in[-1] == "like"
        await process.end("follow 0")
        assert process.let_in[-1] == f"follow {CLICKS.most}"


@pytest.mark.parametrize("path", ["/inbox", "/actor/inbox", "/users/7/inbox"])
async def test_deliveries_wait_for_each_other_and_for_who_publishes_and_no_like_waits_for_them(path: str) -> None:
    async with requests() as process:
        for number in range(DELIVERIES.most + 1):
            await process.ask(f"delivery {number}", ("POST", path))
        assert len(process.let_in) == DELIVERIES.most
        await process.ask("like", LIKE)
        assert process.let_in[-1] == "like"
    async with requests() as process:
        await process.ask("post", PUBLISH)
        for number in range(FEW + 1):
            await process.ask(f"delivery {number}", ("POST", path))
        assert len(process.let_in) == 1 + FEW


def head(method: str, target: str) -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: here.test\r\n\r\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        head(*LIKE),
        head("PUT", "/api/v1/pleroma/statuses/1/reactions/%F0%9F%91%8D"),
        head("POST", "/users/7/inbox"),
        head("POST", "/inbox?from=a&b"),
        head("POST", "/inbox") + b'{"type": "Like"}',
    ],
)
def test_a_head_says_where_to_wait(data: bytes) -> None:
    assert Precedence(Publishing()).line_for(data) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        head(*LIKE)[:-1],  # they might never send the rest
        head(*PUBLISH),
        head("GET", LIKE[1]),
        head("POST", "/api/v1/statuses/1/favourited_by"),
        head("POST", "http://here.test" + LIKE[1]),
        head("POST", "/" + "a" * 400),
        b"POST /inbox\r\n\r\n",
        b"POST /\xffinbox HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01POST /inbox HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_head_of_a_flood_waits_nowhere(data: bytes) -> None:
    assert Precedence(Publishing()).line_for(data) is None


async def test_who_publishes_counts_from_when_their_request_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, until it is answered; who never begins it, not for long."""
    monkeypatch.setattr(publishing, "COUNTS_SECONDS", 0.05)
    one = Publishing()
    process = Precedence(one)
    process.line_for(head(*PUBLISH)[:-1])
    process.line_for(head("GET", PUBLISH[1]))
    assert not one
    for _ in range(2):
        process.line_for(head(*PUBLISH))
        assert one
        async with process.turn({"method": PUBLISH[0], "path": PUBLISH[1]}):
            assert one
        assert not one
    process.line_for(head(*PUBLISH))
    assert one
    await asyncio.sleep(0.1)
    assert not one


async def test_who_waited_outside_has_their_place_once() -> None:
    async with requests() as process:
        line = process.precedence.line_for(head(*LIKE))
        assert line is not None
        await line.wait_outside()  # the tasks begun from here on know that place
        for number in range(LIKES.most + 1):
            await process.ask(f"like {number}", LIKE)
        assert len(process.let_in) == LIKES.most
        await process.ask("delivery", ("POST", "/inbox"))
        assert process.let_in[-1] == "delivery"
        await process.end("like 0")
        assert process.let_in[-1] == f"like {LIKES.most}"


async def test_a_place_that_nobody_takes_is_given_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was let in may be no request at all."""
    monkeypatch.setattr(precedence, "BEGIN_SECONDS", 0.01)
    line = Line(Flood(LIKES.paths, most=1, longest=60.0), Publishing())
    async with asyncio.timeout(10):
        await line.wait_outside()
        await line.wait_outside()


async def test_who_begins_late_is_counted_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "BEGIN_SECONDS", 0.0)
    line = Line(Flood(LIKES.paths, most=1, longest=60.0), Publishing())
    await line.wait_outside()
    await asyncio.sleep(0.01)
    async with line.turn():
        waits = asyncio.create_task(line.wait_outside())
        await pause()
        assert not waits.done()
    await waits


@pytest.mark.parametrize("path", [b"/api/v1/statuses/1/favourite", b"/api/v1/statuses"])
async def test_a_connection_keeps_nothing_of_the_requests_before(path: bytes) -> None:
    """Nor is it left to be found as garbage: a proxy's connection may bring a hundred thousand requests."""
    first = Precedence(Publishing())
    head = b"POST " + path + b" HTTP/1.1\r\nhost: a\r\n\r\n"

    async def serve() -> None:
        async with first.turn({"method": "POST", "path": path.decode()}):
            await asyncio.sleep(0)

    def kept() -> int:
        return sum(isinstance(one, Place | publishing._Somebody) for one in gc.get_objects())

    gc.collect()
    before = kept()  # of other tests
    gc.disable()
    try:
        for _ in range(30):
            line = first.line_for(head)
            if line is not None:
                await line.wait_outside()
            await asyncio.create_task(serve())
        assert kept() <= before + 2
    finally:
        gc.enable()
