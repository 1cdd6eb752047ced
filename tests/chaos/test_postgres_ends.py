"""PostgreSQL ends connections while people like and post: a backend is killed, the server crashes, it is restarted.

At the end everybody who was answered has liked it, once; what was posted is there once and was delivered to homes; the
node needed nobody to find its way back.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from node.base.runtime import running
from tests.bench.filling import add_crowd, let_in
from tests.chaos.conftest import StartNode, on_postgres
from tests.chaos.real_nodes import RealNode, Somebody, settled
from tests.support.postgres import PostgresServer, start_postgres

pytestmark = [pytest.mark.processes, pytest.mark.long]

FANS = 300
AT_ONCE = 16


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that this test may end, and that keeps what it said it has, as an operator's does."""
    server = start_postgres(synchronous_commit="on")
    yield server
    server.close()


async def _backends(server: PostgresServer, url: str) -> list[int]:
    """Return the processes that serve the node, once the server answers."""
    mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 60
    while True:
        try:
            if found := [pid for (pid,) in server.ask(url, mine)]:
                return found
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass
        assert time.monotonic() < deadline, "nobody is connected"
        await asyncio.sleep(0.05)


async def _like(node: RealNode, path: str, token: str) -> None:
    """Like a post, trying again for as long as the answer is 503: no other failure is an answer to this."""
    deadline = time.monotonic() + 60
    while True:
        answer = await node.http.post(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (200, 503), (answer.status_code, answer.text)
        if answer.status_code == 200:
            return
        assert time.monotonic() < deadline, "it does not come back"
        await asyncio.sleep(0.05)


async def _count(author: Somebody, post_id: str) -> int:
    return int((await author.call("GET", f"/api/v1/statuses/{post_id}"))["favourites_count"])


async def test_connections_that_end_in_a_rush(own_postgres: PostgresServer, launch: StartNode) -> None:
    """A killed backend takes all others with it (PostgreSQL starts anew); `pg_terminate_backend` one; a restart all."""
    started = on_postgres(own_postgres)
    started["changes"]["rate_limits"] = "off"
    node = launch("a", **started)
    await node.ready()
    ann, bo = await node.person("ann"), await node.person("bo")
    await bo.follow(ann)
    post = await ann.post("goes round")
    async with running(node.settings) as runtime:
        tokens = await let_in(runtime, await add_crowd(runtime, ann.account_id, FANS))
    path = f"/api/v1/statuses/{post['id']}/favourite"
    asked = iter([token for token in tokens for _ in range(2)])
    answered, said, at_it, url = 0, [], asyncio.Lock(), node.settings.database_url

    async def like() -> None:
        nonlocal answered
        for token in asked:
            await _like(node, path, token)
            answered += 1
            if answered % 100 == 50:
                await strike(answered // 100)
                said.append((await ann.post(f"number {answered}"))["id"])

    async def strike(number: int) -> None:
        async with at_it:
            backends = await _backends(own_postgres, url)
            if number % 3 == 0:
                for pid in backends[:2]:
                    own_postgres.ask(url, f"SELECT pg_terminate_backend({pid})")
            elif number % 3 == 1:
                os.kill(backends[0], signal.SIGKILL)
            else:
                await asyncio.to_thread(own_postgres.stop)
                await asyncio.to_thread(own_postgres.restart)

    await asyncio.gather(*(like() for _ in range(AT_ONCE)))
    await settled(node, seconds=90)
    assert node.parked() == []
    assert await _count(ann, post["id"]) == FANS
    likes = own_postgres.ask(url, "SELECT count(*), count(DISTINCT account_id) FROM likes")
    assert likes == [(FANS, FANS)]
    home = [status["id"] for status in await bo.call("GET", "/api/v1/timelines/home", params={"limit": 40})]
    assert sorted(home) == sorted([post["id"], *said])
    assert (await node.http.get("/readyz")).status_code == httpx.codes.OK
