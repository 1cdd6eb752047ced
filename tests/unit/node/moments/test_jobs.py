"""When the node's own moments are worked out: every ten minutes, by one worker, and never where they are off."""

from node.base.lanes import MOMENTS
from node.base.runtime import Runtime
from node.base.work import DRAINS
from node.moments import jobs
from tests.support.nodes import open_node
from tests.support.redis_server import RedisServer


async def test_moments_are_made_once_in_ten_minutes(redis_server: RedisServer) -> None:
    async with open_node(redis_server, automatic_moments=True) as runtime:
        assert await jobs.is_due(runtime, runtime.now())
        assert await DRAINS[MOMENTS].service(runtime) is False
        assert not await jobs.is_due(runtime, runtime.now())
        assert await runtime.gate.call(lambda redis: redis.delete("{moments}:made")) == 1
        assert await jobs.is_due(runtime, runtime.now())


async def test_a_node_that_wants_none_makes_none(runtime: Runtime) -> None:
    assert not await jobs.is_due(runtime, runtime.now())
