"""A request is given up when its caller hangs up, with a body or without, and a late hang-up harms nobody."""

import asyncio
from typing import Any

import pytest
from quart import Quart, Response, request

from node.http import bodies, routing


class Caller:
    """Speaks ASGI to an application: says what it sends, and hangs up."""

    def __init__(self, app: Quart, path: str, *, method: str = "GET", version: str = "1.1", announces: int = 0) -> None:
        headers = [(b"host", b"here.test")]
        if announces:
            headers.append((b"content-length", str(announces).encode()))
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": version,
            "method": method,
            "scheme": "http",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": ("192.0.2.1", 1),
        }
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[dict[str, Any]] = []
        self._app: Any = app

    def send(self, body: bytes, *, more: bool = False) -> None:
        self.says.put_nowait({"type": "http.request", "body": body, "more_body": more})

    def hang_up(self) -> None:
        self.says.put_nowait({"type": "http.disconnect"})

    async def call(self) -> None:
        async def hear(message: dict[str, Any]) -> None:
            self.heard.append(message)

        await self._app(self.scope, self.says.get, hear)


@pytest.fixture
def given_up() -> list[str]:
    return []


@pytest.fixture
def app(given_up: list[str]) -> Quart:
    app = Quart("connections")
    routing.install(app)
    bodies.install(app, sizes=bodies.UploadSizes(picture=1, film=1), spool=lambda: pytest.fail("nothing is uploaded"))

    begun = app.extensions["begun"] = asyncio.Event()

    async def wait() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            given_up.append(request.method)
            raise
        return ""

    async def echo() -> Response:
        return Response(await request.get_data())

    app.add_url_rule("/api/wait", view_func=wait, methods=["GET", "POST"])
    app.add_url_rule("/api/echo", view_func=echo, methods=["GET", "POST"])
    return app


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("body", [b"", b"hello"])
async def test_who_hangs_up_is_not_worked_for(app: Quart, given_up: list[str], body: bytes, version: str) -> None:
    caller = Caller(app, "/api/wait", method="POST", version=version, announces=len(body))
    caller.send(body)
    caller.hang_up()
    async with asyncio.timeout(20):
        await caller.call()
    assert given_up == ["POST"]
    assert caller.heard == []
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "whoever runs the application goes on"


async def test_a_server_that_stops_ends_a_request_all_the_same(app: Quart, given_up: list[str]) -> None:
    caller = Caller(app, "/api/wait")
    caller.send(b"")
    serving = asyncio.create_task(caller.call())
    await asyncio.wait_for(app.extensions["begun"].wait(), 20)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert given_up == ["GET"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "2"])
@pytest.mark.parametrize("announces", [0, 10])
async def test_a_body_is_read_however_it_comes(app: Quart, version: str, announces: int) -> None:
    """HTTP/2 need not announce a body, and a server in between may have taken away what announced it."""
    caller = Caller(app, "/api/echo", method="POST", version=version, announces=announces)
    caller.send(b"hello", more=True)
    caller.send(b"again")
    async with asyncio.timeout(20):
        await caller.call()
    assert caller.heard[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in caller.heard) == b"helloagain"


async def test_a_body_is_read_that_comes_in_pieces_after_its_head(app: Quart) -> None:
    caller = Caller(app, "/api/echo", method="POST", announces=10)
    serving = asyncio.create_task(caller.call())
    for piece in (b"hel", b"loag"):
        await asyncio.sleep(0.01)
        caller.send(piece, more=True)
    await asyncio.sleep(0.01)
    assert caller.heard == []
    caller.send(b"ain")
    async with asyncio.timeout(20):
        await serving
    assert b"".join(message.get("body", b"") for message in caller.heard) == b"helloagain"


@pytest.mark.parametrize("late", [False, True])
async def test_half_a_body_is_not_taken_for_a_whole(app: Quart, late: bool) -> None:
    """Whoever hangs up on the way has asked for nothing."""
    caller = Caller(app, "/api/echo", method="POST", announces=10)
    serving = asyncio.create_task(caller.call())
    if late:
        await asyncio.sleep(0.01)
    caller.send(b"hello", more=True)
    caller.hang_up()
    async with asyncio.timeout(20):
        await serving
    assert caller.heard == []


@pytest.mark.parametrize("announces", [0, 5])
async def test_what_came_with_its_head_is_worked_on_at_once(app: Quart, announces: int) -> None:
    """In no other task, and without a turn of the event loop in which many others would come first."""
    caller = Caller(app, "/api/wait", method="POST", announces=announces)
    caller.send(b"hello"[:announces])
    before = asyncio.all_tasks()
    serving = asyncio.create_task(caller.call())
    await asyncio.sleep(0)
    assert app.extensions["begun"].is_set()
    assert asyncio.all_tasks() - before == {serving}
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_a_body_at_hand_is_read_without_a_turn(app: Quart) -> None:
    caller = Caller(app, "/api/echo", method="POST", announces=5)
    caller.send(b"hello")
    serving = asyncio.create_task(caller.call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert serving.done()
