"""With Redis stopped people post and read on, and it goes out all the same (issue: judged by 4)."""

import asyncio

import pytest

from tests.chaos.conftest import StartNode
from tests.chaos.real_nodes import settled
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.processes


async def test_without_redis_people_post_and_read_and_it_goes_out(launch: StartNode) -> None:
    redis = RedisServer()
    try:
        a, b = launch("a", redis_url=f"unix://{redis.socket}"), launch("b")
        await asyncio.gather(a.ready(), b.ready())
        ann, cleo = await a.person("ann"), await a.person("cleo")
        bo = await b.person("bo")
        await cleo.follow(ann)
        await bo.follow(ann)
        await ann.post("with Redis")
        await settled(a, b)
        assert await bo.home() == ["with Redis"]

        redis.stop()
        for number in range(5):
            await ann.post(f"without {number}", patient=False)
        expected = [f"without {number}" for number in reversed(range(5))] + ["with Redis"]
        assert await ann.home() == expected
        assert await cleo.home() == expected, "a home timeline is right without Redis too"
        assert (await a.http.get("/readyz")).json()["status"] == "degraded"
        assert (await a.http.get("/@ann")).status_code == 200
        # Their dates cross over in whole seconds, so the order within one second is open there.
        async with asyncio.timeout(30):
            while sorted(await bo.home()) != sorted(expected):
                await asyncio.sleep(0.1)
        # Only what is for the lists in Redis waits for it.
        waiting = a.ask("SELECT name FROM events")
        assert ("HomesMissed",) in waiting
        assert ("PostPublished",) not in waiting

        redis.restart()
        await settled(a, b)
        assert await cleo.home() == expected
        assert (await a.http.get("/readyz")).json()["status"] == "ready"
    finally:
        redis.close()
