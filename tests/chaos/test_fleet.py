"""Processes apart on PostgreSQL and one Redis: any web process will do, and the database may go and come back."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.chaos.conftest import StartNode, on_postgres
from tests.chaos.fleet import Fleet
from tests.chaos.real_nodes import eventually, settled
from tests.chaos.replaying import Replay
from tests.support.postgres import PostgresServer, start_postgres
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    server = start_postgres()
    yield server
    server.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.close()


async def test_two_webs_and_two_workers_are_one_node(
    own_postgres: PostgresServer, own_redis: RedisServer, launch: StartNode
) -> None:
    started = on_postgres(own_postgres)
    started["changes"] |= {"rate_limits": "on", "limit_new": "500"}
    a = launch("a", redis_url=f"unix://{own_redis.socket}", kind=Fleet, **started)
    assert isinstance(a, Fleet)
    b = launch("b")
    await asyncio.gather(a.ready(), b.ready())
    ann, bo, cleo = await a.person("ann"), await a.person("bo"), await b.person("cleo")
    await asyncio.gather(bo.follow(ann), cleo.follow(ann))
    # ann writes at the one, bo reads, likes and listens at the other.
    replay = Replay(ann, bo, cleo, bo_reads_at=a.webs[1])
    await replay.begin()
    await replay.replay("apart", posts=5)
    await settled(a, b)
    await replay.check()
    assert not replay.refusals

    headers = {"Authorization": f"Bearer {ann.token}", "Idempotency-Key": "once"}
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=20) as http:
        said = [http.post(f"{web}/api/v1/statuses", json={"status": "once"}) for web in (*a.webs, *a.webs)]
        answers = await asyncio.gather(*said)
        assert {answer.status_code for answer in answers} == {200}
        (once,) = {answer.json()["id"] for answer in answers}
        replay.posts[once] = "once"
        for web in a.webs:  # read your own writes, wherever
            home = (await http.get(f"{web}/api/v1/timelines/home")).json()
            assert home[0]["id"] == once
        left = [int((await http.get(f"{web}/api/v1/markers")).headers["X-RateLimit-Remaining"]) for web in a.webs * 3]
        assert sorted(left, reverse=True) == left, "they count together"
        assert len(set(left)) > 1

    # The database is restarted under everybody.
    own_postgres.stop()
    replaying = asyncio.create_task(replay.replay("restarted"))
    await eventually(lambda: sum(replay.refusals.values()) > 2, seconds=30)
    own_postgres.restart()
    await replaying
    await settled(a, b, seconds=90)
    await replay.check()
    assert a.parked() == []
    await replay.end()

    own_redis.stop()
    assert a.stop() == [0] * 5, "they leave in good order without Redis too"
