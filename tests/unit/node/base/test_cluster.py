"""A node whose timelines, caches, limits and streams lie on a real Redis Cluster; its queues on a single Redis."""

import asyncio
import gc
import warnings
from collections.abc import Iterator

import pytest

from node.base.cache import in_slots, read_many
from node.base.ids import new_id
from node.base.streams import Waker, wake
from node.timelines import home_lists
from node.trends import buckets
from node.trends.queries import Note
from node.trends.trust import Trust
from tests.support.homes import lay_list
from tests.support.nodes import serve_node, settle
from tests.support.redis_cluster import RedisClusterServers
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.processes, pytest.mark.long]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisClusterServers]:
    servers = RedisClusterServers()
    yield servers
    servers.close()
    with warnings.catch_warnings():  # the client leaves what it had to a lost node to the collector, unclosed
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def test_a_node_lives_on_a_cluster(redis_server: RedisServer, cluster: RedisClusterServers) -> None:
    async with serve_node(redis_server, redis_cluster_url=cluster.url, rate_limits=True) as node:
        ann = await node.person("ann")
        readers = [await node.person(f"reader{number}") for number in range(6)]
        for reader in readers:
            await reader.follow(ann)
        await settle(node.runtime)
        for reader in readers:
            assert await reader.home() == []
        post = await ann.post("to all of you")
        await settle(node.runtime)
        for reader in (*readers, ann):
            assert [status["id"] for status in await reader.home()] == [post["id"]]
        assert node.runtime.gate.failures == 0, node.runtime.gate.reason

        redis = node.runtime.gate.redis
        lists = [home_lists.home_key(person.account_id) for person in (*readers, ann)]
        assert all(await asyncio.gather(*(redis.exists(key) for key in lists))), "the pages came from the lists"
        assert await home_lists.forget_all(redis) == len(lists)

        response = await node.http.get("/api/v1/timelines/public")
        assert int(response.headers["X-RateLimit-Remaining"]) < int(response.headers["X-RateLimit-Limit"])

        waker = Waker(node.runtime.gate)
        await wake(node.runtime.gate)
        await waker.wait()
        node.runtime.exchanges.count("in", "fetch", "believed", "")
        assert await node.runtime.exchanges.read_counts()
        assert await node.runtime.exchanges.read("peer.example") == []
        assert await node.runtime.exchanges.read_evidence("peer.example") == []
        assert node.runtime.gate.failures == 0, node.runtime.gate.reason
        assert sum(bool(keys) for keys in cluster.keys_by_node()) > 1, "several nodes share the keys"
        assert not any("rq:" in key for keys in cluster.keys_by_node() for key in keys), "queues stay on redis_url"


async def test_a_chunk_of_homes_is_pushed_to_by_slot(redis_server: RedisServer, cluster: RedisClusterServers) -> None:
    async with serve_node(redis_server, redis_cluster_url=cluster.url) as node:
        redis = node.runtime.gate.redis
        people = [number << 21 for number in range(1, 2501)]
        keys = [home_lists.home_key(account_id) for account_id in people]
        for account_id in people[::5]:
            await lay_list(redis, account_id, [5])
        assert await home_lists.push(redis, keys, (7, 0), cap=10) == 500
        found = await home_lists.read(redis, keys[0])
        assert found is not None
        assert found.entries == [(7, 0), (5, 0)]
        assert await home_lists.read(redis, keys[1]) is None
        assert 3 <= len(in_slots(redis, keys)) <= home_lists.SHARDS
        await redis.set("{a}:1", b"one")
        await redis.set("{b}:2", b"two")
        note = Note("tags", 5, people[0], new_id(), "en")
        assert await buckets.note(redis, [note], Trust({people[0]: 1.0}), node.runtime.now())
        assert await buckets.count_people(redis, "tags", [5, 6], node.runtime.now()) == {5: 1, 6: 0}
        assert await read_many(redis, ["{a}:1", "{c}:3", "{b}:2"]) == [b"one", None, b"two"]
        assert await home_lists.forget(redis, keys) == 500


async def test_a_cluster_that_lost_a_node_counts_as_away(
    redis_server: RedisServer, cluster: RedisClusterServers
) -> None:
    """The last test here: the node stays dead."""
    async with serve_node(redis_server, redis_cluster_url=cluster.url) as node:
        people = [await node.person(f"person{number}") for number in range(3)]
        for person in people[1:]:
            await person.follow(people[0])
        await settle(node.runtime)
        cluster.kill(2)
        for number in range(3):
            post = await people[0].post(f"post {number}")
            await settle(node.runtime)
            for person in people:
                assert (await person.home())[0]["id"] == post["id"]
        everywhere = [f"{{{number}}}:key" for number in range(100)]
        assert await node.runtime.gate.call(lambda redis: read_many(redis, everywhere)) is None
        assert node.runtime.gate.failures > 0
        assert node.runtime.queues.failures == 0, "the queues' own Redis is well"
