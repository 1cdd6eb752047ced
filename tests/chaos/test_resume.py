"""Streams that are cut and resumed under load, while processes die, lose nothing and double nothing (issue: judged).

Two nodes write as fast as they can; on one of them the same person listens by events, by socket and by long poll, cut
off at random, while its web process, its workers and its Redis are killed.
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import Somebody, settled, strip
from tests.support.streams import Refused, events, socket

pytestmark = pytest.mark.processes

POSTS = 120
"""Written on each node."""
PATIENCE = 60.0

Told = dict[str, Any]


@dataclass
class Ear:
    """One client that comes back with the id of the last thing it heard."""

    way: Callable[["Ear"], AsyncGenerator[Told]]
    who: Somebody
    last: str
    dice: random.Random
    heard: list[tuple[str, str]] = field(default_factory=list)
    cuts: int = 0

    async def listen(self) -> None:
        """Listen until cancelled, cutting itself off now and then."""
        while True:
            cut_after = self.dice.randint(1, 40)
            with contextlib.suppress(httpx.HTTPError, OSError, Refused, AssertionError, TimeoutError, KeyError):
                async with contextlib.aclosing(self.way(self)) as told:
                    async for message in told:
                        self.note(message)
                        cut_after -= 1
                        if cut_after == 0:
                            break
            self.cuts += 1
            await asyncio.sleep(0.02)

    def note(self, message: Told) -> None:
        self.last = message["id"]
        about = json.loads(message["payload"])
        if message["event"] == "update":
            self.heard.append(("update", strip(about["content"])))
        elif message["event"] == "notification":
            self.heard.append((about["type"], about["status"]["id"]))


async def by_events(ear: Ear) -> AsyncGenerator[Told]:
    async with events(ear.who.node.settings.public_url, "user", token=ear.who.token, Last_Event_ID=ear.last) as stream:
        while (event := await stream.next()) is not None:
            yield {"event": event["event"], "payload": event["data"], "id": event["id"]}


async def by_socket(ear: Ear) -> AsyncGenerator[Told]:
    query = f"stream=user&since_id={ear.last}"
    async with socket(ear.who.node.settings.public_url, token=ear.who.token, query=query) as opened:
        while True:
            yield await opened.receive()


async def by_poll(ear: Ear) -> AsyncGenerator[Told]:
    while True:
        for told in (await poll(ear.who, ear.last))["events"]:
            yield told


async def poll(who: Somebody, since: str) -> dict[str, Any]:
    path = "/api/v1/streaming/poll"
    found: dict[str, Any] = await who.call("GET", path, params={"stream": "user", "since": since, "timeout": "5"})
    return found


async def test_a_stream_cut_and_resumed_under_load(launch: StartNode) -> None:
    a, b = launch("a"), launch("b")
    await asyncio.gather(a.ready(), b.ready())
    ann, cleo, bo = await a.person("ann"), await a.person("cleo"), await b.person("bo")
    await asyncio.gather(cleo.follow(ann), cleo.follow(bo))
    start = (await poll(cleo, ""))["cursor"]
    ears = [Ear(way, cleo, start, random.Random(number)) for number, way in enumerate((by_events, by_socket, by_poll))]
    listening = [asyncio.create_task(ear.listen()) for ear in ears]
    kills = iter(["rookery: web", "worker relay", "redis-server", "rookery: web", "worker", "redis-server"])

    async def write(author: Somebody, *, killing: bool) -> None:
        numbers = iter(range(POSTS))

        async def some() -> None:
            for number in numbers:
                await author.post(f"{author.username} {number}")
                if killing and number % 20 == 10:
                    assert a.kill(next(kills)) > 0

        await asyncio.gather(*(some() for _ in range(3)))

    await asyncio.gather(write(ann, killing=True), write(bo, killing=False))
    await settled(a, b, seconds=PATIENCE)
    expected = {("update", f"{author} {number}") for author in ("ann", "bo") for number in range(POSTS)}
    deadline = time.monotonic() + PATIENCE
    while any(set(ear.heard) < expected for ear in ears) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    for ear in ears:
        name = ear.way.__name__
        assert expected - set(ear.heard) == set(), f"{name} lost some"
        assert [told for told, count in Counter(ear.heard).items() if count > 1] == [], f"{name} doubled some"
        assert ear.cuts > 3, f"{name} was hardly cut"
